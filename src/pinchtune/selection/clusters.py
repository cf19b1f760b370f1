"""Spherical k-means: groups of texts that mean about the same. Seeded, and the same every time."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pinchtune.model.embed import Vectors

ROUNDS = 25
SAMPLE = 64
"""Rows a cluster that the centres are found on; the rest is only assigned."""
BLOCK = 65_536


def cluster(vectors: Vectors, count: int, seed: int = 0) -> NDArray[np.int64]:
    """Return the cluster of each row, from 0; at most `count` clusters."""
    return assign(vectors, find_centres(vectors, count, seed))


def find_centres(vectors: Vectors, count: int, seed: int = 0) -> Vectors:
    """Return at most `count` centres of unit length, [C, D]; none of no rows."""
    if not len(vectors):
        return vectors
    rng = np.random.default_rng(seed)
    sample = vectors[np.sort(rng.permutation(len(vectors))[: count * SAMPLE])]
    centres = sample[_farthest(sample, min(count, len(sample)))].copy()
    for _ in range(ROUNDS):
        labels = assign(sample, centres)
        moved = _means(sample, labels, centres)
        if np.allclose(moved, centres, atol=1e-5):
            break
        centres = moved
    return centres


def assign(vectors: Vectors, centres: Vectors) -> NDArray[np.int64]:
    """Return the nearest centre of each row; of equals, the first."""
    parts = [
        np.argmax(np.round(vectors[k : k + BLOCK] @ centres.T, 6), axis=1)
        for k in range(0, len(vectors), BLOCK)
    ]
    return np.concatenate(parts) if parts else np.zeros(0, np.int64)


def _farthest(sample: Vectors, count: int) -> list[int]:
    """Return starting rows: the first, then always the farthest from those before."""
    rows = [0]
    near = sample @ sample[0]
    while len(rows) < count:
        rows.append(int(np.argmin(np.round(near, 6))))
        near = np.maximum(near, sample @ sample[rows[-1]])
    return rows


def _means(sample: Vectors, labels: NDArray[np.int64], centres: Vectors) -> Vectors:
    sums = np.zeros_like(centres)
    np.add.at(sums, labels, sample)
    norms = np.linalg.norm(sums, axis=1, keepdims=True)
    # A cluster that lost all its rows keeps its centre.
    return np.where(norms > 1e-6, sums / np.maximum(norms, 1e-6), centres).astype(np.float32)
