"""Would other seeds say the same: the spread between seeds apart from that between prompts.

Every seed tunes its own arms, and all of them answer the same prompts: seeds and prompts are
crossed, and both are draws. The score of seed s on prompt k is

    y[s, k] = mean + seed[s] + prompt[k] + rest[s, k]

a two-way table of random effects with one value a cell, whose mean squares (Searle, Casella and
McCulloch, Variance Components, 4.5) separate the three variances. The variance of the mean is

    MS(seeds) / (S K)  +  variance of the prompts / K

The first part has S - 1 degrees of freedom, the second about K - 1. The interval's half width is
the root of the sum of the squared half widths of the two parts, each with its own quantile of
Student's t (variance estimates recovery: Zou and Donner 2008). It is never less than that over
the prompts alone.

Why not something more usual: three seeds have ten different resamples, whose variance is a third
too small, so a bootstrap over seeds holds the truth too seldom. Satterthwaite's one number of
degrees of freedom for the sum does too, where seeds differ much: it takes its weights from the
same few seeds. docs/statistics.md has the coverage of all three.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from pinchtune.stats.distributions import student_quantile
from pinchtune.stats.estimate import LEVEL, Array, Estimate

_HALVINGS = 50


class MeanSquares(NamedTuple):
    """The analysis of variance of tables [.., S, K], one value for each table."""

    mean: Array
    seeds: Array
    """Mean square of the seeds; NaN with one seed, as `rest`."""
    prompts: Array
    rest: Array
    shape: tuple[int, int]
    """S and K."""

    def half_width(self, level: float, *, both: bool = True) -> Array:
        """Return mean minus the one-sided bound at `level`: over seeds and prompts, or prompts."""
        seeds, prompts = self.shape
        t = _quantile(level, prompts - 1)
        square = t**2 * self.prompts
        if both:
            wide = _quantile(level, seeds - 1)
            square = np.maximum(wide**2 * self.seeds, t**2 * self.rest)
            square += t**2 * np.maximum(self.prompts - self.rest, 0)
        half: Array = np.sqrt(square / (seeds * prompts))
        return half


def _quantile(level: float, df: int) -> float:
    return student_quantile(1 - level, df) if df else math.nan


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
    square: Array = (away**2).sum(axis=(-2, -1)) / (df or math.nan)
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
    squares: MeanSquares

    @property
    def knows_seeds(self) -> bool:
        """True if there are two seeds or more, so that their spread can be told at all."""
        return self.seeds > 1

    def p_above(self, limit: float) -> float:
        """Return the one-sided p-value, for any seeds, of "it is at most `limit`"."""
        away = self.any_seeds.value - limit
        if not math.isfinite(self.any_seeds.low):
            return math.nan
        low, high = 0.0, 0.5
        for _ in range(_HALVINGS):
            level = (low + high) / 2
            reach = float(self.squares.half_width(level))
            low, high = (level, high) if reach > abs(away) else (low, level)
        return high if away > 0 else 1 - high


def estimate_over_seeds(tables: Sequence[Array], n: int) -> SeedEstimate:
    """Return the score over seeds from the scores of the same prompts in each seed.

    `tables` has an array [prompts] for each seed: the difference of the seed's two arms, or a
    score of one arm, by cluster (`Bootstrap.pseudo_values`, or plain means). A prompt that a seed
    lacks (NaN) gets that seed's mean; one that all lack is left out. `n` is the number of prompts
    to show.
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
        squares,
    )


def _spread(excess: Array, times: int) -> float:
    return float(np.sqrt(np.maximum(excess, 0) / times))


def _estimate(squares: MeanSquares, n: int, *, both: bool) -> Estimate:
    value, half = float(squares.mean), float(squares.half_width(LEVEL, both=both))
    return Estimate(value, value - half, value + half, n)
