"""One measure in several seeds: against one seed, and against the analysis of seeds and prompts."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pinchtune.stats import (
    LEVEL,
    ClusteredScores,
    RepeatedScores,
    Resamples,
    estimate_over_seeds,
    sign_flip_test,
)

PROMPTS = 20
NAMES = [f"{i:02}" for i in range(PROMPTS)] * 2
CODES = [code for code in "ab" for _ in range(PROMPTS)]
RESAMPLES = Resamples(NAMES, 200)


def scored(values, weights=None):
    return ClusteredScores(RESAMPLES, values, NAMES, CODES, weights)


def draw(seed, seeds=3, shift=3.0, mean=55.0):
    rng = np.random.default_rng(seed)
    values = mean + rng.normal(0, 20, (seeds, 2 * PROMPTS)) + rng.normal(0, shift, (seeds, 1))
    return [scored(row) for row in values]


def test_one_seed_is_as_it_was():
    one, other = draw(1, 2)
    repeated, first = RepeatedScores([one]), RepeatedScores([other])
    for codes in (None, ["a"], ["b", "a"]):
        assert repeated.estimate(codes) == one.estimate(codes)
        assert repeated.difference(first, codes) == one.difference(other, codes)
        assert repeated.p_above(50, codes) == one.bootstrap(codes).p_above(50)
    assert repeated.over_seeds() is None
    assert repeated.p_different("a") == sign_flip_test(one.contributions(["a"]), "two-sided")


def test_several_seeds_count_seeds_and_prompts():
    seeds = draw(2)
    repeated = RepeatedScores(seeds)
    expected = estimate_over_seeds([seed.pseudo_values(["a"]) for seed in seeds], PROMPTS)
    assert repeated.estimate(["a"]) == pytest.approx(expected.any_seeds)
    assert repeated.over_seeds(["a"]).seed_spread == pytest.approx(expected.seed_spread)
    # Generators may be read once only.
    assert repeated.estimate(iter(["a", "b"])) == repeated.estimate()
    assert repeated.p_above(50, iter(["a"])) == pytest.approx(expected.p_above(50))


def test_differences_are_paired_within_each_seed():
    first = draw(3, shift=300)
    moved = [ClusteredScores(RESAMPLES, values, NAMES, CODES) for values in _values(first, 7.0)]
    found = RepeatedScores(moved).difference(RepeatedScores(first))
    assert found[:3] == pytest.approx((7, 7, 7))


def _values(scores, added):
    for one in scores:
        columns = [one.pseudo_values([code]) + added for code in "ab"]
        yield np.concatenate(columns)


def test_no_interval_leaves_the_scale():
    values = np.full((2, 2 * PROMPTS), 100.0)
    values[0, :3] = 0.0
    repeated = RepeatedScores([scored(row) for row in values], 0.0, 100.0)
    assert repeated.estimate(["a"]).high == 100 and repeated.estimate(["a"]).low >= 0
    free = RepeatedScores([scored(row) for row in values])
    assert free.estimate(["a"]).high > 100


def test_a_seed_without_a_score_leaves_no_interval():
    seeds = draw(4)
    values = np.full(2 * PROMPTS, math.nan)
    values[:PROMPTS] = 60.0
    repeated = RepeatedScores([*seeds, scored(values)])
    found = repeated.estimate(["b"])
    assert found.value == pytest.approx(np.mean([seed.estimate(["b"]).value for seed in seeds]))
    assert math.isnan(found.low) and math.isnan(found.high) and found.n == 0
    assert math.isnan(repeated.p_above(50, ["b"])) and math.isnan(repeated.p_different("b"))
    assert not math.isnan(repeated.estimate(["a"]).low)


def test_a_ratio_is_the_mean_of_the_seeds_ratios():
    weights = np.linspace(1, 9, 2 * PROMPTS)
    seeds = [scored(np.linspace(2, 5, 2 * PROMPTS) + k, weights) for k in range(3)]
    expected = np.mean([seed.estimate(["a"]).value for seed in seeds])
    found = RepeatedScores(seeds).estimate(["a"])
    assert found.value == pytest.approx(expected) and found.low < expected < found.high


def test_a_difference_must_show_over_prompts_and_over_seeds():
    won = [scored(np.full(2 * PROMPTS, 100.0))] * 3
    assert RepeatedScores(won).p_different("a") == pytest.approx(
        sign_flip_test(won[0].contributions(["a"]), "two-sided")
    )
    apart = [scored(np.full(2 * PROMPTS, value)) for value in (100.0, 51.0, 55.0)]
    assert RepeatedScores(apart).p_different("a") > 0.1


@settings(max_examples=25)
@given(st.integers(0, 999), st.floats(40, 70))
def test_the_p_value_says_what_the_interval_says(seed, limit):
    repeated = RepeatedScores(draw(seed))
    found = repeated.estimate()
    if abs(found.low - limit) > 1e-6:
        assert (repeated.p_above(limit) < LEVEL) == (found.low > limit)
