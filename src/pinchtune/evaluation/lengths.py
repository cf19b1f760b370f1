"""The win rate that two arms would have if their answers were equally long.

After AlpacaEval 2 LC (Dubois et al. 2024, arXiv:2404.04475): a logistic model of the verdicts
with a term for the difference in length, and its prediction with that term at nothing:

    P(second arm wins) = logistic(language + effect * tanh(difference / its standard deviation))

Theirs has a term for the difficulty of each instruction, learnt from many models. Here are two
arms, so its place is taken by a term for each language. The effect of length is one number for
all languages, because it belongs to the judge. A tie is half a win, as in the win rate. Lengths
are in characters, and their standard deviation is that of each language, since a character says
more in some scripts.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np

from pinchtune.stats import Array, Estimate, Resamples, summarise

RIDGE = 0.01
"""Weight of the squared coefficients: keeps finite a language in which one arm always wins, and
moves other win rates by less than a tenth of a point."""
LONGEST_STEP = 2.0
"""Most that a coefficient changes in a step, so that steps do not overshoot."""
CLOSE_ENOUGH = 1e-8
MOST_STEPS = 100
_AT_ONCE = 256
"""Resamples that are fitted together: bounds memory."""


class Fit(NamedTuple):
    """Coefficients of each resample (row)."""

    languages: Array
    """Log-odds of a win at equal length, a column a language; NaN where it was not drawn."""
    effect: Array
    """What the term of length weighs."""


class LengthControl:
    """Verdicts of one evaluation, ready to be averaged by language and group at equal length.

    Item i was scored `scores[i]` (1 win, 0.5 tie, 0 loss of the second arm; NaN unscored), and
    the second arm's answer is `differences[i]` characters longer than the first's.
    """

    def __init__(
        self,
        resamples: Resamples,
        scores: Sequence[float],
        differences: Sequence[float],
        clusters: Sequence[str],
        languages: Sequence[str],
    ) -> None:
        kept = [i for i, score in enumerate(scores) if not math.isnan(score)]
        self._rows = np.array([resamples.index[clusters[i]] for i in kept], dtype=int)
        self._codes = {code: j for j, code in enumerate(sorted({languages[i] for i in kept}))}
        self._columns = np.array([self._codes[languages[i]] for i in kept], dtype=int)
        self.wins = np.array([scores[i] for i in kept], dtype=float)
        self.lengths = standardise(np.array([differences[i] for i in kept]), self._columns)
        self._fit = self._fit_all(resamples.weights)

    def estimate(self, languages: Iterable[str] | None = None) -> Estimate:
        """Return the win rate at equal length over `languages` (all by default), in percent."""
        wanted = self._codes if languages is None else dict.fromkeys(languages)
        columns = [self._codes[code] for code in wanted if code in self._codes]
        chosen = np.isin(self._columns, columns)
        clusters = len({*self._rows[chosen].tolist()})
        rates = 100 * logistic(self._fit.languages[:, columns])
        return summarise(rates, clusters, int(chosen.sum()))

    def effect(self) -> Estimate:
        """Return, in percent, how often an answer longer by a standard deviation would win.

        50 is a judge whom length does not move.
        """
        rates = 100 * logistic(self._fit.effect * math.tanh(1.0))[:, None]
        known = rates if self._rows.size else np.full_like(rates, np.nan)
        return summarise(known, len({*self._rows.tolist()}), len(self._rows))

    def _fit_all(self, weights: Array) -> Fit:
        member = np.eye(len(self._codes))[self._columns]
        parts = [
            fit(weights[k : k + _AT_ONCE, self._rows], self.wins, self.lengths, member)
            for k in range(0, len(weights), _AT_ONCE)
        ]
        return Fit(*(np.concatenate(part) for part in zip(*parts, strict=True)))


def logistic(values: Array) -> Array:
    """Return 1 / (1 + exp(-values)), without overflow."""
    rate: Array = 0.5 * (1 + np.tanh(0.5 * values))
    return rate


def standardise(differences: Array, columns: Array) -> Array:
    """Return tanh of the differences over the standard deviation of their language (column)."""
    scaled = np.zeros(len(differences))
    for column in set(columns.tolist()):
        own = columns == column
        spread = differences[own].std()
        scaled[own] = differences[own] / spread if spread > 0 else 0.0
    return np.tanh(scaled)


def fit(weights: Array, wins: Array, lengths: Array, member: Array) -> Fit:
    """Fit the model to each row of `weights` (how often each item counts) by Newton's method.

    `member` says which language (column) an item (row) is in. All but one row and column of the
    Hessian are diagonal, so that it is solved by elimination.
    """
    languages, effect = np.zeros((len(weights), member.shape[1])), np.zeros(len(weights))
    for _ in range(MOST_STEPS):
        rates = logistic(languages @ member.T + effect[:, None] * lengths)
        left, spread = weights * (wins - rates), weights * rates * (1 - rates)
        slope, slope_e = left @ member - RIDGE * languages, left @ lengths - RIDGE * effect
        bend, bend_e = spread @ member + RIDGE, spread @ lengths**2 + RIDGE
        mixed = (spread * lengths) @ member
        step_e = slope_e - (mixed * slope / bend).sum(axis=1)
        step_e /= bend_e - (mixed**2 / bend).sum(axis=1)
        step = (slope - mixed * step_e[:, None]) / bend
        languages = languages + np.clip(step, -LONGEST_STEP, LONGEST_STEP)
        effect = effect + np.clip(step_e, -LONGEST_STEP, LONGEST_STEP)
        if max(np.abs(step).max(initial=0.0), np.abs(step_e).max(initial=0.0)) < CLOSE_ENOUGH:
            break
    drawn = weights @ member > 0
    return Fit(np.where(drawn, languages, np.nan), effect)
