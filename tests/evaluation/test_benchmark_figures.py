"""Benchmarks side by side: the difference is that of the same rows, or none is claimed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pinchtune.evaluation.benchmarks import compare
from pinchtune.model.harness import Figure, Measured, RowScore

KEY = ("belebele", "acc", "none")


def measured(values, shown=None, key=KEY):
    value = sum(values) / len(values) if shown is None else shown
    figure = Figure(*key, value, 0.1, "higher", "1", len(values), 0)
    return Measured([figure], [RowScore(*key, i, v) for i, v in enumerate(values)])


@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=2, max_size=12))
def test_the_difference_is_the_mean_of_the_rows_own(pairs):
    before, after = ([float(pair[k]) for pair in pairs] for k in (0, 1))
    [row] = compare({"english": measured(before), "pinch": measured(after)}, 50, 0)
    mean = sum(b - a for a, b in zip(before, after)) / len(pairs)
    assert row["difference"]["value"] == pytest.approx(mean, abs=1e-6)
    if row["difference"]["low"] is not None:
        assert row["difference"]["low"] <= mean + 1e-6
        assert mean - 1e-6 <= row["difference"]["high"]


def test_rows_that_agree_narrow_the_range():
    before = [float(i % 2) for i in range(40)]
    after = [1.0, 1.0, *before[2:]]
    [row] = compare({"english": measured(before), "pinch": measured(after)}, 400, 0)
    width = row["difference"]["high"] - row["difference"]["low"]
    apart = 2 * 1.96 * (0.25 / 40 + 0.25 / 40) ** 0.5
    assert row["difference"]["value"] == pytest.approx(1 / 40)
    assert width < apart / 3


@pytest.mark.parametrize(
    "after",
    [
        measured([0.0, 1.0, 1.0], shown=0.9),  # no mean of its rows
        measured([0.0, 1.0]),  # other rows
    ],
)
def test_no_difference_is_claimed_of_what_is_no_mean_over_the_same_rows(after):
    [row] = compare({"english": measured([0.0, 1.0, 0.0]), "pinch": after}, 50, 0)
    assert row["difference"] is None
    assert set(row["arms"]) == {"english", "pinch"}


def test_the_untuned_model_is_shown_and_not_compared():
    arms = {"base": measured([1.0, 1.0]), "english": measured([0.0, 0.0])}
    [row] = compare({**arms, "pinch": measured([0.0, 1.0])}, 50, 0)
    assert row["difference"]["value"] == 0.5
    assert row["arms"]["base"] == {"value": 1.0, "error": 0.1}


def test_only_what_all_arms_have_is_shown():
    other = measured([1.0], key=("arc", "acc", "none"))
    assert compare({"english": measured([1.0]), "pinch": other}, 50, 0) == []
