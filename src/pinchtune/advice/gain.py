"""How much one more step would bring: shrunken effects, and one stated law of the dose.

An effect measured on two dozen prompts is mostly noise, so the effects of the languages of a group
are drawn toward their mean, as far as they look alike (`stats.shrinkage`).

What an evaluation shows of the dose is two points: languages without examples of their own, and
languages with some. The law through them is an assumption: of what is missing, a tuned language
keeps `ratio` times as much as an untuned one, and the same factor again for every time that
1 + examples grows as much as it did from 1. Nothing here has measured a third point.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from pinchtune.stats import Array, Estimate, draw_effects, least_error

WIDTH = 3.92
"""Standard errors between the ends of a 95 % interval."""
LEAST_MISSING = 0.02
"""Share of the gap that is always thought to be left, so that a ratio of two is defined."""
RATIO_BEFORE = 0.75
"""What the ratio is thought to be before the evaluation: half-way, in logarithms, from no
difference to the 0.57 of docs/results/pinch-270m.md (29 against 51 % of the gap was left)."""
RATIO_SPREAD = 0.4
"""How far it may be from that, as a standard deviation of its logarithm: 0.34 to 1.6."""


class Measured(NamedTuple):
    """A percentage or a difference of two, with the interval that scores.json holds."""

    value: float
    low: float | None
    high: float | None
    n: int

    @property
    def error(self) -> float:
        """Standard error in points; never below what so few prompts could hide."""
        if self.low is None or self.high is None:
            return 100.0
        return max(least_error(self.n), (self.high - self.low) / WIDTH)


class Group(NamedTuple):
    """The languages of a group: what the control reached, and the effect of the pinch."""

    codes: tuple[str, ...]
    control: tuple[Measured, ...]
    """Percentage of the control arm, by language."""
    effect: tuple[Measured, ...]
    """Points that the pinch added, by language."""
    control_mean: Measured
    """Percentage of the control arm over the group."""


class Drawn(NamedTuple):
    """Draws of one group."""

    effects: Array
    """[count, K], the effect of each language."""
    gaps: Array
    """[count, K], points that each language still lacks to 100."""
    kept: Array
    """[count], share of the gap that the mean language of the group still has."""


def draw_group(group: Group, count: int, rng: np.random.Generator) -> Drawn:
    """Return draws of a group; the control and the effect are drawn apart, which is wide."""
    effects, means, _ = draw_effects(
        [m.value for m in group.effect], [m.error for m in group.effect], count, rng
    )
    control = rng.normal(
        [m.value for m in group.control], [m.error for m in group.control], effects.shape
    )
    gaps = np.clip(100 - np.clip(control, 0, 100) - effects, 0, 100)
    first = 100 - rng.normal(group.control_mean.value, group.control_mean.error, count)
    kept = 1 - means / np.maximum(first, 1.0)
    return Drawn(effects, gaps, np.clip(kept, LEAST_MISSING, None))


def compare_groups(
    seen: Drawn, unseen: Drawn, rng: np.random.Generator
) -> tuple[Drawn, Drawn, Array]:
    """Return the draws again, weighed by what is thought of the ratio, and the ratio by draw.

    The ratio is how much of what an untuned language lacks a tuned one lacks. A quotient of two
    noisy numbers has no bounds by itself; what was thought of it before gives it some.
    """
    logs = np.log(seen.kept / unseen.kept)
    weights = np.exp(-0.5 * ((logs - np.log(RATIO_BEFORE)) / RATIO_SPREAD) ** 2)
    again = rng.choice(len(logs), len(logs), p=weights / weights.sum())
    first, second = (Drawn(*(part[again] for part in drawn)) for drawn in (seen, unseen))
    return first, second, np.exp(logs[again])


def exponent(have: int, more: int, usual: int) -> float:
    """Return how many steps from 0 to `usual` examples it is from `have` to `have + more`."""
    return math.log((1 + have + more) / (1 + have)) / math.log(1 + usual)


def draw_gain(gaps: Array, ratio: Array, steps: float) -> Array:
    """Return draws of the points that so many steps would bring; negative where tuning harms."""
    return np.asarray(gaps * (1 - ratio**steps), float)


def allot(wanted: int, asked: dict[str, float], have: dict[str, int]) -> dict[str, int]:
    """Return how many of `wanted` examples go to each cluster.

    Each goes to the cluster with the most enquiries for every example that it would then have;
    of equals, to the first by id.
    """
    given: dict[str, int] = {}
    for _ in range(wanted if asked else 0):
        best = min(asked, key=lambda c: (-asked[c] / (1 + have.get(c, 0) + given.get(c, 0)), c))
        if asked[best] <= 0:
            break
        given[best] = given.get(best, 0) + 1
    return given


def to_json(estimate: Estimate) -> dict[str, Any]:
    """Return a JSON object with one decimal: an expectation knows no more."""
    return {k: round(v, 1) if k != "n" else v for k, v in estimate._asdict().items()}
