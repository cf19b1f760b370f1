"""How two figures go together: Pearson with an interval, Spearman, and the fitted line."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from pinchtune.stats.distributions import normal_quantile
from pinchtune.stats.estimate import LEVEL, Array, Estimate

LEAST = 3
"""Fewest points that a correlation is computed of."""


class Correlation(NamedTuple):
    """Pearson's r with the interval of Fisher's z, Spearman's, and the line of least squares."""

    r: Estimate
    rank: float
    slope: float
    intercept: float


def correlate(xs: Sequence[float], ys: Sequence[float]) -> Correlation | None:
    """Return how two figures go together; None for too few points or none that differ."""
    if len(xs) < LEAST or np.std(xs) == 0 or np.std(ys) == 0:
        return None
    r = float(np.corrcoef(xs, ys)[0, 1])
    half = normal_quantile(1 - LEVEL) / math.sqrt(len(xs) - 3) if len(xs) > LEAST else math.inf
    z = math.atanh(min(max(r, -0.999999), 0.999999))
    low, high = math.tanh(z - half), math.tanh(z + half)
    slope, intercept = (float(v) for v in np.polyfit(xs, ys, 1))
    rank = float(np.corrcoef(_ranks(xs), _ranks(ys))[0, 1])
    return Correlation(Estimate(r, low, high, len(xs)), rank, slope, intercept)


def _ranks(values: Sequence[float]) -> Array:
    """Return the rank of each value; equal values share the mean of theirs."""
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    found: Array = (np.cumsum(counts) - (counts - 1) / 2)[place]
    return found
