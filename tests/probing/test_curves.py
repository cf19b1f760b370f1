"""Curves from made-up states: which sentence is beside which, and means of languages."""

from __future__ import annotations

import numpy as np
import pytest

from pinchtune.probing.curves import (
    alignment_scores,
    change_of_layers,
    estimate_layers,
    lens_scores,
    resample_sentences,
)
from pinchtune.probing.texts import Texts
from pinchtune.records import Example
from pinchtune.stages.facts import Unit

IDS = {"en": "abcdefgh", "es": "hcaf", "ja": "bdeg"}


@pytest.fixture
def texts():
    """English with eight sentences; two languages with four of them each, in other orders."""
    units = [
        Unit("own", code, {i: Example(f"{code} {i}", "x", code) for i in ids})
        for code, ids in IDS.items()
    ]
    return Texts(units, 0)


def states(noise):
    """Two layers: in the first a sentence lies where its twin does, in the second anywhere."""
    rng = np.random.default_rng(0)
    places = {i: rng.normal(size=16) for i in IDS["en"]}
    return {
        f"own-{code}": np.stack(
            [
                [places[i] + noise * rng.normal(size=16) for i in ids],
                rng.normal(size=(len(ids), 16)),
            ]
        )
        for code, ids in IDS.items()
    }


def test_a_sentence_stands_beside_its_own_twin(texts):
    found = alignment_scores(states(0.01), texts)
    for one in found.values():
        assert one.sentences == list("hcafbdeg")
        assert one.languages == ["es"] * 4 + ["ja"] * 4
        assert one.values[0].tolist() == [100] * 8
        assert one.values[1].mean() < 80


def test_curves_are_means_over_languages_and_changes_are_paired(texts):
    clear, blurred = (alignment_scores(states(noise), texts)["retrieval"] for noise in (0.01, 1))
    resamples = resample_sentences({"": clear}, 200, 0)
    value, *_, n = estimate_layers(clear, resamples)[0]
    assert (value, n) == (100, 8)
    change = change_of_layers(blurred, clear, resamples)[0]
    means = [np.mean(row) for row in (blurred.values[0], clear.values[0])]
    assert change.value == pytest.approx(means[0] - means[1])
    assert change.low <= change.value <= change.high
    assert clear.by_language()["ja"][0] == 100
    assert clear.of(range(2)).values.tolist() == [clear.values.mean(0).tolist()]


def test_only_languages_of_other_letters_have_a_script(texts):
    shares = {"own-es": np.full((2, 4, 4), 0.25), "own-ja": np.full((2, 4, 4), 0.5)}
    found = lens_scores(shares, texts)
    assert found["target"].by_language() == {"es": [25, 25], "ja": [50, 50]}
    assert found["script"].by_language() == found["latin"].by_language() == {"ja": [50, 50]}
    spanish = Texts([unit for unit in texts.units if unit.code != "ja"], 0)
    assert set(lens_scores(shares, spanish)) == {"target", "english"}
