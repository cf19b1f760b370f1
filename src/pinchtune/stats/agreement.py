"""Do raters agree: Krippendorff's alpha, with an interval."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal

import numpy as np

from pinchtune.stats.clusters import Resamples, divide, summarise
from pinchtune.stats.estimate import Array, Estimate

Level = Literal["nominal", "ordinal"]
Rating = tuple[str, str, str]
"""What was rated, by whom, and the value."""


def alpha(
    ratings: Iterable[Rating],
    scale: Sequence[str],
    level: Level = "ordinal",
    *,
    count: int = 2000,
    seed: int = 0,
) -> Estimate:
    """Return Krippendorff's alpha with its 95 % interval; NaN where the ratings cannot say.

    Alpha is 1 minus observed over expected disagreement (Krippendorff 2011, "Computing
    Krippendorff's Alpha-Reliability"). It takes any number of raters and missing ratings; the
    interval is a bootstrap over what was rated. `scale` lists the values, in their order where
    the level is ordinal. Somebody who rates a thing again is counted with the last rating. `n`
    is the number of things that at least two rated; all alike leave alpha undefined.
    """
    units = _count_values(ratings, scale)
    resamples = Resamples(map(str, range(len(units))), count, seed)
    values = _alphas(resamples.weights, units, level)
    return summarise(values[:, None], len(units), len(units))


def _count_values(ratings: Iterable[Rating], scale: Sequence[str]) -> Array:
    """Return how often each thing (row) got each value (column), if rated at least twice."""
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
    return 1 - divide(disagreement, by_chance)


def _ordinal_distance(totals: Array) -> Array:
    """Return the squared number of ratings between two values, half of their own included."""
    middle = np.cumsum(totals, axis=1) - totals / 2
    distance: Array = (middle[:, :, None] - middle[:, None, :]) ** 2
    return distance
