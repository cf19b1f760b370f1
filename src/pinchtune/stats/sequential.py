"""A difference of two means that may be looked at whenever one likes.

A bet that the second mean is larger multiplies its capital by `1 - f + f x / m` at each value x
of the second group and by `1 - g + g (1 - x) / (1 - m)` at each of the first, where m is the mean
of both if they are alike. For values in [0, 1] the capital then grows by chance alone to 1 / level
with probability `level` at most, over all looks together (Ville 1939), whatever the distribution,
the number of values and their split (betting on means: Waudby-Smith and Ramdas 2024, JRSS B 86).
m is not known: the least capital over all m counts, as in Turner and Grünwald 2023 (Statistics
and Probability Letters 198) for two proportions; Chugg et al. 2023 bet on two means. Many
f and g share the stake (a mixture; most of it where a plan expects to need it, which the bound
does not depend on). The inverse of the largest capital so far is an always-valid p-value
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
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from pinchtune.stats.estimate import Array

PLACES = np.linspace(0.0, 1.0, 21)
"""Where values are counted: those of thumbs and of scores from 1 to 5 are among them."""
STAKES = np.geomspace(0.004, 0.96, 12)
"""Shares of the capital that are risked: the small ones find small differences in large tests."""
_STANDARD_ERRORS, _SPREAD = 3.0, 0.75
_TOGETHER, _APART, _EVENLY = 0.6, 0.3, 0.1
_POINTS, _ROUNDS, _EDGE, _HALVINGS = 9, 7, 1e-6, 13


class Design(NamedTuple):
    """What a plan expects. The bets are sharpest there; what they show holds anyhow."""

    mean: float
    """About the mean of the values, between 0 and 1."""
    users: float
    """About how many users say something, in both groups together."""
    first_share: float = 0.5
    """Share of them in the first group."""

    def swapped(self) -> Design:
        """Return the design with the groups in the other order."""
        return self._replace(first_share=1 - self.first_share)


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
    lower = np.bincount(below, weights=1 - upper, minlength=size)
    return np.asarray(lower + np.bincount(below + 1, weights=upper, minlength=size), dtype=float)


@lru_cache
def _weights(design: Design) -> Array:
    """Return [share of the first, share of the second], the parts of the stake.

    At a difference of a few standard errors the best shares are those that the two centres name:
    lambda is the difference over the variance, and weighs the groups by their sizes.
    """
    sizes = design.users * np.array([design.first_share, 1 - design.first_share])
    spread = _SPREAD * math.sqrt(design.mean * (1 - design.mean))
    bet = _STANDARD_ERRORS / (spread * math.sqrt((1 / sizes).sum()) * sizes)
    best = np.clip(bet * np.array([1 - design.mean, design.mean]), STAKES[0], 0.8)
    first, second = (np.log(STAKES)[:, None] - np.log(best)).T
    together, apart = (first[:, None] + second) / 2, (first[:, None] - second) / 2
    near = np.exp(-((together / _TOGETHER) ** 2 + (apart / _APART) ** 2) / 2)
    weights: Array = (1 - _EVENLY) * near / near.sum() + _EVENLY / near.size
    return weights


def log_capital(first: Array, second: Array, design: Design, margin: float = 0.0) -> float:
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
        below = grow(first[::-1], 1 - means)
        above = grow(second, np.minimum(means + margin, 1.0))
        capital = join(below, above, design)
        at = int(np.argmin(capital))
        least = min(least, float(capital[at]))
        low, high = float(means[max(at - 1, 0)]), float(means[min(at + 1, _POINTS - 1)])
    return least


def grow(counts: Array, means: Array) -> Array:
    """Return [..., mean, share], the log of what each share has grown to."""
    factors = 1 - STAKES + STAKES * (PLACES[:, None, None] / means[:, None])
    grown: Array = np.tensordot(counts, np.log(factors), 1)
    return grown


def join(below: Array, above: Array, design: Design) -> Array:
    """Return [..., mean], the log of the whole capital, every share with every share."""
    tops = below.max(axis=-1), above.max(axis=-1)
    first, second = (np.exp(g - top[..., None]) for g, top in zip((below, above), tops))
    mean = ((first @ _weights(design)) * second).sum(axis=-1)
    joined: Array = tops[0] + tops[1] + np.log(mean)
    return joined


def p_above(first: Array, second: Array, design: Design, margin: float = 0.0) -> float:
    """Return the one-sided p-value, at this look, that the difference is above `margin`."""
    return math.exp(-max(0.0, log_capital(first, second, design, margin)))


def p_below(first: Array, second: Array, design: Design, margin: float = 0.0) -> float:
    """Return the one-sided p-value, at this look, that the difference is below `margin`."""
    return p_above(second, first, design.swapped(), -margin)


def p_differs(first: Array, second: Array, design: Design) -> float:
    """Return the two-sided p-value, at this look, that the means differ."""
    return min(1.0, 2 * min(p_above(first, second, design), p_below(first, second, design)))


def confidence_bounds(first: Array, second: Array, design: Design, level: float) -> Bounds:
    """Return the differences that neither of two one-sided bets at `level` / 2 has refuted."""
    if not first.sum() or not second.sum():
        return Bounds(math.nan, -1.0, 1.0)
    value = float(second @ PLACES / second.sum() - first @ PLACES / first.sum())
    low = _shown_above(first, second, design, value, level / 2)
    high = -_shown_above(second, first, design.swapped(), -value, level / 2)
    return Bounds(value, low, high)


def _shown_above(first: Array, second: Array, design: Design, value: float, level: float) -> float:
    """Return the largest margin that the difference is shown to be above."""
    low, high = -1.0, value
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        shown = p_above(first, second, design, middle) <= level
        low, high = (middle, high) if shown else (low, middle)
    return low
