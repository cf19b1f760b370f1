"""Would other seeds say the same: the spread between seeds apart from that between prompts.

Every seed tunes its own arms, and all of them answer the same prompts: seeds and prompts are
crossed, and both are draws. The score of seed s on prompt k is

    y[s, k] = mean + seed[s] + prompt[k] + rest[s, k]

a two-way table of random effects with one value a cell, whose mean squares (Searle, Casella and
McCulloch, Variance Components, 4.5) separate the three variances. The variance of the mean is
taken to be

    (MS(seeds) + MS(prompts)) / (S K)

with the degrees of freedom of Satterthwaite (1946): few where the seeds make most of it, many
where the prompts do. This counts the rest twice. Two-way clustered errors (Cameron, Gelbach and
Miller 2011) take MS(rest) off again, which is exact with many seeds; with three it leaves a
difference of which little is known, and an interval that is often wider for it.

Why not something else: three seeds have ten different resamples, whose variance is a third too
small, so a bootstrap over seeds and prompts holds the truth too seldom where seeds differ.
docs/statistics.md has the coverage of all.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from pinchtune.stats.distributions import student_cdf, student_quantile
from pinchtune.stats.estimate import LEVEL, Array, Estimate


class MeanSquares(NamedTuple):
    """The analysis of variance of tables [.., S, K], one value for each table."""

    mean: Array
    seeds: Array
    """Mean square of the seeds; NaN with one seed, as `rest`."""
    prompts: Array
    rest: Array
    shape: tuple[int, int]
    """S and K."""

    def uncertainty(self, *, both: bool = True) -> Uncertainty:
        """Return how sure the mean is, over seeds and prompts or over prompts alone."""
        seeds, prompts = self.shape
        if not both:
            return Uncertainty(np.sqrt(self.prompts / (seeds * prompts)), _free(prompts - 1))
        total = self.seeds + self.prompts
        parts = self.seeds**2 / _free(seeds - 1) + self.prompts**2 / _free(prompts - 1)
        df = np.divide(total**2, parts, out=np.ones_like(total), where=parts != 0)
        # No more than the prompts', so that no interval is narrower for counting seeds too.
        return Uncertainty(np.sqrt(total / (seeds * prompts)), np.minimum(df, _free(prompts - 1)))


class Uncertainty(NamedTuple):
    """The standard error of a mean and the degrees of freedom that it was estimated with."""

    error: Array
    df: Array

    def p_above(self, away: Array | float) -> Array:
        """Return the one-sided p-values of "it is 0 or less", of means `away` from 0."""
        sure = np.where(away == 0, 0.0, np.copysign(np.inf, away))
        t = np.divide(away, self.error, out=sure, where=self.error != 0)
        p: Array = np.clip(1 - student_cdf(t, self.df), 0, 1)
        return p


def _free(df: int) -> Array:
    return np.asarray(df or math.nan, dtype=float)


def mean_squares(tables: Array) -> MeanSquares:
    """Return the mean squares of complete tables [.., seeds, prompts]."""
    seeds, prompts = tables.shape[-2:]
    mean = tables.mean(axis=(-2, -1), keepdims=True)
    by_seed, by_prompt = (tables.mean(axis=axis, keepdims=True) for axis in (-1, -2))
    rest = tables - by_seed - by_prompt + mean
    return MeanSquares(
        mean[..., 0, 0],
        prompts * _square(by_seed - mean, seeds - 1),
        seeds * _square(by_prompt - mean, prompts - 1),
        _square(rest, (seeds - 1) * (prompts - 1)),
        (seeds, prompts),
    )


def _square(away: Array, df: int) -> Array:
    square: Array = (away**2).sum(axis=(-2, -1)) / _free(df)
    return square


class SeedEstimate(NamedTuple):
    """A score over several seeds of each arm."""

    any_seeds: Estimate
    """With the interval for the recipe, whatever the seed; NaN with one seed, which cannot tell."""
    these_seeds: Estimate
    """With the interval for exactly these tuned models: over prompts alone, and too narrow for
    what another seed would give."""
    seeds: int
    seed_spread: float
    """Standard deviation between seeds, in the unit of the score; NaN with one seed."""
    prompt_spread: float
    """Standard deviation between prompts that lasts over the seeds; NaN with one seed."""
    rest_spread: float
    """Standard deviation of what is left, the interplay of seed and prompt; NaN with one seed."""
    uncertainty: Uncertainty
    """Over seeds and prompts."""

    @property
    def knows_seeds(self) -> bool:
        """True if there are two seeds or more, so that their spread can be told at all."""
        return self.seeds > 1

    def within(self, low: float, high: float) -> SeedEstimate:
        """Return it with intervals that end where the scale of the score ends."""
        return self._replace(
            any_seeds=_cut(self.any_seeds, low, high),
            these_seeds=_cut(self.these_seeds, low, high),
        )

    def p_above(self, limit: float) -> float:
        """Return the one-sided p-value, for any seeds, of "it is at most `limit`"; NaN as above."""
        return float(self.uncertainty.p_above(self.any_seeds.value - limit))


def _cut(one: Estimate, low: float, high: float) -> Estimate:
    below, above = (float(np.clip(end, low, high)) for end in (one.low, one.high))
    return one._replace(low=below, high=above)


def estimate_over_seeds(tables: Sequence[Array], n: int) -> SeedEstimate:
    """Return the score over seeds from the scores of the same prompts in each seed.

    `tables` has an array [prompts] for each seed: a score of one arm, or that of the second less
    that of the first, by cluster (`ClusteredScores.pseudo_values`). A prompt that a seed lacks
    (NaN) gets that seed's mean; one that all lack is left out. `n` is the number of prompts to
    show.
    """
    table = np.array(tables, dtype=float).reshape(len(tables), -1 if len(tables) else 0)
    table = table[:, ~np.isnan(table).all(axis=0)]
    if not table.size or np.isnan(table).all(axis=1).any():
        raise ValueError("every seed needs scores of some prompts")
    table = np.where(np.isnan(table), np.nanmean(table, axis=1, keepdims=True), table)
    squares, (seeds, prompts) = mean_squares(table), table.shape
    return SeedEstimate(
        _estimate(squares, n, both=True),
        _estimate(squares, n, both=False),
        seeds,
        _spread(squares.seeds - squares.rest, prompts),
        _spread(squares.prompts - squares.rest, seeds),
        _spread(squares.rest, 1),
        squares.uncertainty(),
    )


def _spread(excess: Array, times: int) -> float:
    return float(np.sqrt(np.maximum(excess, 0) / times))


def _estimate(squares: MeanSquares, n: int, *, both: bool) -> Estimate:
    value, (error, df) = float(squares.mean), squares.uncertainty(both=both)
    half = student_quantile(1 - LEVEL, float(df)) * float(error) if df >= 1 else math.nan
    return Estimate(value, value - half, value + half, n)
