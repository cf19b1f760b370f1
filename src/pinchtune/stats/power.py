"""Before anything is tuned: what a plan can show, and how many prompts it takes.

Studies are made up from stated assumptions (or from a pilot, `assume_from_pilot`), and the share
in which the test succeeds is counted, with its Monte Carlo error. The test is that a 95 % interval
lies above a limit: 50 for "helped", 50 minus the margin for "English is kept". It is the interval
of `seeds`: Student's t over prompts for one seed, over seeds and prompts for more. With one seed
the answer is about these very models and not about what another seed would give.

Same arguments, same answer: all draws are seeded.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pinchtune.stats.estimate import LEVEL, NEUTRAL
from pinchtune.stats.seeds import mean_squares
from pinchtune.stats.simulation import Assumptions, Shape, draw_scores

STUDIES = 2_000
"""Made-up studies: a power of 80 % is known to 0.9 points."""
WANTED = 0.8
"""The power that plans usually ask for."""
FEWEST_PROMPTS, MOST_PROMPTS = 4, 1_000
EFFECT_STEP = 0.1
"""Points to which the smallest effect is found."""
_BLOCK = 2_000_000
"""Scores that are made up at a time."""


class PlannedTest(NamedTuple):
    """One hypothesis of a plan."""

    name: str
    assumptions: Assumptions
    prompts: int
    """Prompts in each language."""
    limit: float = NEUTRAL
    """What the interval of the win rate must lie above."""


class Power(NamedTuple):
    """How often a test succeeds if the assumptions hold."""

    value: float
    error: float
    """Standard error of `value`, from the number of made-up studies alone."""


class Needed(NamedTuple):
    """How many prompts in each language reach the wanted power."""

    prompts: int | None
    """None if not even MOST_PROMPTS do, as where too few seeds are the reason."""
    power: Power
    """With these prompts, or with the most."""


class Smallest(NamedTuple):
    """The smallest effect that is shown with the wanted power."""

    effect: float | None
    """In points above 50; None if no effect that the ties leave room for is."""
    power: Power


def find_power(
    test: PlannedTest, seeds: int = 1, *, studies: int = STUDIES, seed: int = 0
) -> Power:
    """Return the power of one test."""
    return _count(_shown(test, seeds, studies, np.random.default_rng(seed)))


def find_headline_power(
    tests: Sequence[PlannedTest], seeds: int = 1, *, studies: int = STUDIES, seed: int = 0
) -> dict[str, Power]:
    """Return, for each test of a fixed sequence, the power of showing it and all before it.

    The groups are drawn apart. Groups that share prompts and seeds succeed together more often.
    """
    powers, so_far = {}, np.ones(studies, dtype=bool)
    for place, test in enumerate(tests):
        so_far &= _shown(test, seeds, studies, np.random.default_rng([seed, place]))
        powers[test.name] = _count(so_far)
    return powers


def find_prompts(
    test: PlannedTest,
    seeds: int = 1,
    *,
    wanted: float = WANTED,
    studies: int = STUDIES,
    seed: int = 0,
) -> Needed:
    """Return how many prompts in each language the test takes; its own number is not looked at."""

    def power(prompts: int) -> Power:
        return find_power(test._replace(prompts=prompts), seeds, studies=studies, seed=seed)

    enough = FEWEST_PROMPTS
    while power(enough).value < wanted:
        if enough == MOST_PROMPTS:
            return Needed(None, power(enough))
        enough = min(2 * enough, MOST_PROMPTS)
    prompts = _first(lambda n: power(n).value >= wanted, enough // 2, enough)
    return Needed(prompts, power(prompts))


def find_smallest_effect(
    test: PlannedTest,
    seeds: int = 1,
    *,
    wanted: float = WANTED,
    studies: int = STUDIES,
    seed: int = 0,
) -> Smallest:
    """Return the smallest effect that the test's prompts can show; its own is not looked at."""
    least, most = test.limit - NEUTRAL, test.assumptions.strongest.effect

    def effect(step: int) -> float:
        return round(min(least + step * EFFECT_STEP, most), 6)

    def power(step: int) -> Power:
        planned = test._replace(assumptions=replace(test.assumptions, effect=effect(step)))
        return find_power(planned, seeds, studies=studies, seed=seed)

    steps = math.ceil((most - least) / EFFECT_STEP)
    if power(steps).value < wanted:
        return Smallest(None, power(steps))
    step = _first(lambda n: power(n).value >= wanted, 0, steps)
    return Smallest(effect(step), power(step))


def _first(enough: Callable[[int], bool], low: int, high: int) -> int:
    """Return the smallest number above `low` that is enough, if `high` is and it is monotone."""
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high


def _shown(
    test: PlannedTest, seeds: int, studies: int, rng: np.random.Generator
) -> NDArray[np.bool_]:
    """Return in which of the made-up studies the interval lies above the limit."""
    block = max(1, _BLOCK // (seeds * test.prompts))
    found = []
    for done in range(0, studies, block):
        shape = Shape(min(block, studies - done), seeds, test.prompts)
        squares = mean_squares(draw_scores(test.assumptions, shape, rng))
        sure = squares.uncertainty(both=seeds > 1)
        found.append(sure.p_above(squares.mean - test.limit) < LEVEL)
    return np.concatenate(found)


def _count(shown: NDArray[np.bool_]) -> Power:
    share = float(shown.mean())
    return Power(share, math.sqrt(share * (1 - share) / len(shown)))
