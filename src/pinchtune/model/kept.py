"""Embeddings that are kept in a file, so that a pool is embedded once and not once a choice."""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pinchtune.files import atomic_write
from pinchtune.model.embed import Embedder, Vectors

DIGEST = 16
"""Bytes that a text is known by."""


class KeptEmbedder:
    """An embedder that embeds no text a second time; `keep` writes what it was asked for.

    A file that cannot be read, or is of another edition of the embedder, is as good as none.
    """

    def __init__(self, embedder: Embedder, path: Path) -> None:
        self.embedder, self.path = embedder, path
        self.name, self.edition = embedder.name, embedder.edition
        self.stored = _read(path, self.edition) if self.edition else {}
        self.asked: dict[bytes, NDArray[np.float32]] = {}

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Return [N, D], float32, rows of unit length."""
        keys = [_digest(text) for text in texts]
        self.asked |= {key: self.stored[key] for key in keys if key in self.stored}
        new = {k: text for k, text in zip(keys, texts, strict=True) if k not in self.asked}
        if new or not texts:
            vectors = self.embedder.embed(list(new.values()))
            self.asked |= dict(zip(new, vectors, strict=True))
        return np.array([self.asked[key] for key in keys]) if texts else vectors

    def keep(self) -> None:
        """Write the embeddings that were asked for, and no others: examples that left are gone."""
        if not self.edition or self.asked.keys() == self.stored.keys():
            return
        digests = np.frombuffer(b"".join(self.asked), np.uint8).reshape(-1, DIGEST)
        with atomic_write(self.path, "wb") as file:
            np.savez(
                file,
                edition=np.array(self.edition),
                texts=digests,
                vectors=np.array(list(self.asked.values())),
            )
        self.stored = dict(self.asked)


def _digest(text: str) -> bytes:
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=DIGEST).digest()


def _read(path: Path, edition: str) -> dict[bytes, NDArray[np.float32]]:
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as found:
            if str(found["edition"]) != edition:
                return {}
            texts, vectors = found["texts"], found["vectors"].astype(np.float32)
        return {row.tobytes(): vector for row, vector in zip(texts, vectors, strict=True)}
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return {}
