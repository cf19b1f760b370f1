"""Made-up verdicts have the chances and correlations that they were asked for."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pinchtune.errors import UsageError
from pinchtune.stats import (
    Assumptions,
    Shape,
    assume_from_pilot,
    draw_by_language,
    draw_scores,
)


def draw(assumptions, shape, seed=0, **options):
    """Return [languages, studies, seeds, prompts]."""
    return np.stack(
        list(draw_by_language(assumptions, shape, np.random.default_rng(seed), **options))
    )


def test_chances():
    scores = draw(Assumptions(12, 0.3, languages=2, correlation=0.4), Shape(400, 1, 100))
    assert set(np.unique(scores)) == {0, 50, 100}
    for language in scores:
        assert language.mean() == pytest.approx(62, abs=0.6)
        assert (language == 50).mean() == pytest.approx(0.3, abs=0.01)


@pytest.mark.parametrize("effect", [0, 20])
@pytest.mark.parametrize(
    "across, lasting", [(0, 0), (0.3, 0.3), (0.2, 0.6), (0, 0.5), (0.5, 1), (0.4, 0.1), (0.4, 0)]
)
def test_correlations(effect, across, lasting):
    assumptions = Assumptions(effect, 0.3, 3, across, lasting)
    scores = draw(assumptions, Shape(300, 2, 100)).swapaxes(1, 2).reshape(3, 2, -1)
    found = np.corrcoef(scores.reshape(6, -1))
    # Rows: language 0 seed 0, language 0 seed 1, language 1 seed 0, ...
    assert found[0, 1] == pytest.approx(lasting, abs=0.02)
    assert found[0, 2] == pytest.approx(across, abs=0.02)
    assert found[0, 3] == pytest.approx(min(across, lasting), abs=0.02)


def test_seeds_lie_apart_and_prompts_stay():
    scores = draw(Assumptions(5, 0.2, 1, 0.2, 0.4, seed_spread=6), Shape(1000, 4, 400))[0]
    means = scores.mean(axis=2)
    noise = (means.std(axis=1, ddof=1) ** 2).mean()
    sampled = 2500 * 0.8 * (1 - 0.4) / 400
    assert noise == pytest.approx(36 + sampled, rel=0.1)


def test_languages_may_differ_and_a_large_effect_stops_at_the_ties():
    scores = draw(Assumptions(0, 0.5, 2), Shape(100, 1, 100), own=[-10.0, 99.0])
    assert scores[0].mean() == pytest.approx(40, abs=1)
    assert scores[1].min() == 50 and scores[1].mean() == pytest.approx(75, abs=1)


def test_scores_are_the_mean_over_languages():
    assumptions = Assumptions(5, 0.2, 4, 0.3)
    mean = draw_scores(assumptions, Shape(3, 2, 7), np.random.default_rng(1))
    assert mean == pytest.approx(draw(assumptions, Shape(3, 2, 7), seed=1).mean(axis=0))


@pytest.mark.parametrize(
    "values, words",
    [
        ({"ties": 1.0}, "ties must be"),
        ({"ties": -0.1}, "ties must be"),
        ({"languages": 0}, "at least one language"),
        ({"effect": 45}, "with 30% ties no effect exceeds 35 points"),
        ({"effect": -45}, "no effect exceeds"),
        ({"correlation": 1.1}, "correlation must"),
        ({"seed_correlation": -0.1}, "seed_correlation must"),
        ({"seed_spread": -1}, "seed_spread must"),
    ],
)
def test_what_no_verdicts_could_be_is_refused(values, words):
    with pytest.raises(UsageError, match=words):
        Assumptions(**{"effect": 5, "ties": 0.3} | values)


def test_a_pilot_gives_back_what_it_was_made_from():
    truth = Assumptions(8, 0.3, 4, 0.25, 0.5, seed_spread=5)
    pilot = np.moveaxis(draw(truth, Shape(1, 60, 400))[:, 0], 0, 2)
    found = assume_from_pilot(pilot)
    assert found.languages == 4
    assert found.effect == pytest.approx(8, abs=2.5)
    assert found.ties == pytest.approx(0.3, abs=0.02)
    assert found.correlation == pytest.approx(0.25, abs=0.04)
    assert found.seed_correlation == pytest.approx(0.5, abs=0.06)
    assert found.seed_spread == pytest.approx(5, abs=1.2)


def test_prompts_that_fall_otherwise_are_no_spread_between_seeds():
    truth = Assumptions(8, 0.3, 2, 0.2, 0.2)
    pilot = np.moveaxis(draw(truth, Shape(1, 100, 12))[:, 0], 0, 2)
    assert assume_from_pilot(pilot).seed_spread < 4
    assert pilot.mean(axis=(1, 2)).std() > 6


def test_a_pilot_of_one_seed_needs_the_spread_to_be_stated():
    pilot = np.moveaxis(draw(Assumptions(8, 0.3, 4, 0.25), Shape(1, 1, 800))[:, 0], 0, 2)
    with pytest.raises(UsageError, match="one seed does not show"):
        assume_from_pilot(pilot)
    found = assume_from_pilot(pilot, seed_spread=3.0)
    assert (found.seed_spread, found.seed_correlation) == (3.0, 1.0)
    assert found.correlation == pytest.approx(0.25, abs=0.05)


@settings(max_examples=40)
@given(st.integers(1, 3), st.integers(2, 8), st.integers(1, 3), st.integers(0, 999))
def test_any_verdicts_are_a_pilot(seeds, prompts, languages, seed):
    rng = np.random.default_rng(seed)
    pilot = rng.choice([0.0, 50.0, 100.0, math.nan], (seeds, prompts, languages))
    pilot[0, 0, 0] = 100.0
    found = assume_from_pilot(pilot, seed_spread=0.0)
    assert found.effect == pytest.approx(np.nanmean(pilot) - 50)
    assert 0 <= found.correlation <= 1 and 0 <= found.seed_correlation <= 1


@pytest.mark.parametrize(
    "scores, words",
    [
        ([[50.0, 100.0]], "by seed, prompt and language"),
        ([[[math.nan]]], "by seed, prompt and language"),
        ([[[12.5], [50.0]]], "must be verdicts"),
    ],
)
def test_what_is_no_pilot_is_refused(scores, words):
    with pytest.raises(UsageError, match=words):
        assume_from_pilot(np.array(scores), seed_spread=1.0)
