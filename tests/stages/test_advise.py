from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

import pinchtune
from asked import write_mined, write_selection
from pinchtune.advice.mexa import mexa_of_layers
from pinchtune.errors import UsageError
from pinchtune.files import hash_tree, read_json, write_json
from pinchtune.stages import facts as stage
from pinchtune.stages.advise import read_clusters
from pinchtune.stages.facts import (
    FACTS,
    known_facts,
    measure_languages,
    parallel_units,
    read_enquiries,
    read_facts,
)


def open_project(folder: Path, *overrides: str) -> pinchtune.Project:
    return pinchtune.Project.open(folder, overrides)


@pytest.fixture
def few(monkeypatch):
    """Only the first dozen of the shipped parallel texts, so that a test takes a second."""
    whole = stage._shipped()
    cut = {c: dict(list(rows.items())[:12]) for c, rows in whole.items()}
    monkeypatch.setattr(stage, "_shipped", lambda: cut)
    monkeypatch.setattr(stage, "SCORED", 3)


def test_advice_is_made_once_and_again_when_something_changes(make_project, few):
    folder = make_project()
    run = pinchtune.advise_languages(open_project(folder))
    advice = read_json(run.path / "advice.json")
    assert advice["must"] == ["es", "ja", "ar"]
    assert set(advice["recommended"]["codes"]) <= {"es", "ja", "ar"}
    assert {row["code"]: row["examples"] for row in advice["facts"]} == {"es": 6, "ja": 6, "ar": 0}
    assert all(row["pairs"] == 12 and row["premium"] for row in advice["facts"])
    # A random model knows no language: all are warned about, and none is left out for it.
    assert {w["code"] for w in advice["warnings"] if w["reason"] == "mexa"}
    assert (run.path / "advice.ja.md").read_text("utf-8") == advice["text"]["ja"]
    facts = folder / "runs/advise/facts/manifest.json"
    first = facts.stat().st_mtime_ns, (run.path / "manifest.json").stat().st_mtime_ns
    pinchtune.advise_languages(open_project(folder))
    assert first == (facts.stat().st_mtime_ns, (run.path / "manifest.json").stat().st_mtime_ns)
    write_json(folder / "runs/mine/summary.json", {"languages": {"ar": 9, "ja": 1, "xx": 5}})
    asked = read_json(pinchtune.advise_languages(open_project(folder)).path / "advice.json")
    assert {row["code"]: row["enquiries"] for row in asked["facts"]} == {"es": 0, "ja": 1, "ar": 9}
    cost = open_project(folder, "advise.cost={ja = 3.0}", 'advise.candidates=["ar", "ja", "ko"]')
    again = read_json(pinchtune.advise_languages(cost).path / "advice.json")
    rows = {row["code"]: row for row in again["facts"]}
    assert (rows["ar"]["enquiries"], rows["es"]["enquiries"]) == (9, 0)
    assert (rows["ar"]["cost"], rows["ja"]["cost"]) == (3.0, 3.0)
    assert rows["ko"]["knowledge"] is None
    assert again["candidates"] == ["ar", "ja", "ko"]


def test_measurements_are_those_of_the_model(make_project, few, tiny_model):
    from pinchtune.config import ModelConfig
    from pinchtune.model.alignment import all_mean_states
    from pinchtune.model.load import load_model, load_tokenizer

    project = open_project(make_project())
    facts, closeness = read_facts(measure_languages(project, ["es", "ja"]).path / FACTS)
    units = {u.code: list(u.rows.values()) for u in parallel_units(project, ["es", "ja"])}
    config = ModelConfig(base=str(tiny_model), dtype="float32")
    model, tokenizer = load_model(config), load_tokenizer(config.base)
    states = {
        code: all_mean_states(model, tokenizer, [e.instruction for e in rows], 512)
        for code, rows in units.items()
    }
    for code in ("es", "ja"):
        assert facts[code].mexa == pytest.approx(mexa_of_layers(states["en"], states[code]).mean())
        size = [
            sum(len(f"{e.prompt}\n{e.response}".encode()) for e in units[c]) for c in (code, "en")
        ]
        # The tiny model's tokens are bytes.
        assert facts[code].premium == pytest.approx(size[0] / size[1])
    assert closeness.of("es", "ja") == pytest.approx(
        mexa_of_layers(states["es"], states["ja"]).mean(), abs=1e-5
    )
    assert facts["es"].bits_per_byte == pytest.approx(8, abs=1.5)
    assert facts["en"].parity == facts["en"].mexa == 1.0


def test_killed_and_resumed_ends_in_the_same_bytes(make_project, few, monkeypatch):
    folder = make_project()
    whole = measure_languages(open_project(folder), ["es", "ja"])
    expected = hash_tree(whole.path)
    shutil.rmtree(folder / "runs")
    real, seen = stage._measure, []

    def dies(unit, *rest):
        seen.append(unit.code)
        if len(seen) == 3:
            raise KeyboardInterrupt
        return real(unit, *rest)

    monkeypatch.setattr(stage, "_measure", dies)
    with pytest.raises(KeyboardInterrupt):
        measure_languages(open_project(folder), ["es", "ja"])
    assert not (whole.path / "manifest.json").exists()
    resumed = measure_languages(open_project(folder), ["es", "ja"])
    assert seen == ["en", "es", "ja", "ja"]
    assert hash_tree(resumed.path) == expected
    assert not list(resumed.path.glob("*.npz"))


def test_own_parallel_texts_stand_in_for_a_language_that_is_not_shipped(make_project, few):
    folder = make_project()
    pool = folder / "data/pinch.jsonl"
    rows = [
        {
            "language": code,
            "instruction": f"{word} {n}?",
            "response": f"{word} {n}.",
            "parallel_id": f"own-{n}",
        }
        for code, word in (("ko", "무엇"), ("en", "What is"))
        for n in range(stage.FEWEST)
    ]
    lines = [json.dumps(row, ensure_ascii=False) for row in rows]
    pool.write_text(pool.read_text("utf-8") + "\n".join(lines) + "\n", "utf-8")
    units = parallel_units(open_project(folder), ["es", "ko"])
    assert [(u.source, u.code) for u in units] == [
        ("shipped", "en"),
        ("shipped", "es"),
        ("own", "en"),
        ("own", "ko"),
    ]
    run = measure_languages(open_project(folder), ["es", "ko"])
    facts, closeness = read_facts(run.path / FACTS)
    assert (facts["ko"].pairs, facts["es"].pairs) == (stage.FEWEST, 12)
    assert facts["ko"].parity
    assert np.isnan(closeness.of("es", "ko"))


def test_shipped_texts_are_parallel():
    shipped = stage._shipped()
    assert len(shipped) == 13
    ids = list(shipped["en"])
    assert len(ids) == 64
    assert all(list(rows) == ids for rows in shipped.values())


def make_evaluated(folder: Path) -> pinchtune.Project:
    pinchtune.run(pinchtune.Project.open(folder))
    return pinchtune.Project.open(folder)


def test_next_step_from_stored_scores(make_project):
    project = make_evaluated(make_project())
    run = pinchtune.advise_next(project)
    advice = read_json(run.path / "advice.json")
    assert {step["code"] for step in advice["steps"]} == {"es", "ja", "ar"}
    assert {s["code"]: s["have"] for s in advice["steps"]} == {"es": 2, "ja": 2, "ar": 0}
    assert all("few_prompts" in step["cautions"] for step in advice["steps"])
    stamp = (run.path / "manifest.json").stat().st_mtime_ns
    assert (pinchtune.advise_next(project).path / "manifest.json").stat().st_mtime_ns == stamp
    five = open_project(project.folder, "advise.examples=5")
    assert read_json(pinchtune.advise_next(five).path / "advice.json")["steps"][0]["examples"] == 5


def test_next_needs_an_evaluation(make_project):
    with pytest.raises(UsageError, match="run `pinch evaluate` first"):
        pinchtune.advise_next(open_project(make_project()))


def test_groups_are_those_of_the_mining_run(make_project):
    project = open_project(make_project())
    assert read_clusters(project) == []
    write_mined(project.path())
    write_selection(project.path())
    found = {c.id: c for c in read_clusters(project)}
    assert [found[id].have for id in "01234"] == [2, 0, 1, 1, 0]
    assert found["1"].name == "موعد, التسليم, entrega, 納期"
    assert (found["1"].asked_in("ar"), found["1"].asked_in("es")) == (54, 30)


def test_a_choice_of_another_mining_run_counts_for_nothing(make_project):
    project = open_project(make_project())
    write_mined(project.path())
    write_selection(project.path(), "another")
    assert [c.have for c in read_clusters(project)] == [0] * 5
    folder = write_selection(project.path())
    (folder / "manifest.json").unlink()  # as a killed run leaves it
    assert [c.have for c in read_clusters(project)] == [0] * 5


def test_without_mining_the_gaps_of_a_finished_selection_are_what_is_asked(make_project):
    project = open_project(make_project())
    folder = write_selection(project.path(), "")
    first, _ = read_clusters(project)
    assert (first.name, first.asked_in("ja")) == ("متى يصل طلبي؟", pytest.approx(0.31 * 0.8))
    (folder / "manifest.json").unlink()
    assert read_clusters(project) == []


def test_one_candidate_is_too_few_and_not_replaced_by_others(make_project, few):
    project = open_project(make_project(), 'advise.candidates=["ar"]')
    with pytest.raises(UsageError, match=r"advise\.candidates: 1 languages are left"):
        pinchtune.advise_languages(project)


def test_the_dose_is_what_is_mixed(make_project, few):
    project = open_project(make_project(), "mix.percent=50.0")
    advice = read_json(pinchtune.advise_languages(project).path / "advice.json")
    mixed = pinchtune.mix(project).manifest()["pinch"]
    assert advice["dose"] == len(mixed) == 12


def test_what_another_model_knows_says_nothing(make_project, few):
    folder = make_project()
    project = open_project(folder)
    assert known_facts(project) == {}
    pinchtune.advise_languages(project)
    assert set(known_facts(project)) >= {"es", "ja", "ar"}
    assert known_facts(open_project(folder, "model.dtype=bfloat16")) == {}


def test_no_mining_is_not_no_enquiries(make_project):
    assert read_enquiries(open_project(make_project())) is None
