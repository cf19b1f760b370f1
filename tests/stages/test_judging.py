"""pinch evaluate with a model as judge: what is stored, said, paid and kept."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

import judge_server as acts
import pinchtune
from answered import open_answered, write_answered
from judge_server import JudgeServer, serve
from pinchtune.errors import RunError
from pinchtune.files import hash_tree, read_json
from pinchtune.records import Verdict
from pinchtune.stages.evaluate import evaluate, evaluated_run, read_verdicts
from pinchtune.stages.generate import read_answers
from pinchtune.stages.judging import ask_judge, estimate_judging


@pytest.fixture
def server(monkeypatch) -> Iterator[JudgeServer]:
    monkeypatch.setenv("PINCH_JUDGE_API_KEY", "judge-secret")
    monkeypatch.setattr("pinchtune.model.endpoint.PATIENCE", acts.Patience(first_wait=0, tries=3))
    with serve() as server:
        yield server


@pytest.fixture
def folder(tmp_path) -> Path:
    return write_answered(tmp_path / "answered")


class Listens:
    """A progress that remembers what it is told."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.notes: list[str] = []
        self.done = 0

    def task(self, label, total, done=0):
        from contextlib import nullcontext

        self.total = total
        return nullcontext(self)

    def advance(self, amount=1, note=""):
        self.done += amount
        self.notes.append(note)

    def say(self, message):
        self.said.append(message)


def ask(project: pinchtune.Project) -> list[Verdict]:
    prompts = project.evaluation_prompts()
    answers = {arm: read_answers(project, arm, prompts) for arm in project.arms}
    return ask_judge(project, prompts, [answers], Listens())[0]


def test_the_reference_judge_stays_the_default(folder):
    run = evaluate(pinchtune.Project.open(folder, ["evaluate.resamples=20"]))
    manifest = run.manifest()
    assert manifest["kind"] == "reference"
    assert manifest["judge"].startswith("reference-1")
    assert len(read_verdicts(pinchtune.Project.open(folder))) == 8  # those with a reference
    assert not (folder / "runs/judge").exists()


def test_a_model_judges_all_prompts(folder, server):
    project, progress = open_answered(folder, server.address), Listens()
    run = evaluate(project, progress)
    found = read_verdicts(project)
    assert len(found) == 16
    assert {v.judge for v in found} == {"llm-1 (big-1)"}
    assert {v.score for v in found} == {1.0}
    assert [v.prompt_id for v in found] == [p.id for p in project.evaluation_prompts()]
    assert len(server.asked) == 32 and set(server.paid.values()) == {1}
    manifest = run.manifest()
    facts = {name: manifest[name] for name in ("judge", "kind", "model", "rubric", "requests")}
    assert facts == {
        "judge": "llm-1 (big-1)",
        "kind": "llm",
        "model": "big-1",
        "rubric": 1,
        "requests": 32,
    }
    assert manifest["cost"] == pytest.approx(32 * 100 * 100 / 1e6)
    assert progress.said[0].startswith("32 requests to the judge: about ")
    assert (progress.total, progress.done) == (16, 16)
    assert progress.notes[-1] == "cost 0.32"
    scores = read_json(run.path / "scores.json")
    assert scores["win_rate"]["groups"]["seen"]["value"] == 100
    assert scores["judging"]["health"]["longer_wins"]["all"]["value"] == 100
    assert server.asked[0].headers["Authorization"] == "Bearer judge-secret"
    files = [p for p in folder.rglob("*") if p.is_file()]
    assert len(files) > 8
    assert not any(b"secret" in p.read_bytes() for p in files)


def test_an_estimate_asks_nobody_and_leaves_nothing_behind(folder, server):
    project = open_answered(folder, server.address)
    before = hash_tree(folder)
    bill = estimate_judging(project)
    assert (bill.requests, bill.stored, bill.priced) == (32, 0, True)
    assert bill.cost > 0
    assert not server.asked
    assert hash_tree(folder) == before
    evaluate(project)
    again = estimate_judging(project)
    assert (again.stored, again.cost, again.paid) == (32, 0.0, pytest.approx(0.32))
    assert estimate_judging(pinchtune.Project.open(folder)).requests == 0


def test_what_costs_too_much_is_not_begun(folder, server):
    first = evaluate(pinchtune.Project.open(folder, ["evaluate.resamples=20"]))
    with pytest.raises(RunError) as caught:
        evaluate(open_answered(folder, server.address, "judge.cost_limit=0.5"))
    told = str(caught.value)
    assert told.startswith("judge.cost_limit: the verdicts would cost about ")
    assert told.endswith("more than 0.50; raise it, or lower evaluate.prompts")
    assert not server.asked
    assert first.complete()


def test_a_limit_that_is_met_midway_and_raised(folder, server):
    server.usage = {"prompt_tokens": 2_500, "completion_tokens": 10}  # far above the estimate
    with pytest.raises(RunError, match=r"the next request could pass 5\.00"):
        evaluate(open_answered(folder, server.address, "judge.cost_limit=5"))
    asked = len(server.asked)
    assert 15 < asked <= 20
    with pytest.raises(RunError, match="the verdicts would cost about"):
        evaluate(open_answered(folder, server.address, "judge.cost_limit=5"))
    assert len(server.asked) == asked
    with pytest.raises(RunError, match=r"the next request could pass 6\.00"):
        evaluate(open_answered(folder, server.address, "judge.cost_limit=6"))
    asked = len(server.asked)
    assert 20 < asked <= 24  # what the first run has spent counts
    progress = Listens()
    run = evaluate(open_answered(folder, server.address, "judge.cost_limit=50"), progress)
    assert f"({asked} are stored)" in progress.said[0]
    assert set(server.paid.values()) == {1} and len(server.asked) == 32
    assert run.manifest()["cost"] == pytest.approx(32 * 0.25)


@pytest.mark.parametrize(
    ("setting", "stale"),
    [
        ("judge.cost_limit=99", False),
        ("judge.output_price=3", False),
        ("judge.concurrency=1", False),
        ("judge.requests_per_minute=6000", False),
        ("judge.model=big-2", True),
    ],
)
def test_what_verdicts_depend_on(setting, stale, folder, server):
    one, other = (
        open_answered(folder, server.address),
        open_answered(folder, server.address, setting),
    )
    assert (evaluated_run(one).key != evaluated_run(other).key) == stale
    ask(one), ask(other)
    assert len(server.asked) == (64 if stale else 32)


def test_new_answers_buy_only_their_own_verdicts(folder, server):
    ask(open_answered(folder, server.address))
    path = folder / "runs/answers/pinch/answers.jsonl"
    rows = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    rows[3]["text"] += " Sí."
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    ask(open_answered(folder, server.address))
    assert len(server.asked) == 34


def test_a_judge_that_refuses_leaves_everything_as_it_was(folder, server):
    evaluate(pinchtune.Project.open(folder, ["evaluate.resamples=20"]))
    before = hash_tree(folder / "runs/evaluation")
    server.script = [acts.fail(401)] * 40
    with pytest.raises(RunError, match="refused"):
        evaluate(open_answered(folder, server.address))
    assert hash_tree(folder / "runs/evaluation") == before
    assert len(server.asked) <= 8  # what was under way when the first was refused


def test_unscored_verdicts_are_counted_and_never_scores(folder, server):
    server.script = [acts.say("I cannot say.")] * 4
    run = evaluate(open_answered(folder, server.address, "judge.concurrency=1"))
    scores = read_json(run.path / "scores.json")
    assert scores["win_rate"]["unscored"] == 1
    assert scores["judging"]["health"]["unscored"]["all"]["value"] == pytest.approx(100 / 16)
    assert [v.score for v in ask(open_answered(folder, server.address))].count(None) == 1


def test_warnings(folder, server):
    progress = Listens()
    settings = ["judge.model=gemini-2.5-pro", "model.base=google/gemma-3-270m"]
    run = evaluate(open_answered(folder, server.address, *settings), progress)
    warned = [said for said in progress.said if said.startswith("warning: ")]
    assert warned[0].startswith(
        "warning: the judge gemini-2.5-pro seems to be of the family of google/gemma-3-270m: "
    )
    assert warned[1].startswith("warning: the longer answer won 100 % of the decided")
    assert [f"warning: {w}" for w in run.manifest()["warnings"]] == warned
    assert progress.said.index(warned[0]) == 0
