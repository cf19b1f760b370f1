"""What each intervention is made of, and how its answers are scored."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from pinchtune.config import Config
from pinchtune.model.layers import decoder_layers
from pinchtune.probing.arms import pick_arms
from pinchtune.probing.parts import read_arrays, read_run
from pinchtune.probing.texts import read_texts
from pinchtune.probing.trials import Trials, language_vectors, make_setting, score_trials
from pinchtune.progress import Silent
from pinchtune.records import Answer, Example
from pinchtune.stages.generate import load_weights


@pytest.fixture
def trials(probed):
    texts = read_texts(probed.project, probed.parallel)
    return Trials(probed.project, texts, make_setting(2, 1, 2.0))


@pytest.fixture
def states(probed):
    """The states of the English arm."""
    english = pick_arms(probed.project)[1]
    assert english.name == "english"
    texts = read_texts(probed.project, probed.parallel)
    return read_arrays(read_run(english, "states", texts))


def test_the_last_layers_are_a_quarter_unless_told():
    assert list(make_setting(18, 0, 1.0).late) == [13, 14, 15, 16, 17]
    assert make_setting(18, 0, 1.0).early == range(13)
    assert list(make_setting(18, 2, 1.0).late) == [16, 17]


@pytest.mark.parametrize(("name", "moved"), [("patch_last", 1), ("patch_first", 0)])
def test_the_layers_that_are_patched(trials, states, name, moved):
    patched = trials.makers(states, Silent())[name]().model
    for k in range(2):
        source, _ = load_weights(trials.project, "pinch" if k == moved else "english")
        pairs = zip(
            decoder_layers(patched)[k].parameters(),
            decoder_layers(source)[k].parameters(),
            strict=True,
        )
        assert all(torch.equal(a, b) for a, b in pairs)


def test_the_vector_is_of_the_layer_before_the_last_ones(trials, states):
    steered = trials.makers(states, Silent())["steer"]()
    assert (steered.layer, steered.strength) == (0, 2.0)
    found = language_vectors(states, trials.texts, 0)
    assert set(found) == {"es", "ja", "ar"}
    expected = states["own-ja"][0].mean(0) - states["own-en"][0].mean(0)
    np.testing.assert_allclose(found["ja"], expected, atol=1e-5)
    np.testing.assert_allclose(steered.vectors["ja"], expected, atol=1e-5)


def test_a_key_tells_what_it_is_made_from(trials):
    weak = Trials(trials.project, trials.texts, make_setting(2, 1, 1.0))
    assert weak.key("steer") != trials.key("steer")
    for name in ("tune_last", "patch_last", "patch_first"):
        assert weak.key(name) == trials.key(name)
    names = ("tune_last", "patch_last", "patch_first", "steer")
    assert len({trials.key(name) for name in names}) == 4


def test_scores_are_set_against_both_arms():
    config = Config.model_validate(
        {"languages": {"tuned": ["ja"], "unseen": ["ru"]}, "evaluate": {"resamples": 50}}
    )
    own = {"en": "The room is on the left.", "ja": "部屋は左側にあります。", "ru": "Комната слева."}
    prompts = [
        Example(f"{n}", own[code], code, parallel_id=str(n)) for code in own for n in range(6)
    ]

    def answer(right):
        return [
            Answer(p.id, p.language, own[p.language if p.language in right else "en"], True, 9)
            for p in prompts
        ]

    answers = {
        "english": answer(["en"]), "pinch": answer(["en", "ja", "ru"]), "steer": answer(["ja"]),
    }  # fmt: skip
    found = score_trials(prompts, answers, config)
    value, english, pinch = (
        {
            group: row["value"]
            for group, row in found["steer"]["right_language"][part]["groups"].items()
        }
        for part in ("value", "against_english", "against_pinch")
    )
    assert value == {"english": 100, "seen": 100, "unseen": 0}
    assert english == {"english": 0, "seen": 100, "unseen": 0}
    assert pinch == {"english": 0, "seen": 0, "unseen": -100}
    assert set(found["steer"]) == {"right_language", "chrf", "repetition"}
    assert found["pinch"]["chrf"]["value"]["groups"]["seen"]["value"] == 100
