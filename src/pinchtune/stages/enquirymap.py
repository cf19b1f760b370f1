"""The second half of pinch mine: candidates are embedded, grouped, and the groups named.

Embeddings are never held whole: they lie in a file, and blocks of them are read.
"""

from __future__ import annotations

import math
import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pinchtune.files import atomic_write, read_json, read_jsonl, write_json, write_jsonl
from pinchtune.mining.engine import EmbedTexts, Engine
from pinchtune.mining.naming import Asked, name_clusters
from pinchtune.model.embed import Vectors, shared_means, unit
from pinchtune.progress import Progress
from pinchtune.selection.clusters import SAMPLE, assign, find_centres

PART = 1024
"""Texts whose embeddings are stored together."""
BLOCK = 16_384
"""Embeddings that are in memory at a time."""
MOST_CLUSTERS = 200
"""More groups nobody looks at."""
NAMED = 500
"""Candidates a cluster, asked most often first, whose words name it."""
SEED = 0


def embed_candidates(embed: EmbedTexts, partial: Path, progress: Progress, engine: Engine) -> None:
    """Store the embeddings of the candidates in parts, texts of like length together."""
    texts = [str(row["text"]) for row in _candidates(partial)]
    order = _order(texts)
    parts = range(0, len(texts), PART)
    done = sum(_part(partial, start).is_file() for start in parts)
    left = parts[done:]
    pieces = ([texts[i] for i in order[start : start + PART]] for start in left)
    with progress.task("embedding", len(texts), min(done * PART, len(texts))) as task:
        for start, vectors in zip(left, engine.map(embed, pieces), strict=True):
            with atomic_write(_part(partial, start), "wb") as file:
                np.save(file, vectors, allow_pickle=False)
            task.advance(len(vectors))


def _candidates(partial: Path) -> Iterator[dict[str, Any]]:
    yield from (row for _, row in read_jsonl(partial / "candidates.jsonl"))


def _order(texts: list[str]) -> list[int]:
    return sorted(range(len(texts)), key=lambda i: (len(texts[i]), i))


def _part(partial: Path, start: int) -> Path:
    return partial / f"embeddings-{start:09d}.npy"


class Member(NamedTuple):
    """What the map asks of a candidate."""

    language: str
    times: int
    length: int


def write_map(folder: Path, partial: Path, wanted: int) -> dict[str, Any]:
    """Write candidates, embeddings, clusters and summary, and return the summary."""
    rows = _candidates(partial)
    members = [Member(r["language"], r["count"], len(r["text"])) for r in rows]
    vectors = _assemble(folder, partial, members)
    labels = _group(Subjects(vectors, [m.language for m in members]), members, wanted)
    write_jsonl(
        folder / "candidates.jsonl",
        ({**r, "cluster": int(k)} for r, k in zip(_candidates(partial), labels, strict=True)),
    )
    clusters = list(_describe(partial, members, labels))
    write_jsonl(folder / "clusters.jsonl", clusters)
    summary = {**read_json(partial / "summary.json"), "clusters": len(clusters)}
    write_json(folder / "summary.json", summary)
    return summary


def _assemble(folder: Path, partial: Path, members: list[Member]) -> NDArray[np.float16]:
    """Return the embeddings in the order of the candidates, as a file that is read in blocks."""
    order = sorted(range(len(members)), key=lambda i: (members[i].length, i))
    made, final = partial / "embeddings.npy", folder / "embeddings.npy"
    width = np.load(_part(partial, 0), allow_pickle=False).shape[1]
    shape = (len(members), width)
    whole = np.lib.format.open_memmap(made, mode="w+", dtype=np.float16, shape=shape)
    for start in range(0, len(members), PART):
        rows = order[start : start + PART]
        whole[rows] = np.load(_part(partial, start), allow_pickle=False)
    whole.flush()
    del whole
    os.replace(made, final)
    return np.asarray(np.load(final, mmap_mode="r", allow_pickle=False))


class Subjects:
    """Embeddings without what all texts of their language have in common, a block at a time."""

    def __init__(self, vectors: NDArray[np.float16], languages: list[str]) -> None:
        self.vectors = vectors
        codes = {code: k for k, code in enumerate(sorted(set(languages)))}
        self.codes = np.array([codes[language] for language in languages])
        counts = np.bincount(self.codes, minlength=len(codes))
        sums = np.zeros((len(codes), vectors.shape[1]))
        for rows in self.blocks():
            np.add.at(sums, self.codes[rows], vectors[rows].astype(np.float64))
        self.means = shared_means(sums, counts)

    def blocks(self) -> Iterator[NDArray[np.int64]]:
        """Yield the numbers of the rows of each block."""
        for start in range(0, len(self.vectors), BLOCK):
            yield np.arange(start, min(start + BLOCK, len(self.vectors)))

    def take(self, rows: NDArray[np.int64]) -> Vectors:
        """Return rows of unit length, float32."""
        return unit(self.vectors[rows].astype(np.float32) - self.means[self.codes[rows]])


def count_clusters(candidates: int, wanted: int) -> int:
    """Return how many groups there are: as wanted, else the root of half the candidates."""
    return wanted or min(MOST_CLUSTERS, max(1, round(math.sqrt(candidates / 2))))


def _group(subjects: Subjects, members: list[Member], wanted: int) -> NDArray[np.int64]:
    """Return the cluster of each candidate; cluster 0 is what is asked most often."""
    count = count_clusters(len(members), wanted)
    drawn = np.random.default_rng(SEED).permutation(len(members))[: count * SAMPLE]
    centres = find_centres(subjects.take(np.sort(drawn)), count, SEED)
    labels = np.concatenate([assign(subjects.take(rows), centres) for rows in subjects.blocks()])
    asked = np.bincount(labels, [m.times for m in members], minlength=len(centres))
    rank = np.argsort(np.argsort(-asked, kind="stable"), kind="stable")
    return np.asarray(rank[labels])


def _describe(
    partial: Path, members: list[Member], labels: NDArray[np.int64]
) -> Iterator[dict[str, Any]]:
    """Yield the clusters in their order: terms, size, languages, what is asked most often."""
    chosen = _chosen(members, labels)
    rows = [
        Asked(int(labels[i]), row["text"], row["count"], row["language"])
        for i, row in enumerate(_candidates(partial))
        if i in chosen
    ]
    terms = name_clusters(rows)
    example: dict[int, Asked] = {}
    for row in rows:
        if row.cluster not in example or row.times > example[row.cluster].times:
            example[row.cluster] = row
    languages: dict[int, Counter[str]] = {}
    for label, member in zip(labels.tolist(), members, strict=True):
        languages.setdefault(label, Counter())[member.language] += member.times
    sizes = Counter(labels.tolist())
    for label in sorted(sizes):
        yield {
            "cluster": label,
            "terms": terms[label],
            "candidates": sizes[label],
            "enquiries": sum(languages[label].values()),
            "languages": dict(sorted(languages[label].items(), key=lambda kv: (-kv[1], kv[0]))),
            "example": example[label].text,
        }


def _chosen(members: list[Member], labels: NDArray[np.int64]) -> set[int]:
    """Return the candidates of each cluster whose words count, those asked most often."""
    kept: set[int] = set()
    room = Counter[int]()
    for i in sorted(range(len(members)), key=lambda i: (-members[i].times, i)):
        label = int(labels[i])
        if room[label] < NAMED:
            room[label] += 1
            kept.add(i)
    return kept
