"""Student's t against scipy."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats as scipy_stats

from pinchtune.stats.distributions import normal_quantile, student_cdf, student_quantile

DF = st.floats(1, 5000)


@given(st.floats(-50, 50), DF)
def test_cdf(t, df):
    assert student_cdf(t, df) == pytest.approx(scipy_stats.t.cdf(t, df), abs=1e-9)


@given(st.floats(1e-4, 1 - 1e-4), DF)
def test_quantile(level, df):
    expected = scipy_stats.t.ppf(level, df)
    # An error of 1e-9 at a level of 1e-4 is one of 1e-5 in the quantile.
    assert student_quantile(level, df) == pytest.approx(expected, rel=1e-5, abs=1e-9)


def test_many_at_once():
    t, df = np.array([[-1.0], [2.0]]), np.array([1.0, 3.5, 40.0])
    assert student_cdf(t, df) == pytest.approx(scipy_stats.t.cdf(t, df), abs=1e-9)


def test_ends():
    assert normal_quantile(0) == student_quantile(0, 3) == -math.inf
    assert normal_quantile(1) == student_quantile(1, 3) == math.inf
    assert normal_quantile(0.975) == pytest.approx(1.959964, abs=1e-6)
