"""MEXA: how well a model lays the same sentence of two languages at the same place.

Kargaran et al., *MEXA: Multilingual Evaluation of English-Centric LLMs via Cross-Lingual
Alignment* (Findings of ACL 2025): the share of parallel pairs whose two sentences are closer to
each other than either is to any other sentence of the other language. Its mean over the layers
correlates with the results of tasks (Pearson 0.90 on average over nine models).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Rows = NDArray[Any]


def cosines(first: Rows, second: Rows) -> Array:
    """Return the cosine of each row of `first` [N, D] with each of `second` [M, D]."""
    a, b = (np.asarray(rows, np.float64) for rows in (first, second))
    lengths = [np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12) for rows in (a, b)]
    found: Array = (a / lengths[0]) @ (b / lengths[1]).T
    return found


def hits_of_cosines(cosine: Array) -> NDArray[np.bool_]:
    """Return of each i whether c_ii > max over j != i of {c_ij, c_ji}: it takes a rival to win.

    A tie is no hit: a model that lays every sentence at one place scores 0.
    """
    if cosine.shape[0] != cosine.shape[1]:
        raise ValueError(f"expected as many sentences on both sides, found {cosine.shape}")
    rivals = cosine.copy()
    np.fill_diagonal(rivals, -np.inf)
    found: NDArray[np.bool_] = np.diag(cosine) > np.maximum(rivals.max(axis=0), rivals.max(axis=1))
    return found


def mexa_of_cosines(cosine: Array) -> float:
    """Return the share of hits; NaN without a rival."""
    return float(hits_of_cosines(cosine).mean()) if len(cosine) > 1 else float("nan")


def mexa(first: Rows, second: Rows) -> float:
    """Return the MEXA of parallel embeddings, both [N, D]."""
    return mexa_of_cosines(cosines(first, second))


def mexa_of_layers(first: Rows, second: Rows) -> Array:
    """Return the MEXA of each layer, [L], of parallel embeddings [L, N, D]."""
    return np.array([mexa(a, b) for a, b in zip(first, second, strict=True)])


def chance(pairs: int) -> float:
    """Return the MEXA that cosines without any meaning have on average: each of 2N - 1 may win."""
    return 1 / (2 * pairs - 1) if pairs else float("nan")
