from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import pinchtune
from pinchtune.errors import UsageError
from pinchtune.files import read_json, read_jsonl, write_json, write_jsonl
from pinchtune.mining.mined import COUNTS
from pinchtune.model.embed import ScriptedEmbedder
from pinchtune.records import Example
from pinchtune.stages.pool import Pool
from pinchtune.stages.select import selection_inputs
from pinchtune.store import glossary, open_store, people
from throwaway import CHEAP


@pytest.fixture(autouse=True)
def scripted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pinchtune.stages.select.load_embedder", lambda name: ScriptedEmbedder())


class Forbidden(ScriptedEmbedder):
    """Refuses to embed what a mining run has embedded already."""

    def embed(self, texts):
        assert not any("asked" in text for text in texts)
        return super().embed(texts)


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
    run = pinchtune.select(open_with(make_project()))
    coverage = run.manifest()["coverage"]
    assert coverage["chosen"] == coverage["facility"] <= coverage["whole_pool"]
    assert {r["cluster"] for r in rows_of(run)} == {None}
    assert coverage["random"] <= coverage["random_most"] <= coverage["facility"]


def write_mine(project: pinchtune.Project, asked: list[dict], embedder: str) -> None:
    mine = project.path("mine")
    mine.mkdir(parents=True, exist_ok=True)
    facts = {"key": embedder, "files": {}, "embedder": embedder}
    (mine / "manifest.json").write_text(json.dumps(facts), "utf-8")
    lines = "".join(json.dumps(row) + "\n" for row in asked)
    (mine / "candidates.jsonl").write_text(lines, "utf-8")
    groups = [
        {"cluster": n, "terms": [f"g{n}"], "candidates": 1, "enquiries": 1} for n in (3, 7, 8)
    ]
    write_jsonl(mine / "clusters.jsonl", [group | {"languages": {}} for group in groups])
    write_json(mine / "summary.json", dict.fromkeys(COUNTS, 0))
    vectors = ScriptedEmbedder().embed([row["text"].removesuffix(" asked") for row in asked])
    np.save(mine / "embeddings.npy", vectors.astype(np.float16))


def asked_often(project: pinchtune.Project) -> tuple[list[dict], set[str]]:
    """Enquiries of which two are asked nine times, and the ids of the examples that fit them."""
    pool = project.examples("pinch")
    often = [
        {"text": e.prompt, "language": e.language, "count": 9, "cluster": 7 + n}
        for n, e in enumerate((pool[2], pool[9]))
    ]
    once = [{"text": e.prompt, "language": e.language, "count": 1, "cluster": 3} for e in pool]
    return often + once, {pool[2].id, pool[9].id}


def test_mined_enquiries_are_what_is_covered(make_project: Callable[..., Path]):
    project = open_with(make_project(), "mix.dose=2")
    asked, wanted = asked_often(project)
    write_mine(project, asked, "another")
    run = pinchtune.select(project)
    assert run.manifest()["ground"] == {
        "texts": 14,
        "mined": True,
        "run": "another",
        "different": 14,
        "enquiries": 30,
    }
    assert all("most of them on “g" in r["reason"]["en"] for r in rows_of(run))
    assert 18 <= sum(r["stands_for"] for r in rows_of(run)) <= 30
    assert {r["id"] for r in rows_of(run)} == wanted
    assert {r["cluster"] for r in rows_of(run)} == {7, 8}
    gaps = read_json(run.path / "gaps.json")
    assert {g["cluster"] for g in gaps} <= {3, 7, 8} and {g["language"] for g in gaps} <= {
        "es",
        "ja",
    }


def test_mined_embeddings_are_not_made_again(
    make_project: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("pinchtune.stages.select.load_embedder", lambda name: Forbidden())
    project = open_with(make_project(), "mix.dose=2")
    asked, wanted = asked_often(project)
    for row in asked:
        row["text"] += " asked"
    write_mine(project, asked, ScriptedEmbedder.name)
    assert {r["id"] for r in rows_of(pinchtune.select(project))} == wanted


def test_only_so_many_enquiries_are_covered(
    make_project: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("pinchtune.stages.asked.GROUND_MOST", 6)
    project = open_with(make_project(), "mix.dose=2")
    write_mine(project, asked_often(project)[0], ScriptedEmbedder.name)
    ground = pinchtune.select(project).manifest()["ground"]
    assert ground["texts"] <= 6 and ground["different"] == 14 and ground["enquiries"] == 30


def test_a_region_of_a_language_counts_for_it(make_project: Callable[..., Path]):
    # Files are read without regions; what people collect keeps them.
    rows = [Example(f"¿{n}?", f"{n}", language="es-MX") for n in range(4)]
    project = open_with(make_project(), 'languages.tuned=["es"]', "mix.dose=3")
    own = replace(project, folder=project.folder)
    object.__setattr__(own, "pool", lambda unapproved=False: Pool("x", True, lambda: rows))
    assert [r["language"] for r in rows_of(pinchtune.select(own))] == ["es-MX"] * 3


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


def test_a_term_of_the_glossary_changes_the_choice(make_project: Callable[..., Path]):
    project = open_with(make_project())
    none = selection_inputs(project)
    store = open_store(project.database, create=True, hasher=CHEAP)
    admin = people.accept(store, people.bootstrap(store) or "", "Aya", "a long password")
    glossary.add(store, admin, "es", "bomba", ["bombín"])
    one = selection_inputs(project)
    glossary.add(store, admin, "es", "válvula")
    store.close()
    assert none["mined"] == "" and "terms" not in none
    assert one["terms"] == {"es": [["bomba", "bombín"]]}
    assert selection_inputs(project)["terms"]["es"] == [["bomba", "bombín"], ["válvula"]]


def test_a_random_choice_is_the_draw_that_is_mixed(make_project: Callable[..., Path]):
    folder = make_project()
    for seed in range(3):
        project = pinchtune.Project.open(folder, [f"mix.seed={seed}", "mix.dose=6"])
        chosen = [r["id"] for r in rows_of(pinchtune.select(project))]
        assert chosen == [r["id"] for r in pinchtune.mix(project).manifest()["pinch"]]


def test_a_random_choice_with_pins_is_refused(make_project: Callable[..., Path]):
    with pytest.raises(UsageError, match=r"select\.pinned"):
        pinchtune.select(pinchtune.Project.open(make_project(), ['select.pinned=["x"]']))


@pytest.mark.parametrize("size", ["mix.dose=0", "mix.percent=0.1"])
def test_a_dose_of_none_chooses_nothing(make_project: Callable[..., Path], size: str):
    project = open_with(make_project(), size)
    run = pinchtune.select(project)
    assert rows_of(run) == [] and run.manifest()["coverage"]["chosen"] == 0
    assert pinchtune.mix(project).manifest()["pinch"] == []


def test_too_much_excluded_is_named(make_project: Callable[..., Path]):
    folder = make_project()
    ids = [e.id for e in open_with(folder).examples("pinch") if e.language == "es"][:5]
    project = open_with(folder, f"select.excluded={json.dumps(ids)}")
    with pytest.raises(UsageError, match=r"in es asked for, but the pinch pool has 1 without"):
        pinchtune.select(project)


@pytest.mark.parametrize("name", ["pinned", "excluded"])
def test_an_id_that_is_nowhere_is_refused(make_project: Callable[..., Path], name: str):
    project = open_with(make_project(), f'select.{name}=["nowhere"]')
    with pytest.raises(UsageError, match=rf"select\.{name}: nowhere is not in the pool"):
        pinchtune.select(project)


def test_a_pin_that_cannot_be_chosen_is_explained(make_project: Callable[..., Path]):
    folder = make_project()
    id = next(e.id for e in open_with(folder).examples("pinch") if e.language == "ja")
    project = open_with(folder, f'select.pinned=["{id}"]', 'languages.tuned=["es"]')
    with pytest.raises(UsageError, match="is in ja, which is not tuned"):
        pinchtune.select(project)
    path = folder / "data/pinch.jsonl"
    rows = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    drafts = [{**row, "status": "draft"} if row["language"] == "ja" else row for row in rows]
    write_jsonl(path, drafts)
    project = open_with(folder, f'select.pinned=["{id}"]', 'languages.tuned=["es"]')
    with pytest.raises(UsageError, match=r"is not approved \(draft\)"):
        pinchtune.select(project)


def test_a_percentage_counts_an_english_example_once(make_project: Callable[..., Path]):
    folder = make_project()
    path = folder / "data/base.jsonl"
    path.write_text(path.read_text("utf-8") * 2, "utf-8")
    project = open_with(folder, "mix.percent=25.0", "mix.budget=0")
    chosen = {r["id"] for r in rows_of(pinchtune.select(project))}
    assert len(chosen) == 6
    assert {r["id"] for r in pinchtune.mix(project).manifest()["pinch"]} == chosen


def test_a_pool_that_nobody_expects_is_named(make_project: Callable[..., Path]):
    project = open_with(make_project())
    open_store(project.database, create=True, hasher=CHEAP).close()
    with pytest.raises(UsageError, match=r"has 0; .*data\.pinch is not read"):
        pinchtune.select(project)


def test_another_choice_from_the_same_pool_embeds_nothing(make_project, monkeypatch):
    folder = make_project()
    first = rows_of(pinchtune.select(open_with(folder)))
    embedded: list[str] = []

    class Listening(ScriptedEmbedder):
        def embed(self, texts):
            embedded.extend(texts)
            return super().embed(texts)

    monkeypatch.setattr("pinchtune.stages.select.load_embedder", lambda name: Listening())
    again = rows_of(pinchtune.select(open_with(folder, f"select.excluded=['{first[0]['id']}']")))
    assert embedded == [] and first[0]["id"] not in [row["id"] for row in again]
    (folder / "runs" / "embeddings.npz").unlink()
    assert rows_of(pinchtune.select(open_with(folder))) == first and embedded
