"""Several hypotheses at once: how large the chance of any false claim is.

Over languages: Holm's procedure (Holm 1979), which holds whatever the languages have in common.
For the headline: a fixed sequence (Maurer, Hothorn and Lehmacher 1995; Westfall and Krishen 2001).
Each hypothesis is tested at the full level, in the order that the plan states, until the first
that is not shown; what comes after it cannot be claimed.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from pinchtune.stats.estimate import LEVEL


def holm(p_values: Sequence[float]) -> list[float]:
    """Return the adjusted p-values, in the order given.

    A hypothesis that could not be tested (NaN) stays NaN and still counts: the family is the one
    that was planned.
    """
    order = sorted((p, i) for i, p in enumerate(p_values) if not math.isnan(p))
    adjusted, least = [math.nan] * len(p_values), 0.0
    for rank, (p, i) in enumerate(order):
        least = max(least, min(1.0, (len(p_values) - rank) * p))
        adjusted[i] = least
    return adjusted


class Step(NamedTuple):
    """One hypothesis of a fixed sequence."""

    name: str
    p: float
    """One-sided p-value by itself; NaN where it could not be tested."""
    adjusted: float
    """The largest p-value up to this step; NaN from the first that could not be tested."""
    shown: bool
    """True if this and every step before it are below the level."""


def fixed_sequence(p_values: Mapping[str, float], level: float = LEVEL) -> tuple[Step, ...]:
    """Return what may be claimed of hypotheses that are tested in the order of `p_values`."""
    steps, largest = [], 0.0
    for name, p in p_values.items():
        largest = math.nan if math.isnan(p) or math.isnan(largest) else max(largest, p)
        steps.append(Step(name, p, largest, largest < level))
    return tuple(steps)
