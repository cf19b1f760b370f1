from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

import pinchtune
from pinchtune.errors import UsageError
from pinchtune.files import read_json, read_jsonl
from pinchtune.model.embed import ScriptedEmbedder


@pytest.fixture(autouse=True)
def scripted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pinchtune.stages.select.load_embedder", lambda name: ScriptedEmbedder())


def rows_of(run) -> list[dict]:
    return [row for _, row in read_jsonl(run.path / "selection.jsonl")]


def open_with(folder: Path, *options: str) -> pinchtune.Project:
    return pinchtune.Project.open(folder, ["select.method=facility", *options])


def test_chosen_rows_are_mixed_and_explained(make_project: Callable[..., Path]):
    project = open_with(make_project())
    chosen = rows_of(pinchtune.select(project))
    assert [r["rank"] for r in chosen] == [1, 2, 3, 4]
    assert sorted(r["language"] for r in chosen) == ["es", "es", "ja", "ja"]
    assert all(r["reason"]["en"] and r["reason"]["ja"] for r in chosen)
    mixture = pinchtune.mix(project).manifest()
    assert {r["id"] for r in mixture["pinch"]} == {r["id"] for r in chosen}


def test_a_random_draw_is_left_as_it_was(make_project: Callable[..., Path]):
    folder = make_project()
    run = pinchtune.mix(pinchtune.Project.open(folder))
    assert not (folder / "runs/selection").exists()
    assert len(run.manifest()["pinch"]) == 4


def test_a_change_of_the_choice_changes_the_mixture(make_project: Callable[..., Path]):
    folder = make_project()
    first = pinchtune.mix(open_with(folder)).manifest()
    again = pinchtune.mix(open_with(folder)).manifest()
    left_out = first["pinch"][0]["id"]
    other = pinchtune.mix(open_with(folder, f'select.excluded=["{left_out}"]')).manifest()
    assert again == first
    assert left_out not in {r["id"] for r in other["pinch"]} and len(other["pinch"]) == 4


def test_coverage_of_every_way_is_told(make_project: Callable[..., Path]):
    coverage = pinchtune.select(open_with(make_project())).manifest()["coverage"]
    assert coverage["chosen"] == coverage["facility"] <= coverage["whole_pool"]
    assert coverage["random"] <= coverage["random_most"] <= coverage["facility"]


def test_mined_enquiries_are_what_is_covered(make_project: Callable[..., Path]):
    project = open_with(make_project(), "mix.dose=2")
    pool = project.examples("pinch")
    mine = project.path("mine")
    mine.mkdir(parents=True)
    (mine / "manifest.json").write_text(json.dumps({"key": "k", "files": {}}), "utf-8")
    asked = [{"text": e.prompt, "language": e.language, "count": 9} for e in (pool[2], pool[9])]
    asked += [{"text": e.prompt, "language": e.language, "count": 1} for e in pool]
    lines = "".join(json.dumps(row) + "\n" for row in asked)
    (mine / "candidates.jsonl").write_text(lines, "utf-8")
    run = pinchtune.select(project)
    assert run.manifest()["ground"] == {"texts": 14, "mined": True}
    assert {r["id"] for r in rows_of(run)} == {pool[2].id, pool[9].id}
    assert isinstance(read_json(run.path / "gaps.json"), list)


def test_too_small_a_pool_is_named(make_project: Callable[..., Path]):
    with pytest.raises(UsageError, match="10 examples in es asked for, but the pinch pool has 6"):
        pinchtune.select(open_with(make_project(), "mix.dose=20"))


def test_pins_of_a_random_draw_are_refused(make_project: Callable[..., Path]):
    folder = make_project()
    with pytest.raises(UsageError, match=r"select\.pinned"):
        pinchtune.mix(pinchtune.Project.open(folder, ['select.pinned=["x"]']))


def test_a_percentage_is_counted_from_the_base(make_project: Callable[..., Path]):
    project = open_with(make_project(), "mix.percent=25.0")
    assert len(rows_of(pinchtune.select(project))) == 6
