"""Seeds and prompts: against statsmodels' analysis of variance, Student's t, and simulation."""

from __future__ import annotations

import math

import numpy as np
import pandas
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats as scipy_stats
from statsmodels.formula.api import ols
from statsmodels.stats.anova import anova_lm

from pinchtune.stats import (
    LEVEL,
    ClusteredScores,
    Resamples,
    estimate_over_seeds,
    mean_squares,
)


def draw(rng, seeds, prompts, seed_spread=3.0, prompt_spread=8.0, rest=20.0, mean=55.0):
    """Return a table [seeds, prompts] of the model."""
    table = (
        mean + seed_spread * rng.normal(size=(seeds, 1)) + rest * rng.normal(size=(seeds, prompts))
    )
    return table + prompt_spread * rng.normal(size=prompts)


@pytest.mark.parametrize("seeds, prompts", [(2, 5), (3, 24), (5, 11)])
def test_mean_squares_are_those_of_statsmodels(seeds, prompts):
    table = draw(np.random.default_rng(seeds), seeds, prompts)
    s, k = (index.ravel() for index in np.indices(table.shape))
    rows = pandas.DataFrame({"y": table.ravel(), "s": s, "k": k})
    theirs = anova_lm(ols("y ~ C(s) + C(k)", rows).fit())["mean_sq"]
    ours = mean_squares(table)
    assert (ours.seeds, ours.prompts, ours.rest) == pytest.approx(
        (theirs["C(s)"], theirs["C(k)"], theirs["Residual"])
    )
    assert ours.mean == pytest.approx(table.mean())


def test_many_tables_at_once():
    tables = draw(np.random.default_rng(0), 3, 10)[None] + np.arange(4)[:, None, None]
    found = mean_squares(tables)
    assert found.mean == pytest.approx(tables.mean(axis=(1, 2)))
    alone = mean_squares(tables[0]).uncertainty()
    assert found.uncertainty().error == pytest.approx(float(alone.error))
    assert found.uncertainty().df == pytest.approx(float(alone.df))


def test_variances_are_unbiased():
    rng = np.random.default_rng(1)
    found = mean_squares(np.stack([draw(rng, 3, 20, seed_spread=10) for _ in range(4000)]))
    assert np.mean((found.seeds - found.rest) / 20) == pytest.approx(100, rel=0.05)
    assert np.mean((found.prompts - found.rest) / 3) == pytest.approx(64, rel=0.05)
    assert np.mean(found.rest) == pytest.approx(400, rel=0.02)


def test_one_seed_cannot_know():
    values = np.random.default_rng(2).normal(55, 20, 30)
    found = estimate_over_seeds([values], 30)
    assert not found.knows_seeds
    assert found.any_seeds.value == pytest.approx(values.mean())
    unknown = (found.any_seeds.low, found.any_seeds.high, found.seed_spread, found.prompt_spread)
    assert all(map(math.isnan, (*unknown, found.rest_spread, found.p_above(50))))
    # Of these very models it says what Student's t does.
    low, high = scipy_stats.t.interval(0.95, 29, values.mean(), scipy_stats.sem(values))
    assert found.these_seeds[1:3] == pytest.approx((low, high))


def test_seeds_that_agree_add_nothing_and_seeds_that_differ_rule():
    rng = np.random.default_rng(3)
    values = rng.normal(55, 20, 30)
    same = estimate_over_seeds([values, values, values], 30)
    assert (same.seed_spread, same.rest_spread) == pytest.approx((0, 0), abs=1e-9)
    assert same.any_seeds == pytest.approx(same.these_seeds)
    assert same.prompt_spread == pytest.approx(values.std(ddof=1))
    shifts = np.array([-300.0, 0.0, 300.0])
    apart = estimate_over_seeds(list(values + shifts[:, None]), 30)
    assert apart.seed_spread == pytest.approx(300)
    # Seeds alone would give this; the prompts add hardly anything.
    half = scipy_stats.t.ppf(0.975, 2) * 300 / math.sqrt(3)
    assert (apart.any_seeds.high - apart.any_seeds.low) / 2 == pytest.approx(half, rel=0.01)
    assert apart.uncertainty.df == pytest.approx(2, abs=0.1)
    assert apart.these_seeds == pytest.approx(same.these_seeds)


@settings(max_examples=25)
@given(st.integers(2, 5), st.integers(3, 30), st.integers(0, 999), st.floats(30, 80))
def test_properties(seeds, prompts, seed, limit):
    table = draw(np.random.default_rng(seed), seeds, prompts)
    found = estimate_over_seeds(list(table), prompts)
    order = np.random.default_rng(seed)
    mixed = order.permutation(order.permutation(table, axis=0), axis=1)
    again = estimate_over_seeds(list(mixed), prompts)
    assert again.any_seeds == pytest.approx(found.any_seeds)
    assert found.any_seeds.low <= found.these_seeds.low + 1e-9
    assert found.any_seeds.high >= found.these_seeds.high - 1e-9
    assert found.p_above(limit) + estimate_over_seeds(list(-table), 1).p_above(-limit) == (
        pytest.approx(1, abs=1e-6)
    )
    if abs(limit - found.any_seeds.low) > 1e-6:
        assert (found.p_above(limit) < LEVEL) == (found.any_seeds.low > limit)


def test_a_prompt_that_a_seed_lacks():
    rng = np.random.default_rng(4)
    table = draw(rng, 3, 20)
    gaps = table.copy()
    gaps[0, 3] = math.nan
    gaps[:, 7] = math.nan
    found = estimate_over_seeds(list(gaps), 18)
    assert found.any_seeds.value == pytest.approx(np.nanmean(gaps, axis=1).mean())
    filled = np.delete(np.where(np.isnan(gaps), np.nanmean(gaps[0]), gaps), 7, axis=1)
    assert found.any_seeds == pytest.approx(estimate_over_seeds(list(filled), 18).any_seeds)
    for empty in ([], [[math.nan] * 4], [[1.0, 2.0], [math.nan, math.nan]]):
        with pytest.raises(ValueError, match="every seed"):
            estimate_over_seeds(empty, 1)


def test_one_prompt_says_nothing_of_spread():
    found = estimate_over_seeds([[50.0], [60.0]], 1)
    assert found.any_seeds.value == 55 and math.isnan(found.any_seeds.low)


def test_from_scores_in_several_languages():
    rng = np.random.default_rng(5)
    names, codes = [f"{i:02}" for i in range(12)] * 3, [c for c in "abc" for _ in range(12)]
    resamples = Resamples(names, 1)
    values = rng.normal(size=(3, 36))
    scores = [ClusteredScores(resamples, row, names, codes) for row in values]
    found = estimate_over_seeds([s.pseudo_values() for s in scores], 36)
    means = estimate_over_seeds(list(values.reshape(3, 3, 12).mean(axis=1)), 36)
    assert found.any_seeds == pytest.approx(means.any_seeds)
    # A verdict that broke leaves the prompts of the seeds side by side.
    values[0, [0, 12, 24]] = math.nan
    gap = ClusteredScores(resamples, values[0], names, codes)
    tables = [s.pseudo_values() for s in (gap, *scores[1:])]
    assert np.isnan(tables[0][0]) and tables[0][1:] == pytest.approx(scores[0].pseudo_values()[1:])
    seeds = [s.estimate().value for s in (gap, *scores[1:])]
    assert estimate_over_seeds(tables, 36).any_seeds.value == pytest.approx(np.mean(seeds))


def test_degrees_of_freedom_are_satterthwaites():
    table = draw(np.random.default_rng(7), 3, 24, seed_spread=6)
    found = mean_squares(table)
    df = (found.seeds + found.prompts) ** 2 / (found.seeds**2 / 2 + found.prompts**2 / 23)
    sure = found.uncertainty()
    assert sure.df == pytest.approx(df)
    assert sure.error == pytest.approx(math.sqrt((found.seeds + found.prompts) / 72))
    t = (table.mean() - 50) / sure.error
    assert sure.p_above(found.mean - 50) == pytest.approx(scipy_stats.t.sf(t, df))
    estimate = estimate_over_seeds(list(table), 24)
    spreads = ((found.seeds - found.rest) / 24, (found.prompts - found.rest) / 3, found.rest)
    assert spreads[0] > 0 and spreads[1] > 0
    assert estimate[3:6] == pytest.approx(tuple(np.sqrt(spreads)))
    low, high = scipy_stats.t.interval(0.95, df, table.mean(), sure.error)
    assert estimate.any_seeds[1:3] == pytest.approx((low, high))


def test_scores_that_are_all_alike():
    found = estimate_over_seeds([[60.0] * 5] * 3, 5)
    assert found.any_seeds == (60, 60, 60, 5)
    assert [found.p_above(limit) for limit in (50, 60, 70)] == pytest.approx([0, 0.5, 1])


@pytest.mark.parametrize("seeds", [3, 5])
@pytest.mark.parametrize("seed_spread", [0.0, 3.0, 6.0])
def test_the_interval_holds_the_truth(seeds, seed_spread):
    rng = np.random.default_rng(6)
    squares = mean_squares(np.stack([draw(rng, seeds, 30, seed_spread) for _ in range(2000)]))

    def held(both):
        p = squares.uncertainty(both=both).p_above(squares.mean - 55)
        return np.mean((p > LEVEL) & (p < 1 - LEVEL))

    assert 0.93 <= held(both=True) <= 0.99
    if seed_spread == 6:
        assert held(both=False) < 0.85


def test_an_interval_ends_where_the_scale_ends_and_unknown_bounds_stay_unknown():
    near = [np.array([100.0, 100.0, 100.0, 80.0])]
    one = estimate_over_seeds(near, 4)
    cut = one.within(0.0, 100.0)
    assert one.these_seeds.high > 100.0 and cut.these_seeds.high == 100.0
    assert cut.these_seeds.value == one.these_seeds.value
    assert cut.these_seeds.low == one.these_seeds.low
    assert np.isnan(cut.any_seeds.low) and np.isnan(cut.any_seeds.high)
