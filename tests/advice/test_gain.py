from __future__ import annotations

import math

import numpy as np
import pytest

from pinchtune.advice.gain import (
    RATIO_BEFORE,
    Drawn,
    Group,
    Measured,
    allot,
    compare_groups,
    draw_gain,
    draw_group,
    exponent,
)


def test_no_spread_is_not_no_doubt():
    assert Measured(100, 100, 100, 24).error == pytest.approx(2.76, abs=0.02)
    assert Measured(0, 0, 0, 400).error < 0.2
    assert Measured(50, 30.4, 69.6, 24).error == pytest.approx(10)
    assert Measured(50, None, None, 1).error == 100


def make_group(control, effect, spread=4.0, n=100):
    def wide(value):
        return Measured(value, value - spread, value + spread, n)

    codes = tuple("abcdefgh"[: len(control)])
    return Group(
        codes,
        tuple(map(wide, control)),
        tuple(map(wide, effect)),
        wide(sum(control) / len(control)),
    )


def test_gap_and_share_that_is_kept():
    drawn = draw_group(make_group([60, 62], [20, 19]), 8000, np.random.default_rng(0))
    assert drawn.gaps.mean() == pytest.approx(100 - 61 - 19.5, abs=1)
    assert np.median(drawn.kept) == pytest.approx(0.5, abs=0.1)
    assert (drawn.gaps >= 0).all() and (drawn.kept > 0).all()


def test_ratio_of_sure_groups_is_theirs():
    rng = np.random.default_rng(0)
    size = 4000
    groups = [
        Drawn(np.zeros((size, 1)), np.zeros((size, 1)), rng.normal(kept, 0.005, size))
        for kept in (0.3, 0.5)
    ]
    _, _, ratio = compare_groups(*groups, rng)
    assert ratio.mean() == pytest.approx(0.6, abs=0.01)


def test_ratio_of_unsure_groups_is_what_was_thought_before():
    rng = np.random.default_rng(0)
    size = 40000
    groups = [
        Drawn(np.zeros((size, 1)), np.zeros((size, 1)), np.exp(rng.normal(0, 3, size)))
        for _ in range(2)
    ]
    _, _, ratio = compare_groups(*groups, rng)
    assert np.median(ratio) == pytest.approx(RATIO_BEFORE, abs=0.03)


def test_rows_stay_together_when_they_are_weighed():
    rng = np.random.default_rng(0)
    kept = rng.uniform(0.2, 1, 500)
    first = Drawn(kept[:, None], kept[:, None] * 2, kept)
    second = Drawn(kept[:, None], kept[:, None], np.full(500, 0.5))
    a, _, ratio = compare_groups(first, second, rng)
    np.testing.assert_allclose(a.effects[:, 0], a.kept)
    np.testing.assert_allclose(ratio, a.kept / 0.5)


def test_law_of_the_dose():
    assert exponent(0, 10, 10) == pytest.approx(1)
    # 1 + examples: from 11 to 121 is the same factor as from 1 to 11.
    assert exponent(10, 110, 10) == pytest.approx(1)
    assert exponent(10, 10, 10) == pytest.approx(math.log(21 / 11) / math.log(11))
    gaps, ratio = np.array([40.0]), np.array([0.5])
    assert draw_gain(gaps, ratio, 1) == pytest.approx([20])
    assert draw_gain(gaps, ratio, 2) == pytest.approx([30])
    assert draw_gain(gaps, np.array([1.5]), 1) == pytest.approx([-20])


def test_allot_gives_to_the_most_asked_for_each_example():
    assert allot(4, {"a": 30, "b": 10}, {}) == {"a": 3, "b": 1}
    assert allot(4, {"a": 30, "b": 10}, {"a": 9}) == {"b": 3, "a": 1}
    assert allot(3, {"b": 5, "a": 5}, {}) == {"a": 2, "b": 1}
    assert allot(3, {"a": 0}, {}) == {}
    assert allot(3, {}, {}) == {}
