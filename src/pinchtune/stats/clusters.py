"""Scores in clusters: means by language and group, resampled by whole clusters.

The same prompt in thirteen languages is one draw from the world of prompts, not thirteen, so
whole clusters are resampled. All measures of an evaluation use the same resamples, which
makes the difference of two arms a paired one.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from pinchtune.stats.estimate import NEUTRAL, TAILS, Array, Estimate
from pinchtune.stats.intervals import METHOD, Bootstrap, Method


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
        self._sums, self._totals = np.zeros((2, len(resamples.index), len(self.columns)))
        np.add.at(self._sums, (rows, columns), scores[scored])
        np.add.at(self._totals, (rows, columns), sizes[scored])
        self._present = self._totals > 0
        self._means = divide(resamples.weights @ self._sums, resamples.weights @ self._totals)

    def estimate(self, languages: Iterable[str] | None = None, method: Method = METHOD) -> Estimate:
        """Return the score over `languages` (all by default), in the unit of the values."""
        return self.bootstrap(languages).estimate(method)

    def difference(
        self,
        first: ClusteredScores,
        languages: Iterable[str] | None = None,
        method: Method = METHOD,
    ) -> Estimate:
        """Return this score minus `first`'s, paired: over languages that both have scores in."""
        return self.bootstrap_difference(first, languages).estimate(method)

    def bootstrap(self, languages: Iterable[str] | None = None) -> Bootstrap:
        """Return the score over `languages` with its resampled values."""
        codes = self._codes(languages)
        columns = [self.columns[code] for code in codes]
        present = self._present[:, columns].any(axis=1)
        left_out = self._left_out()[:, columns][present]
        n = sum(self.counts[code] for code in codes)
        return _over_languages(self._means[:, columns], left_out, n)

    def bootstrap_difference(
        self, first: ClusteredScores, languages: Iterable[str] | None = None
    ) -> Bootstrap:
        """Return this score minus `first`'s over `languages` with its resampled values."""
        codes, mine, theirs = self._common(first, languages)
        paired = self._present[:, mine].any(axis=1) & first._present[:, theirs].any(axis=1)
        left_out = self._left_out()[:, mine] - first._left_out()[:, theirs]
        n = sum(min(self.counts[code], first.counts[code]) for code in codes)
        return _over_languages(self._means[:, mine] - first._means[:, theirs], left_out[paired], n)

    def pseudo_values(self, languages: Iterable[str] | None = None) -> Array:
        """Return what each cluster of the resamples says of the score; NaN where it says nothing.

        These are Tukey's pseudo-values; of one prompt a cluster they are the scores themselves.
        Their mean is the score, and those of several seeds are in one order.
        """
        columns = [self.columns[code] for code in self._codes(languages)]
        present = self._present[:, columns].any(axis=1)
        count, value = present.sum(), _average(self._means[:1, columns])
        pseudo: Array = count * value - (count - 1) * _average(self._left_out()[:, columns])
        return np.where(present, pseudo, np.nan)

    def paired_pseudo_values(
        self, first: ClusteredScores, languages: Iterable[str] | None = None
    ) -> Array:
        """Return what each cluster says of this score minus `first`'s, as above."""
        codes, _, _ = self._common(first, languages)
        found: Array = self.pseudo_values(codes) - first.pseudo_values(codes)
        return found

    def contributions(
        self, languages: Iterable[str] | None = None, neutral: float = NEUTRAL
    ) -> Array:
        """Return what each cluster adds to the score minus `neutral`; their sum is just that.

        If the arms were swapped on a prompt, its contribution would change its sign: see
        `sign_flip_test`.
        """
        columns = [self.columns[code] for code in self._codes(languages)]
        totals = self._totals[:, columns]
        return _shares(self._sums[:, columns] - neutral * totals, totals)

    def paired_contributions(
        self, first: ClusteredScores, languages: Iterable[str] | None = None
    ) -> Array:
        """Return what each cluster adds to this score minus `first`'s, where both are scored."""
        _, mine, theirs = self._common(first, languages)
        totals = self._totals[:, mine]
        both = np.isclose(totals, first._totals[:, theirs])
        gains = self._sums[:, mine] - first._sums[:, theirs]
        return _shares(np.where(both, gains, 0.0), np.where(both, totals, 0.0))

    def covariance(self, languages: Iterable[str] | None = None) -> Array:
        """Return the covariance of the languages' scores, by the jackknife over clusters.

        Languages that share prompts share part of their error.
        """
        columns = [self.columns[code] for code in self._codes(languages)]
        present = self._present[:, columns]
        counts = present.sum(axis=0)
        left_out = np.where(present, np.nan_to_num(self._left_out()[:, columns]), 0.0)
        away = np.where(present, left_out - left_out.sum(axis=0) / counts, 0.0)
        away *= np.sqrt((counts - 1) / counts)
        product: Array = away.T @ away
        return product

    def _left_out(self) -> Array:
        """Return the score of each language (column) without each cluster (row)."""
        sums, totals = (part.sum(axis=0) - part for part in (self._sums, self._totals))
        return divide(sums, totals)

    def _codes(self, languages: Iterable[str] | None) -> list[str]:
        wanted = self.columns if languages is None else dict.fromkeys(languages)
        return [code for code in wanted if code in self.columns]

    def _common(
        self, first: ClusteredScores, languages: Iterable[str] | None
    ) -> tuple[list[str], list[int], list[int]]:
        """Return the languages that both have scores in, and their columns here and there."""
        codes = [code for code in self._codes(languages) if code in first.columns]
        return codes, [self.columns[c] for c in codes], [first.columns[c] for c in codes]


def divide(numerator: Any, denominator: Any) -> Array:
    """Return the quotient; NaN where there is nothing to divide by."""
    empty = np.full(np.shape(numerator), np.nan)
    quotient: Array = np.divide(numerator, denominator, out=empty, where=denominator > 0)
    return quotient


def _shares(sums: Array, totals: Array) -> Array:
    """Return each cluster's part of the mean over languages of sums / totals."""
    size = totals.sum(axis=0)
    known = size > 0
    parts: Array = (sums[:, known] / size[known]).sum(axis=1) / max(known.sum(), 1)
    return parts


def _average(means: Array) -> Array:
    """Return the mean over the languages (columns) that are known, for each row."""
    known = ~np.isnan(means)
    return divide(np.where(known, means, 0.0).sum(axis=1), known.sum(axis=1))


def summarise(means: Array, clusters: int, n: int) -> Estimate:
    """Average the languages (columns) of each resample (row), and take the percentiles.

    For what has no jackknife. One cluster says nothing about spread: its interval is NaN.
    """
    values = _average(means)
    drawn = values[1:][~np.isnan(values[1:])]
    if clusters < 2 or math.isnan(values[0]) or not drawn.size:
        return Estimate(float(values[0]), math.nan, math.nan, n)
    low, high = np.percentile(drawn, TAILS)
    return Estimate(float(values[0]), float(low), float(high), n)


def _over_languages(means: Array, left_out: Array, n: int) -> Bootstrap:
    """Average the languages of each resample, and of what is left without each cluster."""
    values, without = _average(means), _average(left_out)
    drawn = values[1:][~np.isnan(values[1:])]
    return Bootstrap(float(values[0]), drawn, without[~np.isnan(without)], n)
