"""Bets on a difference of two means: closed forms, plain loops, and what Ville's bound promises."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pinchtune.stats.sequential import (
    PLACES,
    STAKES,
    Design,
    _weights,
    confidence_bounds,
    count_values,
    log_capital,
    p_above,
    p_below,
    p_differs,
)

DESIGN = Design(0.6, 200, 0.3)
VALUES = st.lists(st.floats(0, 1), min_size=1, max_size=30)


def plain_capital(first: list[float], second: list[float], margin: float, mean: float) -> float:
    """The capital at one common mean, bet by bet."""
    whole = 0.0
    for j, f in enumerate(STAKES):
        for i, g in enumerate(STAKES):
            capital = _weights(DESIGN)[i, j]
            for x in second:
                capital *= 1 - f + f * x / min(mean + margin, 1.0)
            for x in first:
                capital *= 1 - g + g * (1 - x) / (1 - mean)
            whole += capital
    return float(whole)


@pytest.mark.parametrize("margin", [-0.2, 0.0, 0.1])
def test_capital_is_the_least_over_common_means(margin: float):
    rng = np.random.default_rng(1)
    first, second = (rng.integers(0, 5, 20) / 4).tolist(), (rng.integers(2, 5, 30) / 4).tolist()
    found = log_capital(count_values(first), count_values(second), DESIGN, margin)
    low, high = max(0.0, -margin), min(1.0, 1.0 - margin)
    means = np.linspace(low, high, 2001)[1:-1]
    least = min(plain_capital(first, second, margin, m) for m in means[::10])
    assert found == pytest.approx(math.log(least), abs=0.02)
    assert found <= math.log(least) + 1e-9


def test_a_value_between_two_places_is_split():
    assert count_values([0.32]) @ PLACES == pytest.approx(0.32)
    assert sorted(count_values([0.32])[count_values([0.32]) > 0]) == pytest.approx([0.4, 0.6])
    assert count_values([0, 0.25, 0.5, 0.75, 1]).tolist().count(1.0) == 5
    for bad in (-0.1, 1.1, math.nan):
        with pytest.raises(ValueError, match="between 0 and 1"):
            count_values([bad])


@settings(deadline=None, max_examples=25)
@given(VALUES, VALUES, st.floats(-0.5, 0.5), st.floats(0.02, 0.98))
def test_counts_never_raise_the_capital(first, second, margin, place):
    low, high = max(0.0, -margin), min(1.0, 1.0 - margin)
    mean = low + place * (high - low)
    capital = plain_capital(first, second, margin, mean)
    assert log_capital(count_values(first), count_values(second), DESIGN, margin) <= (
        math.log(capital) + 1e-6
    )


@settings(deadline=None, max_examples=25)
@given(VALUES, VALUES)
def test_sides_mirror_each_other(first, second):
    one, two = count_values(first), count_values(second)
    below = p_below(two, one, DESIGN.swapped(), -0.1)
    assert p_above(one, two, DESIGN, 0.1) == pytest.approx(below, rel=1e-9)
    turned = DESIGN.swapped()._replace(mean=1 - DESIGN.mean)
    mirrored = p_above(two[::-1], one[::-1], turned, 0.1)
    assert p_above(one, two, DESIGN, 0.1) == pytest.approx(mirrored, rel=1e-4)
    assert p_above(one, two, DESIGN, -0.1) <= p_above(one, two, DESIGN, 0.1) + 1e-9


def test_bounds_are_what_no_bet_refutes():
    rng = np.random.default_rng(2)
    first = count_values(rng.integers(0, 5, 200) / 4)
    second = count_values(np.minimum(rng.integers(0, 7, 200) / 4, 1))
    value, low, high = confidence_bounds(first, second, DESIGN, 0.05)
    assert -1 < low < value < high < 1
    assert (
        p_above(first, second, DESIGN, low - 0.002)
        <= 0.025
        < p_above(first, second, DESIGN, low + 0.002)
    )
    assert (
        p_below(first, second, DESIGN, high + 0.002)
        <= 0.025
        < p_below(first, second, DESIGN, high - 0.002)
    )
    assert (low > 0) == (p_differs(first, second, DESIGN) <= 0.05)
    swapped = confidence_bounds(second, first, DESIGN.swapped(), 0.05)
    assert swapped.low == pytest.approx(-high, abs=1e-5)


def test_nothing_is_known_of_an_empty_group():
    empty, some = count_values([]), count_values([1, 1, 1])
    for first, second in ((empty, some), (some, empty), (empty, empty)):
        assert p_differs(first, second, DESIGN) == 1
        assert confidence_bounds(first, second, DESIGN, 0.05)[1:] == (-1, 1)


def test_all_against_nothing_is_found_soon():
    assert p_differs(count_values([0] * 12), count_values([1] * 12), DESIGN) < 0.001
    assert (
        confidence_bounds(count_values([1] * 12), count_values([0] * 12), DESIGN, 0.05).high < -0.2
    )
    assert p_differs(count_values([0] * 2), count_values([1] * 2), DESIGN) > 0.05


def test_expected_capital_is_one_at_most():
    """By counting every outcome of three against two proportions: the mean over chance is <= 1."""
    for rate in (0.1, 0.5, 0.9):
        mean = 0.0
        for a in range(4):
            for b in range(3):
                chance = math.comb(3, a) * math.comb(2, b) * rate ** (a + b)
                chance *= (1 - rate) ** (5 - a - b)
                first, second = (
                    count_values([1] * a + [0] * (3 - a)),
                    count_values([1] * b + [0] * (2 - b)),
                )
                mean += chance * math.exp(log_capital(first, second, DESIGN))
        assert 0.2 < mean <= 1


def test_weights_share_the_whole_stake_and_are_nowhere_nothing():
    for design in (DESIGN, Design(0.01, 50), Design(0.99, 1e6, 0.95), Design(0.5, 4, 0.01)):
        weights = _weights(design)
        assert weights.sum() == pytest.approx(1)
        assert weights.min() > 0.0005
    assert _weights(DESIGN.swapped()._replace(mean=0.4)) == pytest.approx(_weights(DESIGN).T)
