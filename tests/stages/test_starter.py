"""The starter set is what its data card says, and `pinch data check` finds nothing in it."""

from __future__ import annotations

import json
import shutil
from collections import Counter, defaultdict

import pytest

import pinchtune
from pinchtune.data.formats import read_examples

LANGUAGES = {"ar", "cs", "en", "es", "et", "fi", "he", "hi", "it", "ja", "ru", "sw", "zh"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("starter")
    pinchtune.init(folder)
    return folder


def examples(folder, name):
    return [row.example for row in read_examples(folder / "data" / f"{name}.jsonl")]


def test_base_set(folder):
    rows = examples(folder, "base")
    assert len(rows) >= 320
    assert {e.language for e in rows} == {"en"}
    assert len({e.domain for e in rows}) >= 14
    words = sorted(len(e.response.split()) for e in rows)
    assert words[0] <= 8
    assert words[-1] >= 180


@pytest.mark.parametrize(
    ("name", "count", "prefix"), [("pinch", 40, "pinch-"), ("evaluation", 24, "eval-")]
)
def test_parallel_sets(folder, name, count, prefix):
    parallel = defaultdict(set)
    for example in examples(folder, name):
        assert example.instruction.strip() and example.response.strip()
        parallel[example.parallel_id].add(example.language)
    complete = [k for k, languages in parallel.items() if languages == LANGUAGES]
    assert len(complete) == count
    assert all(k.startswith(prefix) for k in parallel)


def test_english_evaluation_is_large_enough_to_show_the_margin(folder):
    assert Counter(e.language for e in examples(folder, "evaluation"))["en"] == 100


def test_check_finds_nothing(folder):
    assert pinchtune.check_data(pinchtune.Project.open(folder)) == []


def test_check_finds_what_is_put_in(folder, tmp_path):
    copy = shutil.copytree(folder, tmp_path / "copy")
    base = copy / "data/base.jsonl"
    first = base.read_text("utf-8").splitlines()[0]
    spanish = {"instruction": "Hola, ¿qué tal estás hoy?", "response": "Muy bien, muchas gracias."}
    twin = next(e for e in examples(copy, "evaluation") if e.language == "en")
    evaluated = {"instruction": twin.instruction, "response": "Well."}
    added = [json.dumps({"language": "en", **row}) for row in (spanish, evaluated)]
    with base.open("a", encoding="utf-8") as file:
        file.write("\n".join([first, *added]) + "\n")
    kinds = {f.kind for f in pinchtune.check_data(pinchtune.Project.open(copy))}
    assert {"duplicate", "language", "overlap"} <= kinds


def test_the_shipped_checks_come_on_request_and_the_check_finds_nothing(folder, tmp_path):
    copy = shutil.copytree(folder, tmp_path / "copy")
    assert not any(e.extra for e in examples(copy, "evaluation"))
    project = pinchtune.Project.open(copy)
    done = pinchtune.import_data(project, ["starter:verifiable"], "evaluation")
    assert (done.new, done.known, done.identified) == (22 * len(LANGUAGES), 0, 0)
    assert pinchtune.check_data(project) == []
    assert pinchtune.import_data(project, ["starter:verifiable"], "evaluation").new == 0
    prompts = project.evaluation_prompts()
    assert sum(bool(p.extra.get("checks")) for p in prompts) == done.new


@pytest.mark.parametrize("name", ["sheet.xlsx", "table.csv", "columns.parquet", "talk.jsonl"])
def test_checks_survive_export_and_import(folder, tmp_path, name):
    source = shutil.copytree(folder, tmp_path / "source")
    project = pinchtune.Project.open(source)
    pinchtune.import_data(project, ["starter:verifiable"], "evaluation")
    shape = "messages" if name.startswith("talk") else "auto"
    path, count = pinchtune.export_data(project, "evaluation", tmp_path / name, shape)
    before = examples(source, "evaluation")
    (source / "data/evaluation.jsonl").unlink()
    assert pinchtune.import_data(project, [path], "evaluation").new == count
    assert examples(source, "evaluation") == before


def test_checks_in_cells_are_stored_as_lists_and_impossible_ones_are_found(folder, tmp_path):
    copy = shutil.copytree(folder, tmp_path / "copy")
    project = pinchtune.Project.open(copy)
    table = tmp_path / "own.csv"
    cell = '"[{""check"": ""letter_case"", ""case"": ""upper""}]"'
    table.write_text(f"instruction,language,checks\n貼り紙を大文字で書いてください。,ja,{cell}\n")
    assert pinchtune.import_data(project, [table], "evaluation").new == 1
    checks = [{"check": "letter_case", "case": "upper"}]
    assert examples(copy, "evaluation")[-1].extra == {"checks": checks}
    (finding,) = pinchtune.check_data(project)
    assert finding.kind == "checks" and finding.line == len(examples(copy, "evaluation"))
    assert finding.message == (
        "letter_case cannot be checked in Japanese, so it is never scored; remove it"
    )
