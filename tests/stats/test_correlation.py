from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats as scipy_stats

from pinchtune.stats import correlate


def test_a_correlation_is_the_textbooks():
    rng = np.random.default_rng(3)
    xs = rng.normal(size=14)
    ys = 0.5 * xs + rng.normal(size=14)
    found = correlate(xs.tolist(), ys.tolist())
    truth = scipy_stats.pearsonr(xs, ys)
    span = truth.confidence_interval()
    line = scipy_stats.linregress(xs, ys)
    assert found
    assert found.rank == pytest.approx(scipy_stats.spearmanr(xs, ys).statistic)
    assert found.r[:3] == pytest.approx((truth.statistic, span.low, span.high), abs=1e-6)
    assert (found.slope, found.intercept) == pytest.approx((line.slope, line.intercept))
    assert correlate([1, 2], [1, 2]) is None and correlate([1, 1, 1], [1, 2, 3]) is None


@given(st.lists(st.integers(0, 4), min_size=4, max_size=12), st.integers(0, 100))
def test_equal_values_share_their_rank(xs, seed):
    ys = np.random.default_rng(seed).normal(size=len(xs)).tolist()
    found = correlate(xs, ys)
    assert (found is None) == (len(set(xs)) == 1)
    if found:
        assert found.rank == pytest.approx(scipy_stats.spearmanr(xs, ys).statistic)
