"""Strengths of several arms: against choix, in closed form, by properties and simulation."""

from __future__ import annotations

import itertools
import math

import choix
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from pinchtune.errors import UsageError
from pinchtune.stats import Bootstrap, ClusteredScores, Comparison, Resamples, bradley_terry

ARMS = ("english", "pinch", "spread", "full")


def draw(strengths, clusters, rng, ties=0.2, shared=0.0):
    """Return verdicts on every pair of arms; `shared` moves all verdicts of a cluster together."""
    rows = []
    for k in range(clusters):
        pull = shared * rng.normal()
        for (i, a), (j, b) in itertools.combinations(enumerate(strengths), 2):
            chance = 1 / (1 + math.exp(a - b + pull))
            score = 0.5 if rng.random() < ties else float(rng.random() < chance)
            rows.append(Comparison(ARMS[i], ARMS[j], score, f"{k:03}"))
    return rows


def strengths_of(standings):
    return {s.arm: s.strength.value for s in standings}


SCORES = st.lists(
    st.tuples(st.integers(0, 3), st.integers(0, 3), st.sampled_from([0.0, 0.5, 1.0])),
    min_size=8,
    max_size=40,
)


@settings(max_examples=40)
@given(SCORES)
def test_strengths_are_those_of_choix(found):
    rows = [Comparison(ARMS[i], ARMS[j], s, str(k % 5)) for k, (i, j, s) in enumerate(found)]
    rows = [row for row in rows if row.first != row.second]
    arms = sorted({name for row in rows for name in (row.first, row.second)})
    wins = np.zeros((len(arms), len(arms)))
    for row in rows:
        i, j = arms.index(row.first), arms.index(row.second)
        wins[j, i] += row.score
        wins[i, j] += 1 - row.score
    try:
        ours = strengths_of(bradley_terry(rows, arms[0], count=5))
    except (UsageError, IndexError):
        assume(False)
    theirs = choix.ilsr_pairwise_dense(wins, max_iter=10_000, tol=1e-12)
    expected = {arm: theirs[i] - theirs[0] for i, arm in enumerate(arms)}
    assume(max(map(abs, expected.values())) < 8)
    assert ours == pytest.approx(expected, abs=1e-5)


def test_two_arms_are_a_win_rate():
    rng = np.random.default_rng(0)
    rows = draw([0.0, 0.7], 60, rng)
    pinch, english = bradley_terry(rows, "english", method="percentile")
    score = np.mean([row.score for row in rows])
    assert pinch.arm == "pinch" and pinch.strength.value == pytest.approx(
        math.log(score / (1 - score))
    )
    assert pinch.win_rate.value == pytest.approx(100 * score)
    assert english.strength[:3] == (0, 0, 0) and english.win_rate[:3] == (50, 50, 50)
    # The same resamples as those of the win rate.
    names = [row.cluster for row in rows]
    scores = ClusteredScores(Resamples(names), [100 * row.score for row in rows], names, ["x"] * 60)
    assert pinch.win_rate == pytest.approx(scores.estimate(method="percentile"), abs=1e-6)


def test_corrected_intervals_use_the_strengths_without_each_cluster():
    scores = np.array([1.0] * 30 + [0.0] * 6 + [0.5] * 4)
    names = [f"{k:02}" for k in range(40)]
    rows = [Comparison("a", "b", s, k) for s, k in zip(scores, names, strict=True)]
    rates = ClusteredScores(Resamples(names), scores, names, ["x"] * 40).bootstrap()
    logits = [np.log(x / (1 - x)) for x in (rates.value, rates.drawn, rates.left_out)]
    expected = Bootstrap(float(logits[0]), logits[1], logits[2], 40).estimate()
    assert bradley_terry(rows, "a")[0].strength == pytest.approx(expected, abs=1e-6)


@settings(max_examples=20)
@given(st.permutations(range(4)), st.integers(0, 99))
def test_neither_names_nor_order_matter(order, seed):
    rows = draw([0.0, 0.5, 1.0, -0.5], 8, np.random.default_rng(seed))
    renamed = dict(zip(ARMS, [ARMS[i] for i in order], strict=True))
    other = [Comparison(renamed[a], renamed[b], s, k) for a, b, s, k in reversed(rows)]
    flipped = [Comparison(b, a, 1 - s, k) for a, b, s, k in rows]
    try:
        found = bradley_terry(rows, "english", count=20)
    except UsageError:
        assume(False)
    again = bradley_terry(other, renamed["english"], count=20)
    mirrored = bradley_terry(flipped, "english", count=20)
    for standing in found:
        (match,) = [s for s in again if s.arm == renamed[standing.arm]]
        assert match.strength == pytest.approx(standing.strength, abs=1e-6)
        (match,) = [s for s in mirrored if s.arm == standing.arm]
        assert match.strength == pytest.approx(standing.strength, abs=1e-6)


def test_another_reference_moves_all_strengths_alike():
    rows = draw([0.0, 0.5, 1.0], 40, np.random.default_rng(1))
    first = strengths_of(bradley_terry(rows, "english", count=5))
    second = strengths_of(bradley_terry(rows, "spread", count=5))
    assert {a: first[a] - first["spread"] for a in first} == pytest.approx(second)


def test_arms_that_were_never_compared_directly():
    rows = [
        *(Comparison("a", "b", s, str(k)) for k, s in enumerate([1, 1, 0.0])),
        *(Comparison("b", "c", s, str(k)) for k, s in enumerate([1, 1, 0.0])),
    ]
    strengths = strengths_of(bradley_terry(rows, "a", count=5))
    assert strengths == pytest.approx({"a": 0, "b": math.log(2), "c": 2 * math.log(2)})


@pytest.mark.parametrize(
    "rows, words",
    [
        ([("a", "b", 1.0), ("a", "b", 1.0)], "a never won or tied against b"),
        ([("a", "b", 0.5), ("c", "d", 0.5)], "never won or tied against"),
        ([("a", "b", 0.5), ("a", "c", 0.0), ("b", "c", 0.0)], "c never won or tied against a, b"),
        ([("b", "c", 0.5)], "no verdict is on the arm 'a'; there are: b c"),
        ([], "no verdict is on the arm 'a'"),
    ],
)
def test_what_cannot_be_told_is_refused(rows, words):
    with pytest.raises(UsageError, match=words):
        bradley_terry([Comparison(*row, str(k)) for k, row in enumerate(rows)], "a")


def test_a_resample_without_a_finite_strength_makes_the_interval_wide():
    rows = [Comparison("a", "b", s, str(k)) for k, s in enumerate([1.0] * 9 + [0.0])]
    b, _ = bradley_terry(rows, "a")
    assert b.win_rate.value == pytest.approx(90)
    assert b.win_rate.high > 99.9 and b.strength.high < 21


def test_intervals_hold_the_truth_with_shared_prompts():
    rng, truth, held = np.random.default_rng(2), [0.0, 0.4, 0.8], []
    for trial in range(60):
        standings = bradley_terry(draw(truth, 40, rng, ties=0.0), "english", count=200, seed=trial)
        for standing in (s for s in standings if s.arm != "english"):
            true = truth[ARMS.index(standing.arm)]
            held.append(standing.strength.low <= true <= standing.strength.high)
    assert 0.88 <= np.mean(held) <= 0.99
