"""Non-inferiority: the bound, the p-value and the answer agree."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats as scipy_stats

from pinchtune.stats import LEVEL, ClusteredScores, Resamples, compare_with_margin, non_inferiority


def english(values, count=4000):
    names = [f"{i:03}" for i in range(len(values))]
    return ClusteredScores(Resamples(names, count), values, names, ["en"] * len(values)).bootstrap()


@pytest.mark.parametrize(
    "low, kept",
    [(40.1, True), (40.0, False), (39.0, False), (math.nan, False), (None, False)],
)
def test_the_bound_decides(low, kept):
    assert non_inferiority(low, 10.0) is kept


@pytest.mark.parametrize("wins, kept", [(50, True), (44, True), (35, False), (0, False)])
def test_bound_p_and_answer_agree(wins, kept):
    values = np.array([100.0] * wins + [50.0] * 20 + [0.0] * (80 - wins))
    found = compare_with_margin(english(values), 10.0)
    assert found.limit == 40 and found.margin == 10
    assert found.kept is kept
    assert (found.p < LEVEL) is kept
    assert (found.estimate.low > 40) is kept


def test_p_is_about_that_of_students_test():
    values = np.random.default_rng(0).choice([0.0, 50.0, 100.0], 100)
    found = compare_with_margin(english(values), 10.0)
    expected = scipy_stats.ttest_1samp(values, 40, alternative="greater").pvalue
    assert found.p == pytest.approx(expected, abs=0.01)


def test_a_wider_margin_is_easier():
    scores = english(np.random.default_rng(1).choice([0.0, 50.0, 100.0], 40))
    p_values = [compare_with_margin(scores, margin).p for margin in (0, 5, 10, 20)]
    assert p_values == sorted(p_values, reverse=True)
    equal = compare_with_margin(scores, 5.0, neutral=scores.value + 5)
    assert equal.p == pytest.approx(0.5, abs=0.1) and not equal.kept


def test_without_english_prompts():
    found = compare_with_margin(english([]), 10.0)
    assert not found.kept and math.isnan(found.p) and math.isnan(found.estimate.value)
