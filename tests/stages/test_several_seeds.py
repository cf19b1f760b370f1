"""Several seeds in one project: where they lie, what is kept, and what is said of them."""

from __future__ import annotations

import shutil
from collections import Counter
from contextlib import nullcontext
from pathlib import Path

import pytest

import pinchtune
from answered import open_answered, write_answered
from judge_server import serve
from pinchtune.data.mix import ARMS
from pinchtune.files import RunFolder, hash_tree, read_json, write_jsonl
from pinchtune.stages.evaluate import read_verdicts
from pinchtune.stages.generate import read_answers
from pinchtune.stages.judging import estimate_judging

TWO = ["train.seeds=2"]
MADE = ("mixture", "arms/english", "arms/pinch", "answers/english", "answers/pinch")


class Listening:
    """A progress that remembers the names of its tasks, and may break off."""

    def __init__(self, steps: int = 10**9) -> None:
        self.labels: list[str] = []
        self.left = steps

    def task(self, label, total, done=0):
        self.labels.append(label)
        return nullcontext(self)

    def advance(self, amount=1, note=""):
        self.left -= 1
        if self.left < 0:
            raise KeyboardInterrupt

    def say(self, message):
        self.labels.append(message)


def made(folder: Path) -> dict[str, int]:
    files = (folder / "runs").rglob("manifest.json")
    return {p.parent.relative_to(folder / "runs").as_posix(): p.stat().st_mtime_ns for p in files}


def hashes(folder: Path) -> dict[str, str]:
    found = hash_tree(folder / "runs")
    return {k: v for k, v in found.items() if "report/" not in k and "timings" not in k}


@pytest.fixture(scope="module")
def done(tmp_path_factory, write_project) -> Path:
    """A project that was planned and run with two seeds."""
    folder = write_project(tmp_path_factory.mktemp("seeds") / "project")
    project = pinchtune.Project.open(folder, TWO)
    pinchtune.plan(project)
    pinchtune.run(project)
    return folder


def test_a_second_seed_lies_beside_the_first_and_computes_nothing_twice(make_project):
    folder = make_project()
    pinchtune.run(pinchtune.Project.open(folder))
    before = made(folder)
    progress = Listening()
    found = pinchtune.run(pinchtune.Project.open(folder, TWO), progress)
    after = made(folder)
    assert set(after) == {*before, *(f"seed1/{name}" for name in MADE)}
    assert {name for name in before if after[name] == before[name]} == set(MADE)
    labels = " ".join(progress.labels)
    assert "tuning pinch (seed 1)" in labels and "answering english (seed 1)" in labels
    assert "(seed 0)" not in labels
    assert "only 2 times" in found["text"]

    again = Listening()
    pinchtune.run(pinchtune.Project.open(folder, TWO), again)
    assert made(folder) == after and again.labels == []
    pinchtune.evaluate(pinchtune.Project.open(folder))
    assert {n for n, at in made(folder).items() if at != after[n]} == {"evaluation"}


def test_each_seed_draws_tunes_and_is_judged_by_itself(done):
    project = pinchtune.Project.open(done, TWO)
    mixtures = [read_json(seed.path("mixture", "manifest.json")) for seed in project.seeds]
    assert [mixture["recipe"]["seed"] for mixture in mixtures] == [0, 1]
    assert mixtures[0]["pinch"] != mixtures[1]["pinch"]
    arms = [read_json(seed.path("arms", "pinch", "manifest.json")) for seed in project.seeds]
    assert [arm["train"]["seed"] for arm in arms] == [0, 1] and "seeds" not in arms[0]["train"]
    prompts = len(project.evaluation_prompts())
    assert Counter(v.seed for v in read_verdicts(project)) == {0: prompts, 1: prompts}
    scores = read_json(project.path("evaluation", "scores.json"))
    assert scores["seeds"]["count"] == 2 and len(scores["seeds"]["win_rate"]) == 2


def test_the_second_seed_is_what_a_project_with_its_seeds_would_give(done, make_project):
    alone = pinchtune.Project.open(make_project("alone"), ["mix.seed=1", "train.seed=1"])
    for stage in (pinchtune.mix, pinchtune.train, pinchtune.generate):
        stage(alone)
    for name in ("arms/pinch/adapter_model.safetensors", "answers/pinch/answers.jsonl"):
        one, other = done / "runs/seed1" / name, alone.folder / "runs" / name
        assert one.read_bytes() == other.read_bytes()


def test_runs_are_named_by_seed_and_the_untuned_model_answers_once(done, tmp_path):
    folder = Path(shutil.copytree(done, tmp_path / "project"))
    project = pinchtune.Project.open(folder, [*TWO, "evaluate.include_base=true"])
    assert set(pinchtune.train(project)) == {"english", "pinch", "seed1/english", "seed1/pinch"}
    assert set(pinchtune.generate(project, ["base"])) == {"base"}
    assert set(pinchtune.generate(project, ["pinch"])) == {"pinch", "seed1/pinch"}


@pytest.mark.slow
def test_broken_off_between_seeds_ends_in_the_same_bytes(done, make_project):
    folder = make_project()
    project = pinchtune.Project.open(folder, TWO)
    pinchtune.plan(project)
    for steps in (9, 14, 21):
        with pytest.raises(KeyboardInterrupt):
            pinchtune.run(pinchtune.Project.open(folder, TWO), Listening(steps))
    pinchtune.run(pinchtune.Project.open(folder, TWO))
    assert hashes(folder) == hashes(done)


def test_report_and_summary_show_what_each_seed_gave(done):
    text = (done / "runs/report/report.html").read_text("utf-8")
    assert "The whole comparison was done 2 times" in text and "比較全体を2回" in text
    assert "Another draw of" not in text and "Ask more questions" in text
    assert "planned with 2 repetitions whose scores differ by 3 points" in text
    summary = (done / "runs/report/summary.md").read_text("utf-8")
    assert "| All together | Time 1 | Time 2 |" in summary
    assert summary.count("| English |") == 2


def test_a_plan_plans_with_the_seeds(done, tmp_path):
    made = read_json(done / "plan.json")
    assert made["promised"]["seeds"] == 2 and made["assumed"]["seed_spread"] == 3
    decision = read_json(done / "runs/evaluation/decision.json")
    assert decision["plan"]["deviations"] == []
    folder = Path(shutil.copytree(done, tmp_path / "project"))
    one = pinchtune.Project.open(folder)
    pinchtune.evaluate(one)
    decision = read_json(one.path("evaluation", "decision.json"))
    assert decision["plan"]["deviations"] == [{"key": "seeds", "planned": 2, "now": 1}]


@pytest.fixture
def two_seeds(tmp_path) -> Path:
    """A project with the answers of two seeds, which are the same but for one prompt."""
    folder = write_answered(tmp_path / "answered")
    project = pinchtune.Project.open(folder, TWO)
    prompts = project.evaluation_prompts()
    for arm in ARMS:
        run = RunFolder(project.seeds[1].path("answers", arm), "made up")
        run.start()
        rows = [answer.to_row() for answer in read_answers(project, arm, prompts)]
        rows[0]["text"] += " Again."
        write_jsonl(run.path / "answers.jsonl", rows)
        run.finish({})
    return folder


def test_the_same_answers_of_two_seeds_are_paid_for_once(two_seeds, monkeypatch):
    monkeypatch.setenv("PINCH_JUDGE_API_KEY", "judge-secret")
    with serve() as server:
        project = open_answered(two_seeds, server.address, *TWO)
        assert estimate_judging(project).requests == 34
        pinchtune.evaluate(project)
        assert len(server.asked) == 34 and set(server.paid.values()) == {1}
    assert Counter(v.seed for v in read_verdicts(project)) == {0: 16, 1: 16}
