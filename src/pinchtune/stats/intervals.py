"""From resampled values to an interval and a p-value: one formula, two corrections.

    method          corrects
    percentile      nothing
    expanded        that few clusters spread too little: Student's t (Hesterberg 2015, 5.3)
    bca             bias and skewness (Efron 1987; Efron and Tibshirani 1993, 14.3)
    expanded-bca    both

A one-sided bound at level p is the resampled value at the level Phi(z + w / (1 - a w)) where
w = z + s and s is the quantile of p: normal, or t times sqrt(K / (K - 1)) if expanded. z is the
normal quantile of the share of resamples below the observed value, a the skewness of the
jackknife values over six. Read backwards, the formula gives the p-value of a limit: it is below
LEVEL if the interval lies beyond the limit, and not otherwise, wherever resamples reach the limit;
where none does, p says what so few clusters or resamples can show at most.

docs/statistics.md shows how often each interval holds the truth.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, NamedTuple

import numpy as np

from pinchtune.stats.distributions import NORMAL, normal_quantile, student_cdf, student_quantile
from pinchtune.stats.estimate import LEVEL, Array, Estimate

Method = Literal["percentile", "expanded", "bca", "expanded-bca"]
METHOD: Method = "expanded-bca"
"""The interval neither of whose bounds errs much more often than it says, from 24 clusters on."""
_LEAST = 1e-9
"""Differences that are rounding errors."""


class Correction(NamedTuple):
    """What turns the level of a bound into a level of the resampled values, and back."""

    bias: float = 0.0
    """z in the formula."""
    acceleration: float = 0.0
    """a in the formula."""
    clusters: int | None = None
    """K, if the levels are those of Student's t."""

    def outward(self, level: float) -> float:
        """Return the level of the resampled values at which the bound lies."""
        return NORMAL.cdf(self.bias + _bend(self.bias + self._quantile(level), self.acceleration))

    def inward(self, level: float) -> float:
        """Return the level of the bound that lies at this level of the resampled values."""
        w = normal_quantile(level) - self.bias
        return self._level(_bend(w, -self.acceleration) - self.bias)

    def _quantile(self, level: float) -> float:
        if self.clusters is None:
            return normal_quantile(level)
        return student_quantile(level, self.clusters - 1) * self._stretch(self.clusters)

    def _level(self, quantile: float) -> float:
        if self.clusters is None:
            return NORMAL.cdf(quantile)
        return float(student_cdf(quantile / self._stretch(self.clusters), self.clusters - 1))

    @staticmethod
    def _stretch(clusters: int) -> float:
        return math.sqrt(clusters / (clusters - 1))


def _bend(w: float, acceleration: float) -> float:
    # Beyond the pole the formula would come back from the other side.
    return w / max(1 - acceleration * w, _LEAST)


@dataclass(frozen=True, eq=False)
class Bootstrap:
    """One quantity with its resampled values, from which intervals and p-values are read."""

    value: float
    """As observed; NaN where nothing was scored."""
    drawn: Array
    """[resamples], its value in each resample; no NaN."""
    left_out: Array
    """[clusters], its value without each cluster that has scores in it."""
    n: int
    """Prompts that were scored."""

    def estimate(self, method: Method = METHOD) -> Estimate:
        """Return the value with its 95 % interval.

        One cluster says nothing about spread, so its interval is NaN and not a point.
        """
        if not self._known:
            return Estimate(self.value, math.nan, math.nan, self.n)
        correction = self._correction(method)
        levels = [correction.outward(level) for level in (LEVEL, 1 - LEVEL)]
        low, high = np.quantile(self._ordered, levels)
        return Estimate(self.value, float(low), float(high), self.n)

    def p_above(self, limit: float, method: Method = METHOD) -> float:
        """Return the one-sided p-value of "it is at most `limit`"; NaN without an interval.

        Never 0 or 1: one more resample might have been beyond.
        """
        if not self._known:
            return math.nan
        return self._correction(method).inward(self._clip(self._level_at(limit)))

    def p_below(self, limit: float, method: Method = METHOD) -> float:
        """Return the one-sided p-value of "it is at least `limit`"."""
        mirrored = Bootstrap(-self.value, -self.drawn, -self.left_out, self.n)
        return mirrored.p_above(-limit, method)

    @property
    def error(self) -> float:
        """Standard error by the jackknife over clusters; NaN for fewer than two."""
        count = len(self.left_out)
        return math.sqrt((count - 1) * self.left_out.var()) if count > 1 else math.nan

    @property
    def _known(self) -> bool:
        return len(self.left_out) > 1 and self.drawn.size > 0

    @cached_property
    def _ordered(self) -> Array:
        return np.sort(self.drawn)

    def _level_at(self, limit: float) -> float:
        """Return the largest level at which the interpolated resamples are not above `limit`."""
        below = int(np.searchsorted(self._ordered, limit, side="right"))
        if below in (0, len(self.drawn)):
            return float(below > 0)
        before, after = self._ordered[below - 1 : below + 1]
        return float((below - 1 + (limit - before) / (after - before)) / (len(self.drawn) - 1))

    def _clip(self, level: float) -> float:
        least = 1 / (len(self.drawn) + 1)
        return min(max(level, least), 1 - least)

    def _correction(self, method: Method) -> Correction:
        clusters = len(self.left_out) if method.startswith("expanded") else None
        if not method.endswith("bca"):
            return Correction(clusters=clusters)
        return Correction(self._bias(), self._acceleration(), clusters)

    def _bias(self) -> float:
        """Return z; resamples that equal the observed value count half, as in scipy."""
        away = self.drawn - self.value
        below = (away < -_LEAST).mean() + (away <= _LEAST).mean()
        return normal_quantile(self._clip(float(below) / 2))

    def _acceleration(self) -> float:
        away = self.left_out.mean() - self.left_out
        scale = 6 * float((away**2).sum()) ** 1.5
        return float((away**3).sum()) / scale if scale > 0 else 0.0
