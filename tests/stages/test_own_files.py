"""A user's own files, in every format, from import to verdict."""

from __future__ import annotations

import json

import pytest

import pinchtune
from pinchtune.data.export import write_examples
from pinchtune.data.formats import read_examples
from pinchtune.files import read_json

FORMATS = [
    ("own.jsonl", "pinchtune"),
    ("messages.jsonl", "messages"),
    ("pairs.jsonl", "prompt-completion"),
    ("alpaca.json", "alpaca"),
    ("sharegpt.json", "sharegpt"),
    ("table.csv", "auto"),
    ("sheet.xlsx", "auto"),
    ("columns.parquet", "auto"),
]


@pytest.mark.parametrize(("name", "shape"), FORMATS)
def test_from_file_to_verdict(make_project, tmp_path, name, shape):
    source = make_project("source")
    folder = make_project("target")
    for data_set in ("base", "pinch", "evaluation"):
        examples = [r.example for r in read_examples(source / f"data/{data_set}.jsonl")]
        path = tmp_path / data_set / name
        path.parent.mkdir()
        write_examples(path, examples, shape)
        (folder / f"data/{data_set}.jsonl").unlink()
        project = pinchtune.Project.open(folder)
        done = pinchtune.import_data(project, [path], data_set)
        assert (done.new, done.known) == (len(examples), 0)
        again = pinchtune.import_data(project, [path], data_set)
        assert (again.new, again.known) == (0, len(examples))
    found = pinchtune.run(pinchtune.Project.open(folder))
    assert found["verdict"] in ("go", "no-go", "unclear")
    mixture = read_json(folder / "runs/mixture/manifest.json")
    assert mixture["examples"]["pinch"] == {"en": 20, "es": 2, "ja": 2}


@pytest.mark.parametrize("name", ["table.csv", "sheet.xlsx"])
def test_pinch_toml_may_name_any_file(make_project, name):
    folder = make_project()
    for data_set in ("base", "pinch", "evaluation"):
        examples = [r.example for r in read_examples(folder / f"data/{data_set}.jsonl")]
        write_examples(folder / f"{data_set}-{name}", examples)
    sets = [f"data.{s}={s}-{name}" for s in ("base", "pinch", "evaluation")]
    found = pinchtune.run(pinchtune.Project.open(folder, sets))
    assert found["verdict"] in ("go", "no-go", "unclear")


def test_multi_turn_rows_are_tuned_on_every_answer(make_project):
    folder = make_project()
    row = {
        "messages": [
            {"role": "user", "content": "First?"},
            {"role": "assistant", "content": "One."},
            {"role": "user", "content": "Second?"},
            {"role": "assistant", "content": "Two."},
        ],
        "language": "en",
    }
    path = folder / "chats.jsonl"
    path.write_text(json.dumps(row) + "\n")
    project = pinchtune.Project.open(folder)
    pinchtune.import_data(project, [path], "base")
    pinchtune.mix(project)
    rows = [r.example for r in read_examples(folder / "runs/mixture/english.jsonl")]
    place = next(i for i, e in enumerate(rows, 1) if e.history)
    pieces = pinchtune.preview(project, "english", place)
    assert [p.text for p in pieces if p.is_target] == ["One.<eos>", "Two.<eos>"]


def test_no_references_is_unclear_not_broken(make_project):
    folder = make_project()
    path = folder / "data/evaluation.jsonl"
    rows = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    for row in rows:
        del row["response"]
    path.write_text("".join(json.dumps(r) + "\n" for r in rows), "utf-8")
    assert pinchtune.run(pinchtune.Project.open(folder))["verdict"] == "unclear"


def test_export_and_list(make_project, tmp_path):
    project = pinchtune.Project.open(make_project())
    where, count = pinchtune.export_data(project, "pinch", tmp_path / "out.csv")
    assert (where.exists(), count) == (True, 12)
    listed = pinchtune.list_data(project)
    assert listed["pinch"]["languages"] == {"es": 6, "ja": 6}


def test_doctor_says_what_is_missing(make_project):
    folder = make_project()
    (folder / "data/pinch.jsonl").unlink()
    facts = {fact.name: fact for fact in pinchtune.doctor(folder)}
    assert facts["data.base"].value.startswith("24 examples: en 24")
    assert facts["data.pinch"].advice == "add some: pinch data import FILE --into pinch"
    assert "float" in facts["dtype"].value


def test_own_checks_are_scored_by_a_run(make_project):
    folder = make_project()
    path = folder / "checked.jsonl"
    checks = [{"check": "characters", "at_most": 5000}, {"check": "contains", "terms": ["zebra"]}]
    rows = [
        {"instruction": text, "language": code, "response": None, "checks": checks}
        for code, text in (("en", "Name an animal."), ("ja", "動物を一つ挙げてください。"))
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    project = pinchtune.Project.open(folder)
    assert pinchtune.import_data(project, [path], "evaluation").new == 2
    pinchtune.run(project)
    scores = read_json(folder / "runs/evaluation/scores.json")
    strict = scores["measures"]["instructions_followed_strict"]["arms"]["pinch"]["groups"]
    assert (strict["english"]["value"], strict["english"]["n"]) == (0.0, 1)
    assert scores["win_rate"]["unscored"] == 0
    page = (folder / "runs/report/report.html").read_text("utf-8")
    assert "Instructions followed (strict)" in page
