"""Made-up studies whose truth is known, for `bench.error_rates`.

Verdicts are drawn as for the power of a plan (`pinchtune.stats.simulation`): prompts shared by
the languages, ties, seeds that differ.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pinchtune.stats import Array, Assumptions, Bootstrap, Resamples, Shape, draw_scores

Row = dict[str, Any]
BLOCK = 250
"""Studies that share their resamples."""


class Setting(NamedTuple):
    """One kind of study."""

    prompts: int
    languages: int
    correlation: float
    ties: float
    effect: float

    def assume(self, **more: Any) -> Assumptions:
        """Return what the studies are drawn from."""
        return Assumptions(self.effect, self.ties, self.languages, self.correlation, **more)


def share(hits: Sequence[bool] | Array | NDArray[np.bool_]) -> Row:
    """Return a rate in percent with its Monte Carlo error."""
    rate = float(np.mean(hits))
    return {
        "percent": round(100 * rate, 2),
        "error": round(100 * math.sqrt(rate * (1 - rate) / len(hits)), 2),
    }


def bootstraps(tables: Array, seed: int) -> Iterator[Bootstrap]:
    """Yield the resampled mean of each row of [studies, prompts], as ClusteredScores does."""
    studies, prompts = tables.shape
    names = [f"{k:04}" for k in range(prompts)]
    for first in range(0, studies, BLOCK):
        scores = tables[first : first + BLOCK]
        weights = Resamples(names, seed=seed + first).weights[1:]
        drawn = scores @ weights.T / prompts
        left_out = (scores.sum(axis=1, keepdims=True) - scores) / (prompts - 1)
        for values, resampled, without in zip(scores, drawn, left_out):
            yield Bootstrap(float(values.mean()), resampled, without, prompts)


def draw_tables(assumptions: Assumptions, prompts: int, studies: int, seed: int) -> Array:
    """Return [studies, prompts], the mean score of each prompt, from one seed of the arms."""
    return draw_scores(assumptions, Shape(studies, 1, prompts), np.random.default_rng(seed))[:, 0]
