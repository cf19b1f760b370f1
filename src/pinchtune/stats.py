"""Estimates with honest intervals: one bootstrap over clusters, shared by every measure.

The same prompt in thirteen languages is one draw from the world of prompts, not thirteen, so
whole clusters are resampled. All measures of an evaluation use the same resamples, which
makes the difference of two arms a paired one.

This module knows numbers and names only: nothing of prompts, judges or files.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

NEUTRAL = 50.0
"""The win rate, in percent, of two arms that cannot be told apart."""
TAILS = (2.5, 97.5)
"""Percentiles that bound a 95 % interval."""
DIGITS = 6
"""Decimals kept in JSON: far finer than any interval, coarser than rounding errors."""


class Estimate(NamedTuple):
    """A value with its 95 % interval; NaN where the data cannot say."""

    value: float
    low: float
    high: float
    n: int
    """Prompts that were scored."""

    def to_json(self) -> dict[str, float | int | None]:
        """Return a JSON object in which NaN is null."""
        bounds = {k: _finite(v) for k, v in zip(self._fields, self[:3], strict=False)}
        return {**bounds, "n": self.n}


def _finite(value: float) -> float | None:
    return round(value, DIGITS) if math.isfinite(value) else None


def non_inferiority(estimate_low: float | None, margin: float, neutral: float = NEUTRAL) -> bool:
    """Return True if the interval's lower bound is above `neutral - margin`; NaN is never."""
    return estimate_low is not None and estimate_low > neutral - margin


class Resamples:
    """Seeded bootstrap resamples of clusters, as weights: how often each one was drawn.

    Takes 8 bytes a resample and cluster: 2,000 resamples of 10,000 clusters are 160 MB.
    """

    def __init__(self, clusters: Iterable[str], count: int = 2000, seed: int = 0) -> None:
        self.index = {name: i for i, name in enumerate(sorted(set(clusters)))}
        size = len(self.index)
        drawn = np.zeros((count, size))
        if size:
            picks = np.random.default_rng(seed).integers(size, size=(count, size))
            flat = (picks + size * np.arange(count)[:, None]).ravel()
            drawn = np.bincount(flat, minlength=count * size).reshape(count, size).astype(float)
        # Row 0 takes every cluster once: it is the observed value.
        self.weights: Array = np.vstack([np.ones((1, size)), drawn])


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
    drawn = values[1:][~np.isnan(values[1:])]
    if len(units) < 2 or math.isnan(values[0]) or not drawn.size:
        return Estimate(float(values[0]), math.nan, math.nan, len(units))
    low, high = np.percentile(drawn, TAILS)
    return Estimate(float(values[0]), float(low), float(high), len(units))


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
    return 1 - _divide(disagreement, by_chance)


def _ordinal_distance(totals: Array) -> Array:
    """Return the squared number of ratings between two values, half of their own included."""
    middle = np.cumsum(totals, axis=1) - totals / 2
    distance: Array = (middle[:, :, None] - middle[:, None, :]) ** 2
    return distance


class ClusteredScores:
    """Scores of one measure in one arm, ready to be averaged by language and group.

    Item i scores `values[i]`, belongs to `clusters[i]` and is in `languages[i]`; NaN means
    unscored. The score of a language is sum(values) / sum(weights): a mean by default, a ratio
    such as bits per byte when weights are given. The score of several languages is the
    unweighted mean of theirs.
    """

    def __init__(
        self,
        resamples: Resamples,
        values: Sequence[float],
        clusters: Sequence[str],
        languages: Sequence[str],
        weights: Sequence[float] | None = None,
    ) -> None:
        scores = np.asarray(values, dtype=float)
        sizes = np.ones(len(scores)) if weights is None else np.asarray(weights, dtype=float)
        if np.isinf(scores).any() or not np.isfinite(sizes).all():
            raise ValueError("scores must be finite, or NaN where unscored; weights finite")
        scored = np.flatnonzero(~np.isnan(scores)).tolist()
        self.counts = Counter(languages[i] for i in scored)
        self.columns = {code: j for j, code in enumerate(sorted(self.counts))}
        rows = [resamples.index[clusters[i]] for i in scored]
        columns = [self.columns[languages[i]] for i in scored]
        sums, totals = np.zeros((2, len(resamples.index), len(self.columns)))
        np.add.at(sums, (rows, columns), scores[scored])
        np.add.at(totals, (rows, columns), sizes[scored])
        self._present = totals > 0
        self._means = _divide(resamples.weights @ sums, resamples.weights @ totals)

    def estimate(self, languages: Iterable[str] | None = None) -> Estimate:
        """Return the score over `languages` (all by default), in the unit of the values."""
        codes = self._codes(languages)
        columns = [self.columns[code] for code in codes]
        clusters = int(self._present[:, columns].any(axis=1).sum())
        n = sum(self.counts[code] for code in codes)
        return summarise(self._means[:, columns], clusters, n)

    def difference(
        self, first: ClusteredScores, languages: Iterable[str] | None = None
    ) -> Estimate:
        """Return this score minus `first`'s, paired: over languages that both have scores in."""
        codes = [code for code in self._codes(languages) if code in first.columns]
        mine, theirs = ([scores.columns[c] for c in codes] for scores in (self, first))
        paired = self._present[:, mine].any(axis=1) & first._present[:, theirs].any(axis=1)
        n = sum(min(self.counts[code], first.counts[code]) for code in codes)
        return summarise(self._means[:, mine] - first._means[:, theirs], int(paired.sum()), n)

    def _codes(self, languages: Iterable[str] | None) -> list[str]:
        wanted = self.columns if languages is None else dict.fromkeys(languages)
        return [code for code in wanted if code in self.columns]


def _divide(numerator: Any, denominator: Any) -> Array:
    """Return the quotient, NaN where there is nothing to divide by."""
    empty = np.full(np.shape(numerator), np.nan)
    quotient: Array = np.divide(numerator, denominator, out=empty, where=denominator > 0)
    return quotient


def summarise(means: Array, clusters: int, n: int) -> Estimate:
    """Average the languages (columns) of each resample (row) and take the percentiles.

    One cluster says nothing about spread, so its interval is NaN and not a point.
    """
    known = ~np.isnan(means)
    values = _divide(np.where(known, means, 0.0).sum(axis=1), known.sum(axis=1))
    drawn = values[1:][~np.isnan(values[1:])]
    if clusters < 2 or not drawn.size:
        return Estimate(float(values[0]), math.nan, math.nan, n)
    low, high = np.percentile(drawn, TAILS)
    return Estimate(float(values[0]), float(low), float(high), n)
