"""Embeddings that are kept: each text is embedded once, and a file that is no use is none."""

from __future__ import annotations

import numpy as np
import pytest

from pinchtune.model.embed import ScriptedEmbedder, embed_by_length
from pinchtune.model.kept import KeptEmbedder

TEXTS = ["Where is my parcel?", "荷物が届きません", "أين الطرد؟", "📦❓", "e\u0301", "\ud800", ""]


class Counting(ScriptedEmbedder):
    """Counts the texts that it has embedded."""

    count = 0

    def embed(self, texts):
        self.count += len(texts)
        return super().embed(texts)


def test_a_text_is_embedded_once_and_its_vector_is_the_same(tmp_path):
    fresh = embed_by_length(ScriptedEmbedder(), TEXTS)
    first = KeptEmbedder(Counting(), tmp_path / "kept.npz")
    assert np.array_equal(embed_by_length(first, TEXTS), fresh)
    first.keep()
    again = KeptEmbedder(Counting(), tmp_path / "kept.npz")
    assert np.array_equal(embed_by_length(again, [*TEXTS[::-1], "new"])[:-1], fresh[::-1])
    assert first.embedder.count == len(TEXTS) and again.embedder.count == 1


def test_what_left_the_pool_leaves_the_file(tmp_path):
    path = tmp_path / "kept.npz"
    for texts in (TEXTS, TEXTS[:2]):
        embedder = KeptEmbedder(Counting(), path)
        embedder.embed(texts)
        embedder.keep()
    assert len(KeptEmbedder(Counting(), path).stored) == 2


def test_another_edition_reads_and_leaves_nothing_of_this_one(tmp_path):
    path = tmp_path / "kept.npz"
    small, large = KeptEmbedder(Counting(32), path), None
    small.embed(TEXTS)
    small.keep()
    large = KeptEmbedder(Counting(64), path)
    assert large.embed(TEXTS).shape == (len(TEXTS), 64) and large.embedder.count == len(TEXTS)


def test_an_embedder_that_may_change_unseen_is_not_kept(tmp_path):
    scripted = Counting()
    scripted.edition = ""
    embedder = KeptEmbedder(scripted, tmp_path / "kept.npz")
    embedder.embed(TEXTS)
    embedder.keep()
    assert not embedder.path.exists()


@pytest.mark.parametrize("damage", [lambda b: b[: len(b) // 2], lambda b: b"", lambda b: b"x" * 99])
def test_a_damaged_file_is_as_good_as_none(tmp_path, damage):
    path = tmp_path / "kept.npz"
    embedder = KeptEmbedder(Counting(), path)
    fresh = embedder.embed(TEXTS)
    embedder.keep()
    path.write_bytes(damage(path.read_bytes()))
    again = KeptEmbedder(Counting(), path)
    assert np.array_equal(again.embed(TEXTS), fresh) and again.embedder.count == len(TEXTS)


def test_a_pickle_is_not_read(tmp_path):
    path = tmp_path / "kept.npz"
    bad = np.array([{"a": 1}], dtype=object)
    np.savez(path, edition=np.array("scripted 64"), texts=bad, vectors=bad)
    assert KeptEmbedder(Counting(), path).stored == {}


def test_no_texts_have_no_vectors(tmp_path):
    assert len(KeptEmbedder(Counting(), tmp_path / "kept.npz").embed([])) == 0
