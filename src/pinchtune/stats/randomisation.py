"""Would chance alone do that: swap the two arms on some prompts, at random, and look.

If the arms are alike, each prompt could as well have had them the other way round. A prompt in
all its languages is swapped as a whole. The p-value holds for any number of prompts and any
distribution of scores (Fisher 1935; Ernst 2004), which no bootstrap can say of two dozen.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import numpy as np

from pinchtune.stats.estimate import Array

Alternative = Literal["greater", "less", "two-sided"]
SWAPS = 10_000
"""Arrangements that are looked at; all of them where there are no more."""
_BLOCK = 1_000
_ROUNDING = 1e-9
"""Share of the largest possible sum below which two sums are equal."""
_SIDES: dict[Alternative, Callable[[Array], Array]] = {
    "greater": np.positive,
    "less": np.negative,
    "two-sided": np.abs,
}


def sign_flip_test(
    contributions: Array,
    alternative: Alternative = "greater",
    *,
    count: int = SWAPS,
    seed: int = 0,
) -> float:
    """Return the p-value of "the arms are alike", from what each cluster adds to the difference.

    Exact where all 2^K arrangements are at most `count`. Otherwise a seeded draw of them to which
    the observed one is added, so that it is never 0 (Phipson and Smyth 2010). Clusters without a
    difference say nothing either way; without any other p is 1. NaN without clusters.
    """
    parts = np.asarray(contributions, dtype=float)
    if not parts.size:
        return float("nan")
    parts = parts[parts != 0]
    if 2 ** len(parts) <= count:
        everything = _all_signs(len(parts))
        return _count_extreme(everything, parts, alternative) / len(everything)
    rng = np.random.default_rng(seed)
    sizes = [min(_BLOCK, count - done) for done in range(0, count, _BLOCK)]
    draws = (rng.choice([-1.0, 1.0], (size, len(parts))) for size in sizes)
    hits = sum(_count_extreme(signs, parts, alternative) for signs in draws)
    return (hits + 1) / (count + 1)


def _all_signs(count: int) -> Array:
    """Return every arrangement of `count` signs, one a row."""
    bits = np.arange(2**count)[:, None] >> np.arange(count) & 1
    return np.asarray(1 - 2 * bits, dtype=float)


def _count_extreme(signs: Array, parts: Array, alternative: Alternative) -> int:
    """Return in how many arrangements the sum is at least as extreme as the observed one."""
    sums, observed = _SIDES[alternative](signs @ parts), _SIDES[alternative](parts.sum())
    return int((sums >= observed - _ROUNDING * np.abs(parts).sum()).sum())
