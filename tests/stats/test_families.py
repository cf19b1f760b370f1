"""Holm against statsmodels; the fixed sequence by its rule; both by their properties."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.multitest import multipletests

from pinchtune.stats import LEVEL, fixed_sequence, holm

P_VALUES = st.lists(st.floats(0, 1), min_size=1, max_size=13)


# Few: statsmodels takes 40 ms a call.
@settings(max_examples=20)
@given(P_VALUES)
def test_holm_is_that_of_statsmodels(p_values):
    assert holm(p_values) == pytest.approx(multipletests(p_values, method="holm")[1])


@given(P_VALUES, st.randoms(use_true_random=False))
def test_holm_is_monotone_and_never_below_the_raw_p(p_values, random):
    adjusted = holm(p_values)
    assert all(1 >= a >= p for a, p in zip(adjusted, p_values, strict=True))
    order = np.argsort(p_values, kind="stable")
    assert (np.diff(np.array(adjusted)[order]) >= 0).all()
    shuffled = list(enumerate(p_values))
    random.shuffle(shuffled)
    again = holm([p for _, p in shuffled])
    assert {i: a for (i, _), a in zip(shuffled, again, strict=True)} == dict(enumerate(adjusted))


def test_what_could_not_be_tested_still_counts():
    adjusted = holm([0.01, math.nan, 0.02])
    assert adjusted[0] == pytest.approx(0.03) and adjusted[2] == pytest.approx(0.04)
    assert math.isnan(adjusted[1])


def test_no_languages():
    assert holm([]) == []
    assert fixed_sequence({}) == ()


@pytest.mark.parametrize(
    "p_values, shown",
    [
        ((0.001, 0.02, 0.024), "yyy"),
        ((0.001, 0.03, 0.0), "ynn"),
        ((0.5, 0.0, 0.0), "nnn"),
        ((LEVEL, 0.0, 0.0), "nnn"),
        ((0.0, math.nan, 0.0), "ynn"),
    ],
)
def test_the_sequence_stops_at_the_first_that_is_not_shown(p_values, shown):
    steps = fixed_sequence(dict(zip(("english", "seen", "unseen"), p_values, strict=True)))
    assert [step.name for step in steps] == ["english", "seen", "unseen"]
    assert "".join("ny"[step.shown] for step in steps) == shown


@given(P_VALUES)
def test_a_step_is_as_sure_as_the_least_sure_before_it(p_values):
    steps = fixed_sequence({str(i): p for i, p in enumerate(p_values)})
    assert [step.adjusted for step in steps] == list(np.maximum.accumulate(p_values))
    assert [step.shown for step in steps] == [step.adjusted < LEVEL for step in steps]


def test_the_order_of_a_plan_matters():
    first = fixed_sequence({"a": 0.5, "b": 0.001})
    second = fixed_sequence({"b": 0.001, "a": 0.5})
    assert not first[1].shown and second[0].shown
