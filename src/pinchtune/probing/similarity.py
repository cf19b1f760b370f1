"""How alike states are: of one sentence in two languages, and of the same sentences in two arms.

CKA is that of Kornblith et al., *Similarity of Neural Network Representations Revisited* (ICML
2019), linear. With fewer sentences than dimensions it is close to 1 whatever the states are; the
estimate of Song et al., *Feature Selection via Dependence Maximization* (JMLR 2012), takes that
bias away, as Nguyen, Raghu and Kornblith (ICLR 2021) do. States alone come in, no model.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from pinchtune.advice.mexa import Array, cosines

Rows = NDArray[Any]
FEWEST = 4
"""Fewest sentences that an unbiased CKA can be computed of."""


def retrieval_hits(first: Rows, second: Rows) -> Array:
    """Return [2, N]: is the nearest of `second` to each of `first` its own, and the other way.

    A tie is no hit.
    """
    cosine = cosines(first, second)
    own = np.diag(cosine)
    rivals = cosine.copy()
    np.fill_diagonal(rivals, -np.inf)
    return np.array([own > rivals.max(axis=1), own > rivals.max(axis=0)], float)


def centred(rows: Rows) -> Array:
    """Return states [N, D] without their mean: what a language has in common goes."""
    found: Array = np.asarray(rows, np.float64) - np.mean(rows, axis=0, dtype=np.float64)
    return found


def cka(first: Rows, second: Rows) -> float:
    """Return the linear CKA of the states [N, D] and [N, E] of the same sentences."""
    k, l = _gram(centred(first)), _gram(centred(second))  # noqa: E741 - as in the papers
    return _ratio((k * l).sum(), (k * k).sum(), (l * l).sum())


def unbiased_cka(first: Rows, second: Rows) -> float:
    """Return the linear CKA whose expectation is 0 for states that have nothing in common.

    NaN for fewer than four sentences. It may be a little below 0.
    """
    if len(first) < FEWEST:
        return float("nan")
    k, l = _gram(centred(first)), _gram(centred(second))  # noqa: E741
    return _ratio(_unbiased_hsic(k, l), _unbiased_hsic(k, k), _unbiased_hsic(l, l))


def _gram(rows: Array) -> Array:
    found: Array = rows @ rows.T
    return found


def _ratio(both: float, one: float, other: float) -> float:
    scale = one * other
    return float(both / np.sqrt(scale)) if scale > 0 else float("nan")


def _unbiased_hsic(k: Array, l: Array) -> float:  # noqa: E741
    """Return HSIC_1 of Song et al. (2012), equation 5, but for a factor that cancels."""
    n = len(k)
    k, l = (gram - np.diag(np.diag(gram)) for gram in (k, l))  # noqa: E741
    rows_k, rows_l = k.sum(axis=1), l.sum(axis=1)
    total = rows_k.sum() * rows_l.sum() / ((n - 1) * (n - 2))
    return float((k * l).sum() + total - 2 / (n - 2) * (rows_k @ rows_l))


def relative_move(before: Rows, after: Rows) -> float:
    """Return the norm of what states [N, D] changed by, over their norm before."""
    a, b = (np.asarray(rows, np.float64) for rows in (before, after))
    length = np.linalg.norm(a)
    return float(np.linalg.norm(b - a) / length) if length else float("nan")
