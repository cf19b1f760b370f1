"""Sign flips against scipy's permutation test, an exact loop, and simulated studies."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats as scipy_stats

from pinchtune.stats import ClusteredScores, Resamples, sign_flip_test

ALTERNATIVES = ("greater", "less", "two-sided")
VERDICTS = st.lists(st.sampled_from([-50.0, 0.0, 50.0]), min_size=1, max_size=9)


@pytest.mark.parametrize("alternative", ALTERNATIVES)
@pytest.mark.parametrize("size", [2, 7, 11])
def test_exact_as_in_scipy(alternative, size):
    parts = np.random.default_rng(size).normal(0.4, 1, size)
    theirs = scipy_stats.permutation_test(
        (parts,),
        np.sum,
        permutation_type="samples",
        alternative=alternative,
        n_resamples=np.inf,
    )
    assert sign_flip_test(parts, alternative) == pytest.approx(theirs.pvalue)


@given(VERDICTS, st.sampled_from(ALTERNATIVES))
def test_exact_as_in_a_loop(parts, alternative):
    side = {"greater": float, "less": lambda x: -x, "two-sided": abs}[alternative]
    sums = [
        side(sum(s * p for s, p in zip(signs, parts, strict=True)))
        for signs in itertools.product((1, -1), repeat=len(parts))
    ]
    share = sum(value >= side(sum(parts)) for value in sums) / len(sums)
    assert sign_flip_test(np.array(parts), alternative) == pytest.approx(share)


@given(VERDICTS)
def test_properties(parts):
    parts = np.array(parts)
    greater, less, both = (sign_flip_test(parts, a) for a in ALTERNATIVES)
    assert greater == sign_flip_test(-parts, "less")
    assert greater + less >= 1 - 1e-9
    # Symmetric, and the smallest that so many clusters allow.
    assert both == pytest.approx(min(1.0, 2 * min(greater, less)))
    assert greater >= 0.5 ** len(parts)
    assert sign_flip_test(np.append(parts, [0.0] * 20)) == pytest.approx(greater)
    assert sign_flip_test(parts * 3) == pytest.approx(greater)


def test_identical_arms():
    resamples = Resamples("abcdefgh", 50)
    arms = [ClusteredScores(resamples, range(8), "abcdefgh", ["en"] * 8) for _ in "12"]
    parts = arms[1].paired_contributions(arms[0])
    assert [sign_flip_test(parts, a) for a in ALTERNATIVES] == [1.0, 1.0, 1.0]
    ties = ClusteredScores(resamples, [50.0] * 8, "abcdefgh", ["en"] * 8)
    assert sign_flip_test(ties.contributions()) == 1.0


def test_without_clusters():
    assert math.isnan(sign_flip_test(np.array([])))


def test_a_draw_agrees_with_all_arrangements_and_is_never_0():
    parts = np.random.default_rng(0).normal(0.3, 1, 13)
    exact = sign_flip_test(parts)
    assert sign_flip_test(parts, count=8000, seed=1) == pytest.approx(exact, abs=0.015)
    assert sign_flip_test(parts, count=8000, seed=1) != sign_flip_test(parts, count=8000, seed=2)
    assert sign_flip_test(parts, count=8000, seed=1) == sign_flip_test(parts, count=8000, seed=1)
    assert sign_flip_test(np.ones(40), count=999) == 1 / 1000


def test_equal_sums_count_as_equal_whatever_the_rounding():
    """Thirds and sevenths do not add up exactly: an arrangement with the same sum still counts."""
    parts = np.array([1 / 3, 1 / 7, -1 / 3, 1 / 3, 2 / 7, -1 / 7])
    sums = [sum(s * v for s, v in zip(signs, (7, 3, -7, 7, 6, -3), strict=True))
            for signs in itertools.product((1, -1), repeat=6)]  # fmt: skip
    assert sign_flip_test(parts) == sum(v >= 13 for v in sums) / 64


def test_p_is_as_small_as_it_says_no_more_often_than_it_says():
    """12 prompts in four languages that share their difficulty; no difference of the arms."""
    rng = np.random.default_rng(3)
    names, codes = [f"{i:02}" for i in range(12)] * 4, [c for c in "abcd" for _ in range(12)]
    resamples = Resamples(names, 1)
    found = []
    for _ in range(400):
        swap = rng.choice([-1, 1], 12)
        values = 50 + 50 * np.tile(swap, 4) * rng.choice([1, 1, 0, -1], 48)
        scores = ClusteredScores(resamples, values, names, codes)
        found.append(sign_flip_test(scores.contributions()))
    for level in (0.05, 0.2, 0.5):
        assert np.mean(np.array(found) <= level) <= level + 2 * math.sqrt(level / 400)
    assert np.mean(np.array(found) <= 0.2) > 0.1
