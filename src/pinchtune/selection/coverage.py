"""How well a choice stands for the ground set: facility location, and what it adds to it.

The value of a choice S is  sum_i w_i max(0, max_{j in S} cos(i, j))  +  topic_weight * (glossary
terms in S). Both parts are monotone and submodular, so the greedy choice is at least 1 - 1/e of the
best one (Nemhauser, Wolsey and Fisher 1978); with a quota for each language it is at least half of
it (Fisher, Nemhauser and Wolsey 1978).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pinchtune.selection.problem import Problem, Topic, Weights

BLOCK = 4_000_000
"""Most similarities in memory at a time (16 MB)."""
DIGITS = 9
"""Decimals of a gain that count: the same sum in another order differs in the later ones."""

SLACK = 1e-5
"""More than a sum in float32 can be off."""


class Coverage:
    """The value of a growing choice."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.best: Weights = np.zeros(len(problem.ground.weights))
        self.topics: set[Topic] = set()
        self.value = 0.0

    def similarities(self, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return the cosine of each of `rows` with the ground set, [len(rows), N]."""
        found: NDArray[np.float32] = self.problem.vectors[rows] @ self.problem.ground.vectors.T
        return found

    def gains(self, rows: NDArray[np.int64]) -> Weights:
        """Return what each of `rows` would add to the value."""
        step = max(1, BLOCK // max(1, len(self.best)))
        parts = [self._gains(rows[k : k + step]) for k in range(0, len(rows), step)]
        return np.concatenate(parts) if parts else np.zeros(0)

    def bounds(self, rows: NDArray[np.int64]) -> Weights:
        """Return upper bounds of the gains, in a fraction of their time: sums in float32."""
        weights = self.problem.ground.weights.astype(np.float32)
        best = self.best.astype(np.float32)
        step = max(1, BLOCK // max(1, len(best)))
        found = np.zeros(len(rows))
        for k in range(0, len(rows), step):
            above = self.similarities(rows[k : k + step])
            if best.any():
                above -= best
            np.maximum(above, 0, out=above)
            found[k : k + step] = above @ weights
        return np.asarray(found + self._extra(rows) + SLACK, np.float64)

    def _gains(self, rows: NDArray[np.int64]) -> Weights:
        above = self.similarities(rows) - self.best.astype(np.float32)
        np.maximum(above, 0, out=above)
        gains: Weights = above.astype(np.float64) @ self.problem.ground.weights
        return np.round(gains + self._extra(rows), DIGITS)

    def _extra(self, rows: NDArray[np.int64]) -> Weights:
        """Return what the glossary terms of each of `rows` would add."""
        problem = self.problem
        if not (problem.topic_weight and problem.topics):
            return np.zeros(len(rows))
        new = [len(problem.topics[int(row)] - self.topics) for row in rows]
        return problem.topic_weight * np.array(new, np.float64)

    def add(self, row: int) -> float:
        """Add a candidate and return what it added."""
        rows = np.array([row])
        gain = float(self.gains(rows)[0])
        self.best = np.maximum(self.best, self.similarities(rows)[0].astype(np.float64))
        if self.problem.topics:
            self.topics |= self.problem.topics[row]
        self.value += gain
        return gain

    @property
    def covered(self) -> float:
        """Weighted mean of the closeness to the nearest chosen one: 0 nothing, 1 all."""
        return float(self.best @ self.problem.ground.weights)


def cover(problem: Problem, rows: list[int]) -> Coverage:
    """Return the coverage of a finished choice."""
    coverage = Coverage(problem)
    for row in rows:
        coverage.add(row)
    return coverage


def cover_all(problem: Problem) -> float:
    """Return how much is covered when every candidate is chosen: what no choice can exceed."""
    coverage = Coverage(problem)
    step = max(1, BLOCK // max(1, len(coverage.best)))
    for k in range(0, len(problem.ids), step):
        near = coverage.similarities(np.arange(k, min(k + step, len(problem.ids))))
        coverage.best = np.maximum(coverage.best, near.max(axis=0))
    return coverage.covered
