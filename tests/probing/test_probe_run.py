"""pinch probe on a toy project: what it writes, that it goes on, what it refuses."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from parallel_rows import make_parallel, tune_seeds, write_parallel

from pinchtune.advice.mexa import mexa_of_layers
from pinchtune.errors import UsageError
from pinchtune.files import hash_tree, read_json, read_jsonl, write_json
from pinchtune.model.alignment import all_mean_states
from pinchtune.model.chat import encode_prompt
from pinchtune.probing import parts
from pinchtune.probing.arms import pick_arms
from pinchtune.probing.lens import Vocabulary, group_tokens
from pinchtune.probing.outcome import correlate_gain, middle_layers
from pinchtune.probing.run import cost_text, probe, read_gains
from pinchtune.probing.texts import read_texts
from pinchtune.progress import Silent
from pinchtune.stages.evaluate import evaluated_run
from pinchtune.stages.generate import load_weights
from pinchtune.stages.mix import mix
from pinchtune.stages.project import Project
from pinchtune.stages.train import train
from pinchtune.stats import correlate

ARMS = ["base", "english", "pinch"]


def test_every_figure_is_there(probed):
    found = probed.found
    assert found["arms"] == ARMS and found["layers"] == 2
    assert [row["code"] for row in found["languages"]] == ["es", "ja", "ar"]
    assert [row["group"] for row in found["languages"]] == ["seen", "seen", "unseen"]
    curves = found["curves"]
    assert {name: len(rows["pinch"]) for name, rows in curves.items()} == dict.fromkeys(
        ("mexa", "retrieval", "retrieval_centred", "target", "english", "script", "latin"), 2
    )
    assert curves["mexa"]["base"][0]["n"] == 36
    assert curves["script"]["base"][0]["n"] == 24, "Spanish has no script of its own"
    assert {a: list(own) for a, own in found["changes"]["mexa"].items()} == {
        "english": ["base"],
        "pinch": ["base", "english"],
    }
    assert set(found["interventions"]["scores"]) == {
        "english", "pinch", "tune_last", "patch_last", "patch_first", "steer",
    }  # fmt: skip
    assert found["last"] == 1
    assert found["interventions"]["setting"] == {"layers": 2, "last": 1, "strength": 2.0}


def test_the_curves_are_those_of_the_models(probed):
    texts = read_texts(probed.project, probed.parallel)
    model, tokenizer = load_weights(probed.project, "pinch")
    states = {
        unit.code: all_mean_states(model, tokenizer, [e.prompt for e in unit.rows.values()], 512)
        for unit in texts.units
    }
    for code in ("es", "ja", "ar"):
        own = probed.found["by_language"]["pinch"]["mexa"][code]
        np.testing.assert_allclose(own, 100 * mexa_of_layers(states["en"], states[code]), atol=1e-4)
    each = probed.found["by_language"]["pinch"]["mexa"]
    means = np.mean(list(each.values()), axis=0)
    found = [row["value"] for row in probed.found["curves"]["mexa"]["pinch"]]
    np.testing.assert_allclose(found, means, atol=1e-4)


def test_changes_are_after_minus_before(probed):
    curves, changes = probed.found["curves"], probed.found["changes"]
    for measure in ("retrieval", "target"):
        for k in range(2):
            after, before = (curves[measure][arm][k]["value"] for arm in ("pinch", "english"))
            change = changes[measure]["pinch"]["english"][k]
            assert change["value"] == pytest.approx(after - before, abs=1e-5)
        middle = probed.found["middle_changes"][measure]["pinch"]["english"]
        assert middle == changes[measure]["pinch"]["english"][0]


def test_the_lens_in_the_last_layer_is_what_the_arm_says(probed):
    texts = read_texts(probed.project, probed.parallel)
    model, tokenizer = load_weights(probed.project, "english")
    pair = next(p for p in texts.pairs() if p.unit.code == "ja")
    own, english = (
        [f"{e.prompt}\n{e.response}" for e in unit.rows.values()]
        for unit in (pair.unit, pair.english)
    )
    groups = group_tokens(Vocabulary(tokenizer, 259), "ja", own, english)
    shares = []
    for example in pair.unit.rows.values():
        with torch.inference_mode():
            ids = torch.tensor([encode_prompt(tokenizer, example)])
            said = model(input_ids=ids).logits[0, -1].float().softmax(-1).numpy()
        shares.append(100 * said @ groups)
    found = probed.found["by_language"]["english"]
    for k, group in enumerate(("target", "english", "script", "latin")):
        assert found[group]["ja"][-1] == pytest.approx(np.mean(shares, axis=0)[k], abs=1e-3)


def test_what_moved_is_what_was_tuned(probed):
    moved = probed.found["moved"]
    assert set(moved["weights"]) == {"english", "pinch"}
    for after, before in (("english", "base"), ("pinch", "base"), ("pinch", "english")):
        weights = moved["weights"][after][before]
        assert all(value > 0 for value in weights["layers"])
        assert sum(weights["shares"]) == pytest.approx(1, abs=1e-5)
        assert weights["rest"] == 0, "LoRA leaves words and output layer as they are"
        assert all(value > 0 for value in moved["states"][after][before])
        cka = probed.found["cka"]["arms"][after][before]["unbiased"]["mean"]
        assert all(0.5 < value <= 1 for value in cka)


def test_the_last_layers_alone_were_tuned(probed):
    from pinchtune.model.load import load_arm
    from pinchtune.probing.movement import measure_movement

    folder = probed.project.path("probe", "interventions", "tuned_last")
    assert read_json(folder / "manifest.json")["train"]["last_layers"] == 1
    base, _ = load_weights(probed.project, "base")
    found = measure_movement(base, load_arm(folder, probed.project.config.model))
    assert found.layers[0] == 0 < found.layers[1]


def test_interventions_answered_every_prompt(probed):
    prompts = [p.id for p in probed.project.evaluation_prompts()]
    folder = probed.project.path("probe", "interventions")
    texts = {}
    for name in ("tune_last", "patch_last", "patch_first", "steer"):
        rows = [row for _, row in read_jsonl(folder / name / "answers.jsonl")]
        assert [row["prompt_id"] for row in rows] == prompts
        texts[name] = [row["text"] for row in rows if row["language"] == "en"]
    english = [
        row["text"]
        for _, row in read_jsonl(probed.project.path("answers", "english", "answers.jsonl"))
        if row["language"] == "en"
    ]
    assert texts["steer"] == english, "English is not steered"


def test_a_second_call_computes_nothing(probed, monkeypatch):
    before = hash_tree(probed.project.path("probe"))

    def never(*_args):
        raise AssertionError("a model was loaded")

    monkeypatch.setattr(parts, "load_weights", never)
    args = {"interventions": True, "strength": 2.0, "parallel": probed.parallel}
    assert probe(probed.project, **args).path == probed.folder
    assert hash_tree(probed.project.path("probe")) == before
    # Without interventions the page is made again, from what was measured.
    copy = Project(probed.project.folder, probed.project.config)
    texts = read_texts(copy, probed.parallel)
    assert "0 texts to read in 3 languages" in cost_text(copy, pick_arms(copy), texts, None)


@pytest.fixture
def copied(tuned_project: Project, tmp_path: Path) -> Project:
    """A copy of the tuned project, to be changed."""
    shutil.copytree(tuned_project.folder, tmp_path / "copy")
    shutil.rmtree(tmp_path / "copy/runs/probe", ignore_errors=True)
    return Project.open(tmp_path / "copy")


def test_a_killed_run_goes_on_and_ends_in_the_same_bytes(copied, monkeypatch):
    parallel = copied.folder / "parallel.jsonl"
    arms = ["base", "english"]
    whole = probe(copied, arms, parallel=parallel).path
    expected = hash_tree(whole)
    shutil.rmtree(copied.path("probe"))
    real, seen = parts._lens, []

    def dies(loaded, *rest):
        seen.append(loaded.arm.name)
        if len(seen) == 2:
            raise KeyboardInterrupt
        return real(loaded, *rest)

    monkeypatch.setattr(parts, "_lens", dies)
    with pytest.raises(KeyboardInterrupt):
        probe(copied, arms, parallel=parallel)
    assert not whole.exists()
    kept = {p.parent.as_posix() for p in copied.path("probe").rglob("manifest.json")}
    assert len(kept) == 4, "three parts of the base model, the states of the English arm"
    probe(copied, arms, parallel=parallel)
    assert seen == ["base", "english", "english"]
    assert hash_tree(whole) == expected


def test_other_weights_are_measured_again(copied):
    parallel = copied.folder / "parallel.jsonl"
    first = probe(copied, ["base", "english"], parallel=parallel)
    base = read_json(copied.path("probe/measured/base/states/manifest.json"))
    shutil.rmtree(copied.path("arms", "english"))
    other = Project.open(copied.folder, ["train.learning_rate=5e-3"])
    train(other, ["english"])
    again = probe(other, ["base", "english"], parallel=parallel)
    assert read_json(copied.path("probe/measured/base/states/manifest.json")) == base
    assert again.key != first.key
    assert read_json(again.path / "probe.json")["arms"] == ["base", "english"]


def english_twins(project: Project) -> list[dict]:
    """Return the pool of the project, and a row in English beside each of its texts."""
    pool = [row for _, row in read_jsonl(project.folder / "data/pinch.jsonl")]
    ids = {row["parallel_id"] for row in pool}
    texts = [{"instruction": f"Ask {i}.", "response": i, "parallel_id": i} for i in sorted(ids)]
    return [*pool, *({"language": "en", **row} for row in texts)]


def test_the_untuned_model_alone_and_the_gains_of_an_evaluation(copied):
    gains = {"en": 1.0, "es": 3.0, "ja": 10.0, "ar": None}
    rows = {code: {"value": value, "low": None, "high": None} for code, value in gains.items()}
    scores = {"measures": {"right_language": {"difference": {"languages": rows}}}}
    evaluation = evaluated_run(copied)
    evaluation.start()
    write_json(evaluation.path / "scores.json", scores)
    assert read_gains(copied) == {}, "an evaluation without a manifest is not finished"
    evaluation.finish({})
    assert read_gains(copied) == {"en": 1.0, "es": 3.0, "ja": 10.0}
    run = probe(copied, ["base"], parallel=copied.folder / "parallel.jsonl")
    found = read_json(run.path / "probe.json")
    assert found["gain"]["gains"] == {"es": 3.0, "ja": 10.0}
    assert set(found["gain"]["against"]) == {"mexa_before", "retrieval_before"}
    assert found["moved"] == {"weights": {}, "states": {}}
    page = (run.path / "page.html").read_text("utf-8")
    assert "nothing is said of the hypothesis" in page
    assert {p.stem for p in run.path.glob("*.svg")} == {
        "alignment", "lens", "script", "cka", "neurons",
    }  # fmt: skip


def test_gains_of_other_arms_are_left_out_and_told(copied):
    gains = {"measures": {"right_language": {"difference": {"languages": {"es": {"value": 3.0}}}}}}
    evaluation = evaluated_run(copied)
    evaluation.start()
    write_json(evaluation.path / "scores.json", gains)
    evaluation.finish({})
    assert read_gains(copied) == {"es": 3.0}
    said = []
    listener = Silent()
    listener.say = said.append
    shutil.rmtree(copied.path("arms", "pinch"))
    other = Project.open(copied.folder, ["train.learning_rate=5e-3"])
    train(other, ["pinch"])
    assert read_gains(other, listener) == {}
    (line,) = said
    assert "is of other arms or answers than today's, so its gains are left out" in line


def test_arms_of_another_mixture_are_refused(copied):
    parallel = copied.folder / "parallel.jsonl"
    other = Project.open(copied.folder, ["mix.dose=2"])
    mix(other)
    with pytest.raises(UsageError, match=r"arms/pinch: is not of today's mixture, settings and"):
        probe(other, parallel=parallel)


def test_texts_that_an_arm_was_tuned_on_are_left_out(tuned_project, tmp_path):
    rows = [row for _, row in read_jsonl(tuned_project.path("mixture", "pinch.jsonl"))]
    tuned_on = {r["parallel_id"] for r in rows if r["language"] != "en"}
    own = make_parallel(("en", "es", "ja", "ar"), 1, 13)
    file = write_parallel(tmp_path / "shared.jsonl", [*english_twins(tuned_project), *own])
    texts = read_texts(tuned_project, file)
    assert texts.left_out == len(tuned_on) > 0
    assert all(tuned_on.isdisjoint(unit.rows) for unit in texts.units)
    sizes = {unit.code: len(unit.rows) for unit in texts.units}
    assert sizes == dict.fromkeys(("en", "es", "ja"), 18 - len(tuned_on)) | {"ar": 12}


def test_what_cannot_be_done_is_one_sentence(tuned_project, tmp_path):
    own = tuned_project.folder / "parallel.jsonl"

    def refused(match, *arms, **options):
        with pytest.raises(UsageError, match=match):
            probe(tuned_project, arms, **{"parallel": own, **options})

    refused("unknown arm 'pnch'; use one of: base, english, pinch", "pnch")
    refused("--last: the model has 2 layers; name a number from 1 to 1", last=2)
    refused("--strength: is that of an intervention; add --interventions", strength=2.0)
    refused("--interventions: compares english and pinch", "base", interventions=True)
    few = write_parallel(tmp_path / "few.jsonl", make_parallel(["es"], 1, 20))
    refused(r"few\.jsonl: no language of the project has 10 rows", parallel=few)
    more = make_parallel(("es", "en"), 1, 5)
    known = write_parallel(tmp_path / "known.jsonl", [*english_twins(tuned_project), *more])
    refused(r"known\.jsonl: fewer than 10 texts a language are left", parallel=known)
    served = Project.open(tuned_project.folder, ["generate.endpoint=http://127.0.0.1:1/v1"])
    with pytest.raises(UsageError, match=r"generate\.endpoint: interventions change weights"):
        probe(served, interventions=True, parallel=own)


def test_an_arm_that_is_not_tuned_is_told(make_project):
    with pytest.raises(UsageError, match="run `pinch train` first"):
        probe(Project.open(make_project()))


def test_gains_are_set_against_what_was_measured(probed):
    assert read_gains(probed.project) == {}
    gains = {"en": 0.0, "es": 3.0, "ja": 10.0, "ar": -2.0}
    found = correlate_gain(probed.found, gains)
    assert found["gains"] == {"es": 3.0, "ja": 10.0, "ar": -2.0}
    assert set(found["against"]) == {
        "mexa_before", "retrieval_before", "mexa_change", "target_change",
    }  # fmt: skip
    row = found["against"]["target_change"]
    by = probed.found["by_language"]
    xs = [by["pinch"]["target"][c][-1] - by["english"]["target"][c][-1] for c in ("es", "ja", "ar")]
    expected = correlate(xs, [3.0, 10.0, -2.0])
    assert expected and row["pearson"]["value"] == pytest.approx(expected.r.value, abs=1e-4)


def test_the_middle_third():
    assert [list(middle_layers(n)) for n in (1, 2, 3, 18)] == [[0], [0], [1], [*range(6, 12)]]


def test_every_seed_is_looked_into(copied):
    project = tune_seeds(copied)
    names = [arm.name for arm in pick_arms(project)]
    assert names == [*ARMS, "seed1/english", "seed1/pinch"]
    run = probe(project, names[3:], parallel=copied.folder / "parallel.jsonl")
    found = read_json(run.path / "probe.json")
    assert found["arms"] == names[3:]
    assert list(found["changes"]["mexa"]["seed1/pinch"]) == ["seed1/english"]
    page = (run.path / "page.html").read_text("utf-8")
    assert "With the pinch, seed 1" in page and "多言語例あり（シード1）" in page
