"""More than two arms on one scale, from verdicts on pairs of them (Bradley and Terry 1952).

The chance that arm a is judged better than arm b is 1 / (1 + exp(b - a)) of their strengths; a
tie is half a win for each. The likelihood is concave, so Newton's method finds its maximum, which
is finite if and only if no group of arms is without a win or a tie against the others (Ford 1957).
Whole clusters of prompts are resampled.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pinchtune.errors import UsageError
from pinchtune.stats.clusters import Resamples
from pinchtune.stats.estimate import Array, Estimate
from pinchtune.stats.intervals import METHOD, Bootstrap, Method

FARTHEST = 10.0
"""Bound of a strength: where a resample has no finite one, its interval reaches up to here."""
_STEPS, _LARGEST_STEP, _DONE, _RIDGE = 100, 1.0, 1e-10, 1e-9


class Comparison(NamedTuple):
    """One verdict on one pair of answers."""

    first: str
    """Name of an arm."""
    second: str
    """Name of the arm whose score it is."""
    score: float
    """1 if the second arm won, 0 if the first did, 0.5 for a tie."""
    cluster: str


class Standing(NamedTuple):
    """One arm against the reference."""

    arm: str
    strength: Estimate
    """Natural logarithm of its odds against the reference; `n` counts its verdicts."""
    win_rate: Estimate
    """What these odds mean, in percent; 50 is a draw."""


def bradley_terry(
    comparisons: Iterable[Comparison],
    reference: str,
    *,
    count: int = 2000,
    seed: int = 0,
    method: Method = METHOD,
) -> tuple[Standing, ...]:
    """Return all arms, the strongest first, with 95 % intervals; the reference has 0 and 50.

    UsageError where the verdicts cannot tell how far apart the arms are.
    """
    rows = list(comparisons)
    arms = sorted({name for row in rows for name in (row.first, row.second)})
    if reference not in arms:
        raise UsageError(f"no verdict is on the arm {reference!r}; there are: {' '.join(arms)}")
    resamples = Resamples((row.cluster for row in rows), count, seed)
    wins = _count_wins(rows, arms, resamples)
    _check_connected(wins.sum(axis=0), arms)
    size = len(arms)
    drawn = (resamples.weights @ wins.reshape(len(wins), size * size)).reshape(-1, size, size)
    strengths = _fit(np.concatenate([drawn, wins.sum(axis=0) - wins]))
    strengths -= strengths[:, [arms.index(reference)]]
    verdicts = [sum(arm in (row.first, row.second) for row in rows) for arm in arms]
    standings = [
        _standing(arm, strengths[:, i], count, verdicts[i], method) for i, arm in enumerate(arms)
    ]
    return tuple(sorted(standings, key=lambda s: (-s.strength.value, s.arm)))


def _standing(arm: str, values: Array, count: int, n: int, method: Method) -> Standing:
    found = Bootstrap(float(values[0]), values[1 : count + 1], values[count + 1 :], n)
    strength = found.estimate(method)
    value, low, high = (float(100 / (1 + np.exp(-x))) for x in strength[:3])
    return Standing(arm, strength, Estimate(value, low, high, n))


def _count_wins(rows: Sequence[Comparison], arms: Sequence[str], resamples: Resamples) -> Array:
    """Return [clusters, arms, arms]: how often the arm of the row beat that of the column."""
    place = {arm: i for i, arm in enumerate(arms)}
    wins = np.zeros((len(resamples.index), len(arms), len(arms)))
    for row in rows:
        first, second, k = place[row.first], place[row.second], resamples.index[row.cluster]
        wins[k, second, first] += row.score
        wins[k, first, second] += 1 - row.score
    return wins


def _check_connected(wins: Array, arms: Sequence[str]) -> None:
    """Refuse wins by which some arms are infinitely far from the others."""
    reached: NDArray[np.bool_] = np.eye(len(arms), dtype=bool) | (wins > 0)
    for _ in arms:
        reached = reached @ reached
    if reached.all():
        return
    group = min(reached, key=np.count_nonzero)
    inside = [arm for arm, within in zip(arms, group) if within]
    outside = [arm for arm, within in zip(arms, group) if not within]
    raise UsageError(
        f"the verdicts do not tell how far apart the arms are: {', '.join(inside)} never won or "
        f"tied against {', '.join(outside)}; judge more prompts, or leave these arms out"
    )


def _fit(wins: Array) -> Array:
    """Return the strengths [.., arms] of most likelihood, with mean 0, for each table of wins."""
    games = wins + wins.swapaxes(1, 2)
    size = wins.shape[1]
    fixed = np.full((size, size), 1 / size) + _RIDGE * np.eye(size)
    strengths = np.zeros(wins.shape[:2])
    for _ in range(_STEPS):
        chance = 1 / (1 + np.exp(strengths[:, None, :] - strengths[:, :, None]))
        slope = (wins - games * chance).sum(axis=2)
        weight = games * chance * (1 - chance)
        curve = weight.sum(axis=2)[:, :, None] * np.eye(size) - weight + fixed
        step = np.linalg.solve(curve, slope[:, :, None])[:, :, 0]
        moved = np.clip(
            strengths + np.clip(step, -_LARGEST_STEP, _LARGEST_STEP), -FARTHEST, FARTHEST
        )
        done = np.abs(moved - strengths).max() < _DONE
        strengths = moved
        if done:
            break
    return strengths
