"""Do several people rate alike: Krippendorff's alpha, with its uncertainty.

Alpha is 1 minus observed over expected disagreement (Krippendorff 2011, "Computing
Krippendorff's Alpha-Reliability"). It takes any number of raters and missing ratings. The
interval is a bootstrap over the rated examples.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Literal

import numpy as np

from pinchtune.stats import TAILS, Array, Estimate, Resamples
from pinchtune.store.records import VERDICTS

Level = Literal["nominal", "ordinal"]
Rating = tuple[str, str, str]
"""Example, person, value."""


def alpha(
    ratings: Iterable[Rating],
    level: Level = "ordinal",
    scale: Sequence[str] = VERDICTS,
    *,
    count: int = 2000,
    seed: int = 0,
) -> Estimate:
    """Return alpha with its 95 % interval; NaN where the ratings cannot say.

    `scale` lists the values, in their order where the level is ordinal. Somebody who rates an
    example again is counted with the last rating. `n` is the number of examples that at least
    two people rated; all alike leave alpha undefined.
    """
    units = _count_values(ratings, scale)
    resamples = Resamples(map(str, range(len(units))), count, seed)
    values = _alphas(resamples.weights, units, level)
    drawn = values[1:][~np.isnan(values[1:])]
    if len(units) < 2 or math.isnan(values[0]) or not drawn.size:
        return Estimate(float(values[0]), math.nan, math.nan, len(units))
    low, high = np.percentile(drawn, TAILS)
    return Estimate(float(values[0]), float(low), float(high), len(units))


def _count_values(ratings: Iterable[Rating], scale: Sequence[str]) -> Array:
    """Return how often each example (row) got each value (column), if rated at least twice."""
    last = {(unit, person): value for unit, person, value in ratings}
    rows: dict[str, list[int]] = {}
    for (unit, _), value in last.items():
        rows.setdefault(unit, [0] * len(scale))[scale.index(value)] += 1
    paired = [row for row in rows.values() if sum(row) > 1]
    return np.array(paired, dtype=float).reshape(len(paired), len(scale))


def _alphas(weights: Array, units: Array, level: Level) -> Array:
    """Return alpha for each resample, a row of `weights`."""
    ratings = units.sum(axis=1, keepdims=True)
    pairs = units[:, :, None] * units[:, None, :]
    pairs -= units[:, :, None] * np.eye(units.shape[1])
    pairs /= np.maximum(ratings - 1, 1)[:, :, None]
    size = units.shape[1]
    observed = (weights @ pairs.reshape(len(units), size * size)).reshape(-1, size, size)
    totals = observed.sum(axis=2)
    delta = _ordinal_distance(totals) if level == "ordinal" else 1 - np.eye(size)
    expected = totals[:, :, None] * totals[:, None, :]
    expected -= totals[:, :, None] * np.eye(size)
    expected /= np.maximum(totals.sum(axis=1) - 1, 1)[:, None, None]
    disagreement = (observed * delta).sum(axis=(1, 2))
    by_chance = (expected * delta).sum(axis=(1, 2))
    empty = np.full(len(weights), np.nan)
    ratio: Array = np.divide(disagreement, by_chance, out=empty, where=by_chance > 0)
    return 1 - ratio


def _ordinal_distance(totals: Array) -> Array:
    """Return the squared number of ratings between two values, half of their own included."""
    middle = np.cumsum(totals, axis=1) - totals / 2
    distance: Array = (middle[:, :, None] - middle[:, None, :]) ** 2
    return distance
