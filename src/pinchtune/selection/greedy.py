"""Lazy greedy choice by coverage (Minoux 1978), and its plain twin.

A gain can only shrink as the choice grows, so an old gain is an upper bound: the few candidates
with the highest bounds are counted again until none below can beat them. Plain greedy counts
every gain in every round and is what the tests compare with.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pinchtune.selection.coverage import Coverage
from pinchtune.selection.problem import Chosen, Problem

AGAIN, MOST_AGAIN = 32, 4096
"""Candidates that are counted again at a time: twice as many each time, up to a most."""


def choose_lazily(problem: Problem) -> list[int]:
    """Return the rows of the greedy choice, in the order they were chosen."""
    chosen, coverage, rank = Chosen(problem), Coverage(problem), _ranks(problem)
    for row in chosen.pin():
        coverage.add(row)
    bounds = np.full(len(problem.ids), -np.inf)
    free = np.flatnonzero(chosen.is_free)
    bounds[free] = coverage.bounds(free)
    while not chosen.is_full:
        row = _best(coverage, bounds, chosen.is_free, rank)
        coverage.add(row)
        chosen.add(row)
    return chosen.rows


def _best(
    coverage: Coverage,
    bounds: NDArray[np.float64],
    is_free: NDArray[np.bool_],
    rank: NDArray[np.int64],
) -> int:
    """Return the free candidate with the largest gain now; `bounds` are brought up to date."""
    free = np.flatnonzero(is_free)
    fresh = np.zeros(len(bounds), bool)
    again = AGAIN
    while True:
        top = _highest(free, bounds, rank, again)
        stale = top[~fresh[top]]
        if not len(stale) or fresh[top[0]]:
            return int(top[0])
        bounds[stale] = coverage.gains(stale)
        fresh[stale] = True
        again = min(2 * again, MOST_AGAIN)


def _highest(
    free: NDArray[np.int64], bounds: NDArray[np.float64], rank: NDArray[np.int64], count: int
) -> NDArray[np.int64]:
    """Return the rows with the highest bounds, best first; of equals, the smaller id."""
    if len(free) > count:
        least = np.partition(bounds[free], len(free) - count)[len(free) - count]
        free = free[bounds[free] >= least]
    return free[np.lexsort((rank[free], -bounds[free]))]


def choose_plainly(problem: Problem) -> list[int]:
    """Return the same choice by counting every gain in every round."""
    chosen, coverage, rank = Chosen(problem), Coverage(problem), _ranks(problem)
    for row in chosen.pin():
        coverage.add(row)
    while not chosen.is_full:
        free = np.flatnonzero(chosen.is_free)
        row = int(free[np.lexsort((rank[free], -coverage.gains(free)))[0]])
        coverage.add(row)
        chosen.add(row)
    return chosen.rows


def _ranks(problem: Problem) -> NDArray[np.int64]:
    """Return each candidate's place in the order of ids."""
    rank = np.empty(len(problem.ids), np.int64)
    rank[problem.order()] = np.arange(len(problem.ids))
    return rank
