"""Length control against two other solvers, and against worlds that it has to see through."""

from __future__ import annotations

import math

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize

from pinchtune.evaluation.lengths import RIDGE, LengthControl, fit, logistic, standardise
from pinchtune.stats import ClusteredScores, Resamples

SCORES = st.sampled_from([0.0, 0.5, 1.0])
ITEMS = st.lists(
    st.tuples(SCORES, st.floats(-1, 1), st.integers(0, 2), st.integers(0, 3)),
    min_size=1,
    max_size=30,
)


def loss(theta, weights, wins, lengths, columns):
    z = theta[columns] + theta[-1] * lengths
    likelihood = weights * (np.logaddexp(0, z) - wins * z)
    return likelihood.sum() + RIDGE / 2 * (theta**2).sum()


@given(ITEMS)
def test_against_a_general_minimiser(items):
    wins, lengths, columns, weights = map(np.array, zip(*items, strict=True))
    weights = weights.astype(float)
    found = fit(weights[None], wins, lengths, np.eye(3)[columns])
    best = minimize(
        loss, np.zeros(4), (weights, wins, lengths, columns), "BFGS", options={"gtol": 1e-9}
    )
    ours = np.append(np.nan_to_num(found.languages[0]), found.effect)
    value = loss(ours, weights, wins, lengths, columns)
    assert value <= best.fun + 1e-9
    assert ours == pytest.approx(best.x, abs=2e-3)
    drawn = {c for c, w in zip(columns, weights, strict=True) if w}
    assert {*np.flatnonzero(~np.isnan(found.languages[0]))} == drawn


def test_against_statsmodels():
    """Where all is estimable, a ridge of a hundredth moves nothing that one can see."""
    rng = np.random.default_rng(0)
    columns, lengths = rng.integers(2, size=4000), rng.uniform(-1, 1, 4000)
    rates = logistic(np.array([0.4, -0.3])[columns] + 0.8 * lengths)
    wins = (rng.random(4000) < rates).astype(float)
    wins[rng.random(4000) < 0.2] = 0.5
    found = fit(np.ones((1, 4000)), wins, lengths, np.eye(2)[columns])
    design = np.column_stack([np.eye(2)[columns], lengths])
    theirs = sm.GLM(wins, design, family=sm.families.Binomial()).fit().params
    assert [*found.languages[0], *found.effect] == pytest.approx(theirs, abs=1e-4)


ALPACA_EVAL = [
    ((2, 0, 1), 50.804, 50.805),
    ((0, 1, 0.5), 70.409, 70.320),
    ((1, 0.5, -1), 54.743, 54.742),
    ((3, -0.5, 2), 26.735, 26.934),
    ((0.5, -1, 0), 31.784, 31.790),
]
"""Bias, quality and length of made-up verdicts, and what `get_length_controlled_winrate` of
alpaca_eval 0.6.6 says of them: formula without the difficulty of instructions, no baseline to
regularise to; without penalty (`n_splits` 0, `C` 1e6), and as it chooses it by itself."""


@pytest.mark.parametrize("seed", range(len(ALPACA_EVAL)))
def test_against_alpaca_eval(seed):
    (bias, quality, longer), plain, penalised = ALPACA_EVAL[seed]
    rng = np.random.default_rng(seed)
    lengths = np.round(rng.normal(longer, 1, 805) * 400)
    rates = 1 / (1 + np.exp(-(quality + bias * np.tanh(lengths / lengths.std(ddof=1)))))
    wins = (rng.random(805) < rates).astype(float)
    wins[rng.random(805) < 0.15] = 0.5
    ids = [str(k) for k in range(805)]
    found = LengthControl(Resamples(ids, 100), wins, lengths, ids, ["en"] * 805).estimate()
    assert found.value == pytest.approx(plain, abs=0.06)
    assert found.value == pytest.approx(penalised, abs=0.2)


def world(n=900, bias=2.0, quality=0.0, seed=0, longer=1.0):
    """Two languages; the second arm is `longer` standard deviations longer, the judge biased."""
    rng = np.random.default_rng(seed)
    languages = ["en" if k % 2 else "ja" for k in range(n)]
    scale = np.where(np.array(languages) == "en", 400.0, 150.0)
    z = rng.normal(longer, 1, n)
    x = np.tanh(z)
    wins = (rng.random(n) < logistic(quality + bias * x)).astype(float)
    return {
        "scores": wins.tolist(),
        "differences": (z * scale).tolist(),
        "clusters": [f"p{k // 2}" for k in range(n)],
        "languages": languages,
    }


def control(rows, count=200):
    return LengthControl(Resamples(rows["clusters"], count), **rows)


def raw(rows):
    names = ("clusters", "languages")
    scores = ClusteredScores(
        Resamples(rows["clusters"], 200), rows["scores"], *(rows[n] for n in names)
    )
    return scores.estimate()


def test_a_judge_that_likes_length_is_seen_through():
    rows = world()
    assert 100 * raw(rows).value > 65
    found = control(rows)
    assert found.estimate().low < 50 < found.estimate().high
    assert found.effect().low > 60


def test_a_better_arm_stays_better():
    found = control(world(bias=0.0, quality=1.0))
    assert found.estimate().value == pytest.approx(100 * logistic(np.array(1.0)), abs=5)
    assert found.effect().low < 50 < found.effect().high


def test_without_an_effect_of_length_it_is_the_win_rate():
    rows = world(bias=0.0, quality=0.7)
    assert control(rows).estimate().value == pytest.approx(100 * raw(rows).value, abs=2)


def test_the_arms_can_be_named_the_other_way_round():
    rows = world(200)
    other = rows | {
        "scores": [1 - s for s in rows["scores"]],
        "differences": [-d for d in rows["differences"]],
    }
    one, two = control(rows), control(other)
    assert one.estimate().value == pytest.approx(100 - two.estimate().value)
    assert one.estimate().low == pytest.approx(100 - two.estimate().high)
    assert one.effect().value == pytest.approx(two.effect().value)


def test_the_unit_of_length_of_a_language_does_not_matter():
    rows = world(200)
    twice = [d * (7 if c == "ja" else 1) for d, c in zip(rows["differences"], rows["languages"])]
    one, other = control(rows), control(rows | {"differences": twice})
    assert one.estimate(["ja"]) == pytest.approx(other.estimate(["ja"]))


def test_groups_are_means_of_languages_and_unscored_items_count_for_nothing():
    rows = world(200)
    found = control(rows)
    parts = [found.estimate([code]).value for code in ("en", "ja")]
    assert found.estimate().value == pytest.approx(sum(parts) / 2)
    assert (found.estimate(["en"]).n, found.estimate().n) == (100, 200)
    more = {name: [*values, values[0]] for name, values in rows.items()}
    more["scores"][-1] = math.nan
    assert control(more).estimate() == found.estimate()


def test_more_resamples_than_are_fitted_at_once():
    rows = world(60)
    assert control(rows, 700).estimate().value == control(rows, 5).estimate().value
    found = control(rows, 700)
    assert found._fit.effect.shape == (701,)


@pytest.mark.parametrize("score", [0.0, 0.5, 1.0])
def test_all_alike_is_finite(score):
    rows = world(40) | {"scores": [score] * 40}
    found = control(rows).estimate()
    assert found.value == pytest.approx(100 * score, abs=1)
    assert 0 <= found.low <= found.high <= 100


def test_nothing_and_next_to_nothing():
    empty = {name: [] for name in ("scores", "differences", "clusters", "languages")}
    found = control(empty)
    assert math.isnan(found.estimate().value) and math.isnan(found.effect().value)
    assert found.estimate().n == found.effect().n == 0
    one = {"scores": [1.0], "differences": [5], "clusters": ["a"], "languages": ["en"]}
    found = control(one)
    assert found.estimate().value > 90 and math.isnan(found.estimate().low)
    assert math.isnan(found.estimate(["ja"]).value)
    unscored = control(one | {"scores": [math.nan]})
    assert math.isnan(unscored.estimate().value)


def test_standard_deviations_are_those_of_the_language():
    found = standardise(np.array([2.0, -2.0, 30.0, -30.0, 5.0]), np.array([0, 0, 1, 1, 2]))
    assert found.tolist() == pytest.approx(np.tanh([1, -1, 1, -1, 0]).tolist())
