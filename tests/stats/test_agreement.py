"""Alpha is that of the package `krippendorff`; the interval covers it."""

from __future__ import annotations

import math

import krippendorff
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pinchtune.stats import Rating, alpha
from pinchtune.store.records import VERDICTS

RATINGS = st.dictionaries(
    st.tuples(st.integers(0, 8), st.integers(0, 4)), st.integers(0, 2), max_size=40
)


def as_ratings(found: dict[tuple[int, int], int]) -> list[Rating]:
    return [(f"row {u}", f"person {p}", VERDICTS[v]) for (u, p), v in found.items()]


@pytest.mark.parametrize("level", ["nominal", "ordinal"])
@given(found=RATINGS)
def test_against_the_package(level: str, found: dict[tuple[int, int], int]) -> None:
    data = np.full((5, 9), np.nan)
    for (unit, person), value in found.items():
        data[person, unit] = value
    paired = [column[~np.isnan(column)] for column in data.T if (~np.isnan(column)).sum() > 1]
    ours = alpha(as_ratings(found), VERDICTS, level, count=10)
    assert ours.n == len(paired)
    if len({value for column in paired for value in column}) < 2:
        assert math.isnan(ours.value)
        return
    theirs = krippendorff.alpha(data, value_domain=[0, 1, 2], level_of_measurement=level)
    assert ours.value == pytest.approx(theirs)


def test_ordinal_weighs_the_distance() -> None:
    pairs = [("bad", "unsure"), ("unsure", "bad"), ("good", "good"), ("bad", "bad")]
    ratings = [(str(i), p, v) for i, pair in enumerate(pairs) for p, v in zip("ab", pair)]
    other = ("unsure", "good", "bad")
    assert alpha(ratings, VERDICTS).value > alpha(ratings, other).value
    nominal = [alpha(ratings, scale, "nominal").value for scale in (VERDICTS, other)]
    assert nominal[0] == pytest.approx(nominal[1])


def test_the_interval() -> None:
    rng = np.random.default_rng(1)
    truth = rng.integers(3, size=60)
    ratings = [
        (f"{i}", person, VERDICTS[v if rng.random() < 0.8 else rng.integers(3)])
        for i, v in enumerate(truth)
        for person in "ab"
    ]
    found = alpha(ratings, VERDICTS)
    assert found.low < found.value < found.high
    assert 0.1 < found.high - found.low < 0.6
    assert found == alpha(ratings, VERDICTS)
    narrow = alpha([(f"{i}-{j}", p, v) for j in range(9) for i, p, v in ratings], VERDICTS)
    assert narrow.high - narrow.low < (found.high - found.low) / 2


def test_the_last_rating_of_a_person_counts() -> None:
    ratings = [("1", "a", "bad"), ("1", "b", "good"), ("2", "a", "bad"), ("2", "b", "bad")]
    assert alpha([*ratings, ("1", "a", "good")], VERDICTS).value == 1
    assert alpha(ratings, VERDICTS).value < 1


def test_nothing_to_say() -> None:
    for ratings in ([], [("1", "a", "good")], [("1", "a", "good"), ("1", "b", "good")]):
        found = alpha(ratings, VERDICTS)
        assert math.isnan(found.value) and math.isnan(found.low)
    with pytest.raises(ValueError):
        alpha([("1", "a", "excellent")], VERDICTS)
