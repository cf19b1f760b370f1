"""Is English kept: the win rate must not be lower than 50 by a margin fixed beforehand.

A test of "it was lost by the margin or more" against "less was lost", as for a new medicine that
must not be worse than the old one (ICH E9, 3.3.2; Piaggio et al. 2012).
"""

from __future__ import annotations

from typing import NamedTuple

from pinchtune.stats.estimate import NEUTRAL, Estimate
from pinchtune.stats.intervals import METHOD, Bootstrap, Method


class NonInferiority(NamedTuple):
    """What was found of a margin."""

    estimate: Estimate
    """The score; its lower bound is what is compared with the limit."""
    margin: float
    """Points below neutral that were allowed."""
    limit: float
    """neutral - margin."""
    p: float
    """One-sided p-value of "the margin or more was lost"; NaN where the data cannot say."""
    kept: bool
    """True if the lower bound is above the limit."""


def compare_with_margin(
    scores: Bootstrap, margin: float, neutral: float = NEUTRAL, method: Method = METHOD
) -> NonInferiority:
    """Return whether a score is less than `margin` points below `neutral`, at level LEVEL."""
    estimate, limit = scores.estimate(method), neutral - margin
    kept = non_inferiority(estimate.low, margin, neutral)
    return NonInferiority(estimate, margin, limit, scores.p_above(limit, method), kept)


def non_inferiority(estimate_low: float | None, margin: float, neutral: float = NEUTRAL) -> bool:
    """Return True if the interval's lower bound is above `neutral - margin`; NaN is never."""
    return estimate_low is not None and estimate_low > neutral - margin
