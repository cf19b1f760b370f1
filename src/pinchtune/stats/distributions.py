"""The normal and Student's t distribution, without a library that only this would need."""

from __future__ import annotations

import math
from functools import lru_cache
from statistics import NormalDist

import numpy as np

from pinchtune.stats.estimate import Array

NORMAL = NormalDist()
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(128)
_LOG_GAMMA = np.vectorize(math.lgamma, otypes=[float])
_HALVINGS = 60


def normal_quantile(level: float) -> float:
    """Return where the normal distribution reaches `level`; infinite at 0 and 1."""
    return NORMAL.inv_cdf(level) if 0 < level < 1 else math.copysign(math.inf, level - 0.5)


def student_cdf(t: Array | float, df: Array | float) -> Array:
    """Return the share of Student's t distribution below `t`, for 1 degree of freedom or more.

    With t = tan(u) * sqrt(df) the density becomes a power of cos(u), which Gauss's quadrature
    integrates to 1e-9 (compared with scipy).
    """
    return _below(np.arctan(t / np.sqrt(df)), np.asarray(df, dtype=float))


def _below(angle: Array | float, df: Array) -> Array:
    half = np.asarray(angle, dtype=float)[..., None] / 2
    area = half[..., 0] * (np.cos(half * (_NODES + 1)) ** (df[..., None] - 1) @ _WEIGHTS)
    scale = np.exp(_LOG_GAMMA((df + 1) / 2) - _LOG_GAMMA(df / 2)) / math.sqrt(math.pi)
    share: Array = 0.5 + scale * area
    return share


@lru_cache(1024)
def student_quantile(level: float, df: float) -> float:
    """Return where Student's t distribution reaches `level`; infinite at 0 and 1."""
    if not 0 < level < 1:
        return math.copysign(math.inf, level - 0.5)
    low, high, free = -math.pi / 2, math.pi / 2, np.asarray(df, dtype=float)
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if _below(middle, free) < level else (low, middle)
    return math.sqrt(df) * math.tan((low + high) / 2)
