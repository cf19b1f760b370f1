from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pinchtune.model.embed import unit
from pinchtune.selection.clusters import assign, cluster, find_centres


def blobs(count: int, each: int, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    middles = np.eye(16, dtype=np.float32)[:count]
    return unit((np.repeat(middles, each, 0) + rng.normal(0, 0.05, (count * each, 16))).astype("f"))


def test_separate_groups_are_found():
    labels = cluster(blobs(6, 20), 6)
    groups = labels.reshape(6, 20)
    assert all(len(set(g)) == 1 for g in groups.tolist())
    assert len(set(groups[:, 0].tolist())) == 6


@given(st.integers(0, 40), st.integers(1, 9))
def test_any_number_of_rows_and_clusters(rows: int, count: int):
    vectors = unit(np.random.default_rng(rows).normal(size=(rows, 5)).astype(np.float32))
    if rows:
        labels = cluster(vectors, count)
        assert len(labels) == rows and labels.max() < count
        assert labels.tolist() == cluster(vectors, count).tolist()


def test_equal_rows_meet():
    assert len(set(cluster(np.repeat(np.eye(2, dtype=np.float32), 5, 0), 4).tolist())) <= 2


def test_centres_are_of_unit_length():
    centres = find_centres(blobs(4, 10), 4)
    assert np.allclose(np.linalg.norm(centres, axis=1), 1, atol=1e-5)


@pytest.mark.parametrize("rows", [0, 3])
def test_assign_in_blocks(rows: int, monkeypatch: pytest.MonkeyPatch):
    vectors = blobs(3, 4)[:rows]
    whole = assign(vectors, np.eye(16, dtype=np.float32)[:3]).tolist()
    monkeypatch.setattr("pinchtune.selection.clusters.BLOCK", 2)
    assert assign(vectors, np.eye(16, dtype=np.float32)[:3]).tolist() == whole
