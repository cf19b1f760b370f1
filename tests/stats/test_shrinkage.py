"""Shrunken effects: the eight schools, plain loops, the exact posterior, and simulated groups."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pinchtune.stats import (
    ClusteredScores,
    Resamples,
    draw_effects,
    least_error,
    shrink,
    summarise_draws,
)

SCHOOLS = [28, 8, -3, 7, -1, 1, 18, 12]
ERRORS = [15, 10, 16, 11, 9, 11, 10, 18]


def posterior_slowly(y, s, most, steps=2000):
    """Means of the eight schools' effects: every spread weighed in plain loops."""
    total, sums = 0.0, [0.0] * len(y)
    for k in range(steps):
        tau = most * k / (steps - 1)
        weights = [1 / (e * e + tau * tau) for e in s]
        centre = sum(w * v for w, v in zip(weights, y, strict=True)) / sum(weights)
        log = -0.5 * math.log(sum(weights))
        for w, v in zip(weights, y, strict=True):
            log += 0.5 * math.log(w) - 0.5 * w * (v - centre) ** 2
        mass = math.exp(log)
        total += mass
        for i, (v, e) in enumerate(zip(y, s, strict=True)):
            pull = e * e / (e * e + tau * tau)
            sums[i] += mass * (pull * centre + (1 - pull) * v)
    return [value / total for value in sums]


def test_eight_schools():
    draws, means, _ = draw_effects(SCHOOLS, ERRORS, 40000, np.random.default_rng(0))
    # Gelman et al., table 5.3: the medians are 10, 8, 7, 8, 5, 6, 10, 8; the mean is about 8.
    assert np.median(draws, axis=0) == pytest.approx([10, 8, 7, 8, 5, 6, 10, 8], abs=1)
    assert means.mean() == pytest.approx(8, abs=0.5)
    low, high = np.percentile(draws[:, 0], [2.5, 97.5])
    assert (low, high) == (pytest.approx(-2, abs=1), pytest.approx(31, abs=2))
    slow = posterior_slowly(SCHOOLS, ERRORS, 2 * 31)
    assert draws.mean(axis=0) == pytest.approx(slow, abs=0.3)


def test_sure_effects_stay_and_unsure_ones_are_drawn_to_the_mean():
    rng = np.random.default_rng(0)
    sure, *_ = draw_effects([0, 50], [0.1, 0.1], 4000, rng)
    assert sure.mean(axis=0) == pytest.approx([0, 50], abs=0.1)
    unsure, *_ = draw_effects([0, 10, 20], [30, 30, 30], 20000, rng)
    assert np.ptp(unsure.mean(axis=0)) < 12


def test_one_language_is_its_own_mean():
    draws, means, _ = draw_effects([12], [3], 20000, np.random.default_rng(0))
    assert draws.mean() == pytest.approx(12, abs=0.3)
    assert means.std() > 3


def test_summary_bounds_hold_95_percent():
    found = summarise_draws(np.arange(1001.0), 7)
    assert found == (500, 25, 975, 7)


def exact_means(values, covariance, steps=1500):
    """Posterior means with the whole covariance: a spread at a time, by the normal's own rules."""
    size, total, sums = len(values), 0.0, np.zeros(len(values))
    for spread in np.linspace(0, 2 * np.ptp(values), steps):
        whole = np.linalg.inv(covariance + spread**2 * np.eye(size))
        ones = np.ones(size)
        mean = ones @ whole @ values / (ones @ whole @ ones)
        away = values - mean
        logs = -0.5 * (away @ whole @ away - np.linalg.slogdet(whole)[1])
        mass = math.exp(logs - 0.5 * math.log(ones @ whole @ ones))
        total += mass
        sums += mass * (mean + spread**2 * whole @ away)
    return sums / total


def test_shared_error_is_taken_into_account_exactly():
    values = [20.0, 5.0, -4.0, 12.0]
    errors = np.array([36.0, 25.0, 49.0, 30.0])
    covariance = np.diag(errors - 15) + 15
    found = shrink(values, covariance, [10_000] * 4, draws=100_000)
    means = [estimate.value for estimate in found.languages]
    assert means == pytest.approx(exact_means(np.array(values), covariance), abs=0.15)
    apart = shrink(values, np.diag(errors), [10_000] * 4, draws=100_000)
    # What moves all together is no sign that they are alike, and makes the mean less sure.
    assert found.spread.value > apart.spread.value
    assert found.mean.high - found.mean.low > apart.mean.high - apart.mean.low


def test_all_prompts_alike_is_not_no_doubt():
    found = shrink([0.0, 0.0, 0.0], np.zeros((3, 3)), [24] * 3)
    assert found.languages[0].high - found.languages[0].low > 2
    assert least_error(24) == pytest.approx(2.76, abs=0.02)
    assert least_error(400) < 0.2


def test_errors_from_few_prompts_are_themselves_unsure():
    """From ten prompts the interval is as much wider as Student's t is than the normal."""
    values, covariance = [20.0, 20.0, 20.0], np.eye(3) * 900
    few, many = (shrink(values, covariance, [n] * 3, draws=50_000) for n in (10, 10_000))
    widths = [e.languages[0].high - e.languages[0].low for e in (few, many)]
    assert widths[0] / widths[1] == pytest.approx(2.262 / 1.96, rel=0.02)


@settings(max_examples=25)
@given(
    st.lists(st.floats(-40, 40), min_size=2, max_size=8),
    st.floats(1, 15),
    st.integers(5, 60),
)
def test_properties(values, error, n):
    covariance = np.eye(len(values)) * error**2
    found = shrink(values, covariance, [n] * len(values), draws=2000)
    again = shrink(values, covariance, [n] * len(values), draws=2000)
    assert found == again
    slack = max(error, least_error(n)) / 4
    for estimate in found.languages:
        assert min(values) - slack <= estimate.value <= max(values) + slack
        assert estimate.low <= estimate.value <= estimate.high
    shifted = shrink([v + 7 for v in values], covariance, [n] * len(values), draws=2000)
    assert [e.value for e in shifted.languages] == pytest.approx(
        [e.value + 7 for e in found.languages], abs=1e-6
    )


def test_shrunken_scores_are_nearer_to_the_truth():
    """24 prompts in eight languages; what a language has of its own is small beside the noise."""
    rng = np.random.default_rng(1)
    prompts, codes = 24, [f"l{i}" for i in range(8)]
    names = [f"{i:02}" for i in range(prompts)] * 8
    columns = [code for code in codes for _ in range(prompts)]
    resamples = Resamples(names, 1)
    raw, shrunken, held = 0.0, 0.0, []
    for trial in range(100):
        truth = 60 + rng.normal(0, 4, 8)
        difficulty = rng.normal(0, 20, prompts)
        scores = truth[:, None] + difficulty + rng.normal(0, 30, (8, prompts))
        found = ClusteredScores(resamples, scores.ravel(), names, columns)
        values = [found.estimate([code]).value for code in codes]
        group = shrink(values, found.covariance(codes), [prompts] * 8, draws=1000, seed=trial)
        raw += np.square(values - truth).mean()
        shrunken += np.square([e.value for e in group.languages] - truth).mean()
        held += [e.low <= t <= e.high for e, t in zip(group.languages, truth, strict=True)]
    assert shrunken < 0.75 * raw
    assert 0.92 <= np.mean(held) <= 0.99
