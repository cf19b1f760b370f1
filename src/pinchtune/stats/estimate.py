"""A value with its interval, and the scale that all of them share."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

NEUTRAL = 50.0
"""The win rate, in percent, of two arms that cannot be told apart."""
TAILS = (2.5, 97.5)
"""Percentiles that bound a 95 % interval."""
LEVEL = TAILS[0] / 100
"""What a one-sided test may err, so that it agrees with the bound of a 95 % interval."""
DIGITS = 6
"""Decimals kept in JSON: far finer than any interval, coarser than rounding errors."""


class Estimate(NamedTuple):
    """A value with its 95 % interval; NaN where the data cannot say."""

    value: float
    low: float
    high: float
    n: int
    """Prompts that were scored."""

    def to_json(self) -> dict[str, float | int | None]:
        """Return a JSON object in which NaN is null."""
        bounds = {k: _finite(v) for k, v in zip(self._fields, self[:3], strict=False)}
        return {**bounds, "n": self.n}


def _finite(value: float) -> float | None:
    return round(value, DIGITS) if math.isfinite(value) else None


def summarise_draws(draws: Array, n: int) -> Estimate:
    """Return the mean of draws of an unknown with the interval that holds 95 % of them."""
    low, high = np.percentile(draws, TAILS)
    return Estimate(float(draws.mean()), float(low), float(high), n)
