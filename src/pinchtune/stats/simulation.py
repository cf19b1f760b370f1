"""Made-up verdicts whose truth is known: for the power of a plan, and for the error of a test.

A verdict on a prompt is a loss, a tie or a win (0, 50, 100). Verdicts on one prompt in several
languages, or of several seeds, are alike more often than chance: with a certain probability a
verdict falls as the prompt's own one does, otherwise by itself. That gives exactly the stated
chances, and exactly the stated correlations where the chances are the same.

A difference of two arms in a measure of 0 or 100 is a verdict as well: a win where only the second
arm is right, a tie where both are alike; its effect in points is half the difference.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pinchtune.errors import UsageError
from pinchtune.stats.estimate import NEUTRAL, Array
from pinchtune.stats.seeds import mean_squares

Uniform = NDArray[np.float32]
_ROUNDING = 1e-9


@dataclass(frozen=True)
class Assumptions:
    """What is thought of the verdicts on a group of languages before they are there."""

    effect: float
    """Points of win rate above 50."""
    ties: float
    """Share of ties, 0 to 1."""
    languages: int = 1
    """Languages of the group, all asked the same prompts."""
    correlation: float = 0.0
    """Of the verdicts on one prompt in two languages; 0 if each has prompts of its own."""
    seed_correlation: float = 1.0
    """Of the verdicts on one prompt in one language from two seeds; at 1, the careful guess, more
    seeds do not make up for few prompts."""
    seed_spread: float = 0.0
    """Standard deviation between seeds of the win rate that endless prompts would show."""

    def __post_init__(self) -> None:
        """Refuse what no verdicts could be."""
        room = 50 * (1 - self.ties)
        rules = (
            (0 <= self.ties < 1, f"ties must be 0 or more and below 1, not {self.ties:g}"),
            (self.languages > 0, "there must be at least one language"),
            (
                abs(self.effect) <= room + _ROUNDING,
                f"with {self.ties:.0%} ties no effect exceeds {room:g} points",
            ),
            (0 <= self.correlation <= 1, "correlation must be between 0 and 1"),
            (0 <= self.seed_correlation <= 1, "seed_correlation must be between 0 and 1"),
            (self.seed_spread >= 0, "seed_spread must not be negative"),
        )
        for holds, sentence in rules:
            if not holds:
                raise UsageError(sentence)

    @property
    def strongest(self) -> Assumptions:
        """The same with the largest effect that so many ties leave room for."""
        return replace(self, effect=50 * (1 - self.ties))


class Shape(NamedTuple):
    """How many studies are made up, and the seeds and prompts of each."""

    studies: int
    seeds: int
    prompts: int


def draw_scores(assumptions: Assumptions, shape: Shape, rng: np.random.Generator) -> Array:
    """Return [studies, seeds, prompts], the mean score of each prompt over the languages."""
    total = np.zeros(shape)
    for scores in draw_by_language(assumptions, shape, rng):
        total += scores
    return total / assumptions.languages


def draw_by_language(
    assumptions: Assumptions,
    shape: Shape,
    rng: np.random.Generator,
    own: Sequence[Array | float] | None = None,
) -> Iterator[Array]:
    """Yield [studies, seeds, prompts] of each language: 0, 50 or 100.

    `own` adds points to the effect of each language, the same or others in each study.
    """
    effect = assumptions.effect + assumptions.seed_spread * rng.normal(size=(*shape[:2], 1))
    for language, fall in enumerate(_draw_falls(assumptions, shape, rng)):
        yield _judge(fall, effect if own is None else effect + own[language], assumptions.ties)


def _draw_falls(
    assumptions: Assumptions, shape: Shape, rng: np.random.Generator
) -> Iterator[Uniform]:
    """Yield, for each language, how each verdict falls: uniform numbers, from bad to good.

    The prompt's own number leads what its verdicts in one language have in common over the seeds,
    or those of one seed over the languages, whichever are more alike; that leads each verdict.
    """
    across, lasting = assumptions.correlation, assumptions.seed_correlation
    strong, weak = max(across, lasting), min(across, lasting)
    first = math.sqrt(weak / strong) if strong else 0.0
    common = rng.random((shape.studies, 1, shape.prompts), np.float32)
    middle = _follow(common, first, shape, rng)
    for _ in range(assumptions.languages):
        if lasting >= across:
            middle = _follow(common, first, common.shape, rng)
        yield _follow(middle, math.sqrt(strong), shape, rng)


def _follow(
    leader: Uniform, chance: float, shape: tuple[int, ...], rng: np.random.Generator
) -> Uniform:
    """Return uniform numbers, each that of the leader with this chance, otherwise a new one."""
    if chance >= 1:
        return np.broadcast_to(leader, shape)
    draw = rng.random(shape, np.float32)
    return np.where(draw < chance, leader, (draw - chance) / (1 - chance))


def _judge(fall: Uniform, effect: Array, ties: float) -> Array:
    """Turn uniform numbers into verdicts: the highest are wins, the lowest losses."""
    wins = np.clip((1 - ties) / 2 + effect / 100, 0, 1 - ties)
    scores: Array = NEUTRAL * ((fall >= 1 - ties - wins) + (fall >= 1 - wins).astype(float))
    return scores


def assume_from_pilot(scores: Array, seed_spread: float | None = None) -> Assumptions:
    """Return what a pilot's scores [seeds, prompts, languages] suggest; NaN where unscored.

    One seed does not show how far seeds lie apart: then `seed_spread` must be stated.
    """
    table = np.asarray(scores, dtype=float)
    known = ~np.isnan(table)
    if table.ndim != 3 or not known.any():
        raise UsageError("a pilot needs scores by seed, prompt and language")
    if not np.isin(table[known], (0, NEUTRAL, 100)).all():
        raise UsageError("a pilot's scores must be verdicts: 0, 50 or 100")
    if len(table) < 2 and seed_spread is None:
        raise UsageError("one seed does not show how far seeds lie apart; state seed_spread")
    away = table - _mean(table, 1, keepdims=True)
    correlation = _correlation(away)
    lasting = _correlation(away.swapaxes(0, 2)) if len(table) > 1 else 1.0
    return Assumptions(
        effect=float(table[known].mean()) - NEUTRAL,
        ties=float((table[known] == NEUTRAL).mean()),
        languages=table.shape[2],
        correlation=correlation,
        seed_correlation=lasting,
        seed_spread=_seed_spread(table) if seed_spread is None else seed_spread,
    )


def _mean(table: Array, axis: int, keepdims: bool = False) -> Array:
    """Return the mean of what is known; NaN, without a warning, where nothing is."""
    known = ~np.isnan(table)
    counts = known.sum(axis=axis, keepdims=keepdims)
    sums = np.where(known, table, 0.0).sum(axis=axis, keepdims=keepdims)
    means: Array = np.divide(sums, counts, out=np.full(sums.shape, np.nan), where=counts > 0)
    return means


def _correlation(away: Array) -> float:
    """Return the mean correlation of pairs in the last dimension, bounded by 0 and 1."""
    known = ~np.isnan(away)
    values, counts = np.where(known, away, 0.0), known.sum(axis=2)
    squares = (values**2).sum(axis=2)
    pairs, variance = (counts * (counts - 1)).sum(), squares.sum() / known.sum()
    if not pairs or not variance:
        return 0.0
    products = (values.sum(axis=2) ** 2 - squares).sum() / pairs
    return float(np.clip(products / variance, 0, 1))


def _seed_spread(table: Array) -> float:
    by_prompt = _mean(table, 2)
    squares = mean_squares(by_prompt[:, ~np.isnan(by_prompt).any(axis=0)])
    return math.sqrt(max(float(squares.seeds - squares.rest), 0.0) / squares.shape[1])
