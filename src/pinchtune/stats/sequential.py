"""A difference of two means that may be looked at whenever one likes.

A bet that the second mean is larger multiplies its capital by `1 - f + f x / m` at each value x
of the second group and by `1 - g + g (1 - x) / (1 - m)` at each of the first, where m is the mean
of both if they are alike. For values in [0, 1] the capital then grows by chance alone to 1 / level
with probability `level` at most, over all looks together (Ville 1939), whatever the distribution,
the number of values and their split (betting on means: Waudby-Smith and Ramdas 2024, JRSS B 86).
m is not known: the least capital over all m counts, as in Turner and Grünwald 2023 (Statistics
and Probability Letters 198) for two proportions; Chugg et al. 2023 bet on two means. Several
f and g share the stake. The inverse of the largest capital so far is an always-valid p-value
(Johari et al. 2022, Operations Research 70); the differences that no bet has refuted are a
confidence sequence.

A unit is a user, its value the mean of what the user said so far. The bound is exact if each user
counts once (a martingale), and also if all users are there from the start and come back (means are
martingales read backwards: Manole and Ramdas 2023, IEEE Transactions on Information Theory 69).
bench.abtest counts what lies between.

Values are kept as counts at 21 places; one that lies between two places is split. The logarithm is
concave, so that this only ever lowers a capital.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from pinchtune.stats.estimate import Array

PLACES = np.linspace(0.0, 1.0, 21)
"""Where values are counted: those of thumbs and of scores from 1 to 5 are among them."""
STAKES = np.geomspace(0.004, 0.9, 8)
"""Shares of the capital that are risked: the small ones find small differences in large tests."""
_POINTS, _ROUNDS, _EDGE, _HALVINGS = 17, 6, 1e-6, 24


class Bounds(NamedTuple):
    """A confidence sequence at one look."""

    value: float
    """Difference of the means, second minus first; NaN while a group is empty."""
    low: float
    high: float


def count_values(values: ArrayLike) -> Array:
    """Return how many values lie at each place; ValueError for one outside [0, 1]."""
    given = np.asarray(values, dtype=float)
    if not np.all((given >= 0) & (given <= 1)):
        raise ValueError("values must lie between 0 and 1")
    scaled = given * (len(PLACES) - 1)
    below = np.minimum(scaled.astype(int), len(PLACES) - 2)
    upper = scaled - below
    size = len(PLACES)
    return np.bincount(below, 1 - upper, size) + np.bincount(below + 1, upper, size)


def log_capital(first: Array, second: Array, margin: float = 0.0) -> float:
    """Return the log of the capital of bets that the means differ by more than `margin`.

    `first` and `second` are counts at PLACES. The capital is log-convex in the common mean, so
    its least is found by narrowing in.
    """
    margin = min(max(margin, _EDGE - 1), 1 - _EDGE)
    low, high = max(0.0, -margin), min(1.0, 1.0 - margin)
    low, high = low + _EDGE * (high - low), high - _EDGE * (high - low)
    least = math.inf
    for _ in range(_ROUNDS):
        means = np.linspace(low, high, _POINTS)
        capital = _at(first, second, means, margin)
        at = int(np.argmin(capital))
        least = min(least, float(capital[at]))
        low, high = float(means[max(at - 1, 0)]), float(means[min(at + 1, _POINTS - 1)])
    return least


def _at(first: Array, second: Array, means: Array, margin: float) -> Array:
    """Return the log of the capital at each common mean, every share with every share."""
    below = _grown(first[::-1], 1 - means)
    above = _grown(second, np.minimum(means + margin, 1.0))
    return _log_mean(below) + _log_mean(above)


def _grown(counts: Array, means: Array) -> Array:
    """Return [mean, share], the log of what each share has grown to."""
    used = counts > 0
    factors = 1 - STAKES + STAKES * (PLACES[used][:, None, None] / means[:, None])
    grown: Array = np.einsum("v,vms->ms", counts[used], np.log(factors))
    return grown


def _log_mean(logs: Array) -> Array:
    """Return the log of the mean over the last axis."""
    top = logs.max(axis=-1)
    mean: Array = top + np.log(np.exp(logs - top[..., None]).mean(axis=-1))
    return mean


def p_above(first: Array, second: Array, margin: float = 0.0) -> float:
    """Return the one-sided p-value, at this look, that the difference is above `margin`."""
    return math.exp(-max(0.0, log_capital(first, second, margin)))


def p_below(first: Array, second: Array, margin: float = 0.0) -> float:
    """Return the one-sided p-value, at this look, that the difference is below `margin`."""
    return p_above(second, first, -margin)


def p_differs(first: Array, second: Array) -> float:
    """Return the two-sided p-value, at this look, that the means differ."""
    return min(1.0, 2 * min(p_above(first, second), p_below(first, second)))


def confidence_bounds(first: Array, second: Array, level: float) -> Bounds:
    """Return the differences that neither of two one-sided bets at `level` / 2 has refuted."""
    if not first.sum() or not second.sum():
        return Bounds(math.nan, -1.0, 1.0)
    value = float(second @ PLACES / second.sum() - first @ PLACES / first.sum())
    low = _shown_above(first, second, value, level / 2)
    return Bounds(value, low, -_shown_above(second, first, -value, level / 2))


def _shown_above(first: Array, second: Array, value: float, level: float) -> float:
    """Return the largest margin that the difference is shown to be above."""
    low, high = -1.0, value
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        shown = p_above(first, second, middle) <= level
        low, high = (middle, high) if shown else (low, middle)
    return low
