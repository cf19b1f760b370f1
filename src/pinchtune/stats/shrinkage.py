"""Languages with few prompts, each helped by the others: shrunken effects.

An effect measured on two dozen prompts is mostly noise, so the effects of the languages of a
group are drawn toward their mean, as far as they look alike: a normal model with a flat prior on
the mean and on the spread, which is integrated out (the eight schools of Rubin 1981; Gelman et
al., Bayesian Data Analysis, 5.4 and 5.5).

Languages that share prompts share a part of their error. That part moves all of them together:
it tells nothing of how far they lie apart, so it is taken off the errors before the spread is
weighed, and added to every draw afterwards. With the flat prior on the mean this is exact.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from pinchtune.stats.distributions import normal_quantile, student_quantile
from pinchtune.stats.estimate import LEVEL, Array, Estimate, summarise_draws

GRID = 400
"""Spreads that are weighed."""
DRAWS = 10_000
MOST_SHARED = 0.95
"""Share of the smallest variance that is shared at most: each language errs by itself too."""


class Effects(NamedTuple):
    """Draws from what is known of the languages of a group."""

    effects: Array
    """[draws, languages], the true effect of each language."""
    means: Array
    """[draws], the mean of the languages that these stand for."""
    spreads: Array
    """[draws], standard deviation between languages."""


class Shrunken(NamedTuple):
    """What a group of languages says of each of them; intervals hold 95 % of the draws."""

    languages: tuple[Estimate, ...]
    mean: Estimate
    spread: Estimate
    """Standard deviation between languages."""


def least_error(n: int) -> float:
    """Return the standard error, in points, below which so few prompts cannot go.

    Where all prompts came out alike a bootstrap says 0, which only means that the rest was not
    met: then it is that of 0 of n under a Beta(1/2, 1/2) prior.
    """
    return 100 * math.sqrt(0.5 * (n + 0.5) / ((n + 1) ** 2 * (n + 2)))


def shrink(
    values: Sequence[float],
    covariance: Array,
    counts: Sequence[int],
    *,
    draws: int = DRAWS,
    seed: int = 0,
) -> Shrunken:
    """Return shrunken effects of languages, in points, from their values and prompts.

    `covariance` is that of the values, by clusters (`ClusteredScores.covariance`). Two languages
    say little of a spread between languages, and one nothing: it keeps its value and its error.
    """
    least = np.array([least_error(n) for n in counts])
    # The errors are estimates themselves: as much wider as Student's t is than the normal.
    wider = np.array([student_quantile(1 - LEVEL, max(n - 1, 1)) for n in counts])
    wider /= normal_quantile(1 - LEVEL)
    variances = np.maximum(np.diag(covariance), least**2) * wider**2
    shared = shared_variance(covariance * np.outer(wider, wider), variances)
    rng = np.random.default_rng(seed)
    drawn = draw_effects(values, np.sqrt(variances - shared), draws, rng)
    together = rng.normal(0, math.sqrt(shared), draws)
    effects, means = drawn.effects + together[:, None], drawn.means + together
    return Shrunken(
        tuple(summarise_draws(effects[:, i], n) for i, n in enumerate(counts)),
        summarise_draws(means, sum(counts)),
        summarise_draws(drawn.spreads, sum(counts)),
    )


def shared_variance(covariance: Array, variances: Array) -> float:
    """Return the variance that the languages have in common: their mean covariance, bounded."""
    size = len(covariance)
    if size < 2:
        return 0.0
    mean = (covariance.sum() - np.trace(covariance)) / (size * (size - 1))
    return float(np.clip(mean, 0, MOST_SHARED * variances.min()))


def draw_effects(
    values: Sequence[float], errors: Sequence[float] | Array, count: int, rng: np.random.Generator
) -> Effects:
    """Return draws of true effects whose values were measured with errors of their own."""
    y, variance = np.asarray(values, float), np.asarray(errors, float) ** 2
    spreads = np.linspace(0, max(np.ptp(y), np.sqrt(variance).max()) * 2, GRID)
    total = variance + spreads[:, None] ** 2
    mean_variance = 1 / (1 / total).sum(axis=1)
    mean = mean_variance * (y / total).sum(axis=1)
    logs = 0.5 * np.log(mean_variance)
    logs -= 0.5 * (np.log(total) + (y - mean[:, None]) ** 2 / total).sum(axis=1)
    weights = np.exp(logs - logs.max())
    drawn = rng.choice(GRID, count, p=weights / weights.sum())
    means = rng.normal(mean[drawn], np.sqrt(mean_variance[drawn]))
    spread = spreads[drawn, None] ** 2
    pull = variance / (variance + spread)
    centre = pull * means[:, None] + (1 - pull) * y
    effects = rng.normal(centre, np.sqrt((1 - pull) * variance))
    return Effects(effects, means, spreads[drawn])
