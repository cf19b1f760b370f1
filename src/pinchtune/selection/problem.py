"""What is chosen from, what is to be covered, and what a choice must respect."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from pinchtune.errors import UsageError
from pinchtune.model.embed import Vectors

Weights = NDArray[np.float64]
Topic = tuple[str, str]
"""A language and a term of its glossary."""


@dataclass(frozen=True)
class Ground:
    """What is to be covered: enquiries, or the pool itself."""

    vectors: Vectors
    """[N, D]."""
    weights: Weights
    """[N], how much each counts (how often it was asked); they sum to 1."""

    @classmethod
    def of(cls, vectors: Vectors, counts: Sequence[float] | Weights | None = None) -> Ground:
        """Return a ground set with its counts brought to a sum of 1; without counts all alike."""
        weights = np.ones(len(vectors)) if counts is None else np.asarray(counts, np.float64)
        if len(weights) != len(vectors) or not weights.sum() > 0 or weights.min() < 0:
            raise UsageError("counts: one number of at least 0 for each row, not all 0, is needed")
        _refuse_unknown(vectors)
        return cls(np.asarray(vectors, np.float32), weights / weights.sum())


def _refuse_unknown(vectors: Vectors) -> None:
    """Raise UsageError for what no embedder should return: closeness to it is no number."""
    if not np.isfinite(vectors).all():
        raise UsageError("embeddings: a row holds what is no number; embed its text again")


@dataclass(frozen=True)
class Problem:
    """One choice to be made: `size` of the candidates."""

    ids: Sequence[str]
    """Ids of the candidates; of equals, the smaller id is chosen."""
    vectors: Vectors
    """[M, D], the candidates' embeddings."""
    ground: Ground
    size: int
    groups: Sequence[str]
    """Group (language) of each candidate."""
    quotas: dict[str, int] = field(default_factory=dict)
    """Most of each group; a group without a quota is free."""
    lengths: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    """Characters of each candidate's response, for `longest`."""
    twins: Sequence[str] = ()
    """What each candidate's parallel versions share with it, for `random`."""
    places: Sequence[int] = ()
    """Place of each candidate in the pool, whose order `random` shuffles."""
    topics: Sequence[frozenset[Topic]] = ()
    """Glossary terms of each candidate."""
    topic_weight: float = 0.0
    """What one more glossary term is worth, in the unit of the coverage."""
    pinned: frozenset[str] = frozenset()
    """Ids that are chosen first."""
    excluded: frozenset[str] = frozenset()
    """Ids that are never chosen."""
    seed: int = 0

    def __post_init__(self) -> None:
        """Refuse embeddings that are no numbers."""
        _refuse_unknown(self.vectors)

    def order(self) -> list[int]:
        """Return the candidates by id: what breaks ties."""
        return sorted(range(len(self.ids)), key=lambda i: self.ids[i])


class Chosen:
    """What is chosen so far, and what may still be: quotas, pins and exclusions in one place."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.rows: list[int] = []
        self.is_free = np.array([i not in problem.excluded for i in problem.ids], bool)
        self.left = Counter(problem.quotas)
        for group, quota in problem.quotas.items():
            if quota <= 0:
                self._close(group)

    def add(self, row: int) -> None:
        """Choose a candidate."""
        group = self.problem.groups[row]
        self.rows.append(row)
        self.is_free[row] = False
        if group in self.problem.quotas:
            self.left[group] -= 1
            if self.left[group] <= 0:
                self._close(group)

    def _close(self, group: str) -> None:
        self.is_free &= np.array([g != group for g in self.problem.groups], bool)

    @property
    def is_full(self) -> bool:
        """True if nothing more can be, or has to be, chosen."""
        return len(self.rows) >= self.problem.size or not self.is_free.any()

    def pin(self) -> list[int]:
        """Choose the pinned candidates, by id; UsageError if one is not there or has no place."""
        if not self.problem.pinned:
            return []
        missing = sorted(self.problem.pinned - set(self.problem.ids))
        if missing:
            raise UsageError(f"select.pinned: {missing[0]} is not in the pool; correct the id")
        for row in self.problem.order():
            if self.problem.ids[row] in self.problem.pinned:
                if not self.is_free[row] or len(self.rows) >= self.problem.size:
                    raise UsageError(
                        f"select.pinned: there is no place for {self.problem.ids[row]} (it is "
                        "excluded, or its language is full); pin less or raise the dose"
                    )
                self.add(row)
        return list(self.rows)
