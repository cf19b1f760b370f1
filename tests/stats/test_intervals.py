"""Intervals and p-values of resampled values: against scipy, against each other, by properties."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats as scipy_stats

from pinchtune.stats import LEVEL, Bootstrap, ClusteredScores, Method, Resamples
from pinchtune.stats.intervals import Correction

METHODS: tuple[Method, ...] = ("percentile", "expanded", "bca", "expanded-bca")


def names(count):
    return [f"{i:05}" for i in range(count)]


def boot(values, count=500, seed=0):
    clusters = names(len(values))
    resamples = Resamples(clusters, count, seed)
    return ClusteredScores(resamples, values, clusters, ["en"] * len(values)).bootstrap()


def scipy_bca(data, statistic, count=500, seed=0, **options):
    return scipy_stats.bootstrap(
        data,
        statistic,
        n_resamples=count,
        method="BCa",
        vectorized=False,
        rng=np.random.default_rng(seed),
        **options,
    ).confidence_interval


@pytest.mark.parametrize("size, seed", [(12, 1), (40, 2), (100, 3)])
def test_bca_of_a_mean_agrees_with_scipy(size, seed):
    values = np.random.default_rng(seed).exponential(size=size)
    estimate = boot(values, seed=seed).estimate("bca")
    expected = scipy_bca((values,), np.mean, seed=seed)
    assert (estimate.low, estimate.high) == pytest.approx(tuple(expected), rel=1e-6)


def test_bca_of_verdicts_with_ties_agrees_with_scipy():
    values = np.random.default_rng(4).choice([0.0, 50.0, 100.0], 30, p=[0.1, 0.3, 0.6])
    estimate = boot(values).estimate("bca")
    assert (estimate.low, estimate.high) == pytest.approx(tuple(scipy_bca((values,), np.mean)))


def test_bca_of_clusters_of_unequal_size_agrees_with_scipy():
    """The clusters are the draws; a cluster brings one to five prompts in two languages."""
    rng = np.random.default_rng(5)
    clusters = [name for name in names(25) for _ in range(rng.integers(1, 6))]
    codes = rng.choice(["en", "ja"], len(clusters)).tolist()
    values = rng.exponential(size=len(clusters)) + 3 * (np.array(clusters) < "00005")

    def statistic(picks):
        drawn = [i for pick in picks for i in np.flatnonzero(np.array(clusters) == pick)]
        parts = [[values[i] for i in drawn if codes[i] == code] for code in ("en", "ja")]
        return np.mean([np.mean(part) for part in parts])

    found = ClusteredScores(Resamples(clusters, 300), values, clusters, codes).bootstrap()
    everything = np.array(names(25))
    picks = np.random.default_rng(0).integers(25, size=(300, 25))
    drawn = np.array([statistic(everything[row]) for row in picks])
    assert found.drawn == pytest.approx(drawn)
    left = np.array([statistic(np.delete(everything, k)) for k in range(25)])
    assert found.left_out == pytest.approx(left)
    away = left.mean() - left
    acceleration = (away**3).sum() / (6 * (away**2).sum() ** 1.5)
    bias = scipy_stats.norm.ppf((drawn < statistic(everything)).mean())
    w = bias + scipy_stats.norm.ppf([0.025, 0.975])
    levels = scipy_stats.norm.cdf(bias + w / (1 - acceleration * w))
    estimate = found.estimate("bca")
    assert (estimate.low, estimate.high) == pytest.approx(tuple(np.quantile(drawn, levels)))


def test_expanded_levels_are_those_of_student():
    correction = Correction(clusters=24)
    outer = scipy_stats.norm.cdf(math.sqrt(24 / 23) * scipy_stats.t.ppf(0.025, 23))
    assert correction.outward(0.025) == pytest.approx(outer)
    values = np.random.default_rng(6).normal(size=24)
    estimate = boot(values, count=20_000).estimate("expanded")
    half = scipy_stats.t.ppf(0.975, 23) * values.std(ddof=1) / math.sqrt(24)
    assert (estimate.high - estimate.low) / 2 == pytest.approx(half, rel=0.03)


@given(
    st.floats(-1, 1),
    st.floats(-0.16, 0.16),
    st.none() | st.integers(6, 10_000),
    st.floats(0.001, 0.999),
)
def test_inward_undoes_outward(bias, acceleration, clusters, level):
    correction = Correction(bias, acceleration, clusters)
    share = correction.outward(level)
    if 1e-9 < share < 1 - 1e-9:
        assert correction.inward(share) == pytest.approx(level, rel=1e-4)


VERDICTS = st.lists(st.sampled_from([0.0, 50.0, 100.0]), min_size=6, max_size=40)


@given(VERDICTS, st.sampled_from(METHODS), st.floats(1, 99))
def test_p_values_agree_with_the_interval(values, method, limit):
    found = boot(values, count=200)
    estimate = found.estimate(method)
    above, below = found.p_above(limit, method), found.p_below(limit, method)
    for p, shown, bound in (
        (above, estimate.low > limit, estimate.low),
        (below, estimate.high < limit, estimate.high),
    ):
        assert 0 < p < 1
        within = np.sort(found.drawn)[1] <= limit <= np.sort(found.drawn)[-2]
        if abs(bound - limit) > 1e-9 and within:
            assert (p < LEVEL) == shown
    assert not (above < LEVEL and below < LEVEL)


@given(VERDICTS, st.sampled_from(METHODS))
def test_mirrored_scores_have_the_mirrored_interval(values, method):
    found = boot(values, count=200)
    mirrored = Bootstrap(-found.value, -found.drawn, -found.left_out, found.n)
    there, here = mirrored.estimate(method), found.estimate(method)
    assert (there.low, there.high) == pytest.approx((-here.high, -here.low), abs=1e-6)
    assert here.low <= here.high


def test_p_falls_as_the_limit_does_and_is_never_0():
    found = boot(np.random.default_rng(7).normal(60, 10, 30))
    p_values = [found.p_above(limit) for limit in range(40, 80, 2)]
    assert p_values == sorted(p_values)
    assert 0 < found.p_above(-1e6) < 0.01
    assert found.p_above(1e6) > 0.99
    assert found.p_above(found.value) == pytest.approx(0.5, abs=0.1)


def test_p_of_a_mean_is_about_that_of_students_test():
    values = np.random.default_rng(8).normal(3, 10, 60)
    found = boot(values, count=20_000)
    expected = scipy_stats.ttest_1samp(values, 0, alternative="greater").pvalue
    assert found.p_above(0.0) == pytest.approx(expected, rel=0.15)
    assert found.p_below(0.0) == pytest.approx(1 - expected, rel=0.05)


def test_the_error_of_a_mean_is_students():
    values = np.random.default_rng(9).normal(size=20)
    assert boot(values).error == pytest.approx(scipy_stats.sem(values))


@pytest.mark.parametrize("method", METHODS)
def test_where_nothing_can_be_said(method):
    for values in ([], [1.0]):
        found = boot(values)
        assert math.isnan(found.estimate(method).low)
        assert math.isnan(found.p_above(0, method)) and math.isnan(found.p_below(0, method))
        assert math.isnan(found.error)
    same = boot([50.0] * 10)
    assert same.estimate(method)[:3] == (50, 50, 50)
    assert same.p_above(49, method) < LEVEL and same.p_above(50, method) > 0.9


def test_two_prompts_are_no_proof():
    assert boot([100.0, 100.0]).p_above(50) > 0.1
    assert boot([100.0] * 24, count=2000).p_above(50) < 0.002


def test_a_skewed_score_moves_the_bca_interval_to_the_long_side():
    values = 100 - np.random.default_rng(2).exponential(20, 40)
    plain, corrected = (boot(values, count=4000).estimate(m) for m in ("percentile", "bca"))
    assert corrected.low < plain.low and corrected.high < plain.high
