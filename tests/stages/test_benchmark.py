"""`pinch benchmark` on a tiny model: the figures of a plain loop, kept, shown, deciding nothing."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import datasets
import pytest
import torch
from transformers import AutoTokenizer

import pinchtune
from pinchtune.cli.decide import describe
from pinchtune.config import ModelConfig
from pinchtune.errors import MissingExtra, UsageError
from pinchtune.files import read_json, write_json
from pinchtune.model import harness
from pinchtune.model.load import load_arm
from pinchtune.stages.benchmark import read_benchmarks

pytest.importorskip("lm_eval")
# Of the harness and what it imports; pinchtune's own modules raise none.
pytestmark = pytest.mark.filterwarnings("ignore::Warning")
TASKS = Path(__file__).parents[2] / "docs" / "benchmarks"
ROWS = [json.loads(line) for line in (TASKS / "colours.jsonl").read_text("utf-8").splitlines()]
CHOICE, WORD = "colours", "one_word"


@pytest.fixture(autouse=True)
def own_cache(monkeypatch, tmp_path):
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "datasets")


@pytest.fixture(scope="module")
def done(tmp_path_factory, write_project) -> Path:
    folder = write_project(tmp_path_factory.mktemp("benchmark") / "project")
    project = pinchtune.Project.open(folder)
    pinchtune.run(project)
    before = read_json(folder / "runs/evaluation/decision.json")
    pinchtune.benchmark(project, [CHOICE, WORD], TASKS)
    pinchtune.report(project)
    assert read_json(folder / "runs/evaluation/decision.json") == before
    return folder


@pytest.fixture
def folder(done, tmp_path) -> Path:
    return Path(shutil.copytree(done, tmp_path / "project"))


def plain_accuracy(arm: Path, config: ModelConfig) -> float:
    """The share of rows whose answer is the likeliest choice, by one forward pass a choice."""
    model, tokenizer = load_arm(arm, config), AutoTokenizer.from_pretrained(arm)
    right = 0
    for row in ROWS:
        start = tokenizer(f"{row['question']}\n").input_ids
        sums = []
        for choice in row["choices"]:
            ids = tokenizer(f"{row['question']}\n{choice}").input_ids
            with torch.no_grad():
                logits = model(input_ids=torch.tensor([ids])).logits[0].log_softmax(-1)
            after = range(len(start), len(ids))
            sums.append(sum(float(logits[i - 1, ids[i]]) for i in after))
        right += sums.index(max(sums)) == row["answer"]
    return right / len(ROWS)


def stamps(folder: Path) -> dict[str, int]:
    found = (folder / "runs/benchmarks").rglob("manifest.json")
    return {p.parent.relative_to(folder).as_posix(): p.stat().st_mtime_ns for p in found}


def test_figures_are_those_of_a_plain_loop(done):
    project = pinchtune.Project.open(done)
    rows = {row["task"]: row for row in pinchtune.decide(project)["benchmarks"]}
    assert set(rows) == {CHOICE, WORD}
    row = rows[CHOICE]
    facts = {key: row[key] for key in ("metric", "better", "version", "rows", "shots", "limit")}
    wanted = {"metric": "acc", "better": "higher", "version": "1.0", "rows": 10, "shots": 0}
    assert facts == {**wanted, "limit": 0}
    for arm, found in row["arms"].items():
        accuracy = plain_accuracy(project.path("arms", arm), project.config.model)
        assert found["value"] == pytest.approx(accuracy)
        assert found["error"] == pytest.approx((accuracy * (1 - accuracy) / 9) ** 0.5)
    change = row["arms"]["pinch"]["value"] - row["arms"]["english"]["value"]
    assert row["difference"]["value"] == pytest.approx(change)


def test_what_is_done_is_not_done_again_and_what_is_gone_is(folder, monkeypatch):
    project, before = pinchtune.Project.open(folder), stamps(folder)
    with monkeypatch.context() as patch:
        patch.setattr(harness, "Harness", None)  # no weights are loaded
        pinchtune.benchmark(project, [CHOICE, WORD], TASKS)
    assert stamps(folder) == before
    shutil.rmtree(folder / "runs/benchmarks/pinch" / CHOICE)
    pinchtune.benchmark(project, [CHOICE, WORD], TASKS)
    changed = {name for name, at in stamps(folder).items() if before[name] != at}
    assert changed == {f"runs/benchmarks/pinch/{CHOICE}"}


def test_other_rows_or_settings_are_done_anew(folder, tmp_path):
    tasks = Path(shutil.copytree(TASKS, tmp_path / "tasks"))
    with (tasks / "colours.jsonl").open("a", encoding="utf-8") as file:
        file.write(json.dumps(ROWS[0]) + "\n")
    project, before = pinchtune.Project.open(folder), stamps(folder)
    [row] = [r for r in pinchtune.benchmark(project, [CHOICE], tasks) if r["task"] == CHOICE]
    assert row["rows"] == 11
    [row] = [r for r in pinchtune.benchmark(project, [CHOICE], tasks, 3) if r["task"] == CHOICE]
    assert (row["rows"], row["limit"]) == (3, 3)
    changed = {name for name, at in stamps(folder).items() if before[name] != at}
    assert changed == {f"runs/benchmarks/{arm}/{CHOICE}" for arm in ("english", "pinch")}


@pytest.mark.parametrize(
    ("fact", "other"), [("files", "0"), ("base", "0"), ("model", {"dtype": "bfloat16"})]
)
def test_figures_of_other_files_or_another_base_are_not_set_side_by_side(folder, fact, other):
    project = pinchtune.Project.open(folder)
    path = folder / "runs/benchmarks/english" / CHOICE / "manifest.json"
    told = read_json(path)
    assert told[fact] and {row["task"] for row in read_benchmarks(project)} == {CHOICE, WORD}
    write_json(path, {**told, fact: other})
    assert {row["task"] for row in read_benchmarks(project)} == {WORD}


def test_they_stand_in_report_and_decision(folder):
    project = pinchtune.Project.open(folder)
    page = (folder / "runs/report/report.html").read_text("utf-8")
    assert 'id="en-benchmarks"' in page and 'id="ja-benchmarks"' in page and "colours, acc" in page
    told = describe(pinchtune.decide(project), "en")
    assert "they decide nothing" in told and "colours, acc: english 0." in told


def test_figures_of_other_weights_are_not_shown(folder):
    project = pinchtune.Project.open(folder)
    path = folder / "runs/benchmarks/pinch" / CHOICE / "manifest.json"
    write_json(path, {**read_json(path), "weights": "of another run"})
    assert [row["task"] for row in pinchtune.decide(project)["benchmarks"]] == [WORD]
    pinchtune.report(project)
    assert "colours, acc" not in (folder / "runs/report/report.html").read_text("utf-8")


def test_through_the_chat_template(folder, monkeypatch):
    from lm_eval.models.huggingface import HFLM

    asked, render = [], HFLM.apply_chat_template

    def spy(self, history, *args, **options):
        asked.append(render(self, history, *args, **options))
        return asked[-1]

    monkeypatch.setattr(HFLM, "apply_chat_template", spy)
    project = pinchtune.Project.open(folder)
    rows = pinchtune.benchmark(project, [WORD], TASKS, chat=True)
    assert {row["task"]: row["chat"] for row in rows} == {CHOICE: False, WORD: True}
    arms = 2
    assert len(asked) == arms * len(ROWS)
    assert f"### Instruction:\n{ROWS[0]['question']} {ROWS[0]['ask']}\n" in asked[0]
    assert asked[0].endswith("### Response:\n")


ON_A_HUB = "task: far\ndataset_path: nobody/nothing-here\ntest_split: test\ndoc_to_text: a\n"


@pytest.mark.parametrize(
    "files, names, sentence",
    [
        ({}, [], r"holds no task file \(\*\.yaml\) that can be read; name a task, or a folder"),
        ({"far.yaml": ON_A_HUB}, [], "task far: cannot be loaded .* or reach the hub"),
        (
            {"far.yaml": ON_A_HUB, "broken.yaml": "task: [near"},
            ["far", "fare"],
            "unknown task 'fare'; did you mean 'far'",
        ),
    ],
)
def test_what_cannot_be_run_is_one_sentence(folder, tmp_path, files, names, sentence, monkeypatch):
    own_tasks_only(monkeypatch)
    tasks = tmp_path / "tasks"
    tasks.mkdir()
    for name, text in files.items():
        (tasks / name).write_text(text, "utf-8")
    before = stamps(folder)
    with pytest.raises(UsageError, match=sentence) as caught:
        pinchtune.benchmark(pinchtune.Project.open(folder), names, tasks)
    assert "\n" not in str(caught.value)
    assert stamps(folder) == before


def own_tasks_only(monkeypatch):
    """Leave out the harness's own tasks: reading thousands of files takes half a minute here."""
    from lm_eval.tasks import TaskManager

    made = TaskManager.__init__
    monkeypatch.setattr(
        TaskManager,
        "__init__",
        lambda self, **options: made(self, **{**options, "include_defaults": False}),
    )


def test_without_the_harness_it_says_what_to_install(folder, monkeypatch):
    monkeypatch.setattr(harness, "find_spec", lambda name: None)
    with pytest.raises(MissingExtra, match=r"pinchtune\[benchmark\]"):
        pinchtune.benchmark(pinchtune.Project.open(folder), [CHOICE], TASKS)
    assert pinchtune.decide(pinchtune.Project.open(folder))["benchmarks"]  # reading needs none


def test_an_endpoint_has_no_weights(folder):
    project = pinchtune.Project.open(folder, ["generate.endpoint=http://127.0.0.1:9/v1"])
    with pytest.raises(UsageError, match="benchmarks need the weights"):
        pinchtune.benchmark(project, [CHOICE], TASKS)
