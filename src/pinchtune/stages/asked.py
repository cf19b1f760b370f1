"""What a choice is to cover: the enquiries of a mining run, or the pool itself."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from pinchtune.files import read_jsonl
from pinchtune.mining.mined import read_mined
from pinchtune.model.embed import Embedder, Vectors, embed_by_length
from pinchtune.stages.project import Project, finished

GROUND_MOST = 4096
"""Most texts that are to be covered; of more, as many are drawn as often as they were asked."""


class Asked(NamedTuple):
    """What is to be covered."""

    texts: Sequence[str]
    languages: Sequence[str]
    counts: Sequence[float]
    """How often each was asked, or drawn."""
    vectors: Vectors
    clusters: Sequence[int | None]
    """The mined group that each belongs to."""
    run: str = ""
    """Key of the mining run; empty if these are the pool's own texts."""
    different: int = 0
    """Different texts, of which these may be a draw."""
    enquiries: int = 0
    """How often they all were asked."""
    names: Mapping[int, str] = {}
    """What the mined groups are called."""

    def describe(self) -> dict[str, Any]:
        """Return what the manifest says: groups are numbered by each mining run anew."""
        return {
            "texts": len(self.texts),
            "mined": bool(self.run),
            "run": self.run,
            "different": self.different,
            "enquiries": self.enquiries,
        }

    def most_asked(self, texts: Sequence[int]) -> int | None:
        """Return the mined group that most of the enquiries are in; of equals the first."""
        times: Counter[int] = Counter()
        for text in texts:
            cluster = self.clusters[text]
            if cluster is not None:
                times[cluster] += int(self.counts[text])
        return min(times, key=lambda c: (-times[c], c), default=None)


def own_texts(texts: Sequence[str], languages: Sequence[str], vectors: Vectors) -> Asked:
    """Return the pool's own texts as what is to be covered."""
    count = len(texts)
    ones, nowhere = [1.0] * count, [None] * count
    return Asked(texts, languages, ones, vectors, nowhere, different=count, enquiries=count)


def mined_texts(project: Project, embedder: Embedder) -> Asked | None:
    """Return the mined enquiries, at most GROUND_MOST of them; None if nothing was mined.

    The embeddings are those of the mining run, if it had the same embedder.
    """
    folder = project.path("mine")
    mined = read_mined(folder)
    if mined is None:
        return None
    rows = [row for _, row in read_jsonl(folder / "candidates.jsonl")]
    all_counts = np.array([float(row["count"]) for row in rows])
    kept, counts = _draw(all_counts, project.config.mix.seed)
    drawn = [rows[i] for i in kept]
    texts = [str(row["text"]) for row in drawn]
    if finished(folder, "mine").get("embedder") == embedder.name:
        vectors = np.load(folder / "embeddings.npy", allow_pickle=False)[kept].astype(np.float32)
    else:
        vectors = embed_by_length(embedder, texts)
    return Asked(
        texts,
        [row["language"] for row in drawn],
        counts.tolist(),
        vectors,
        [row["cluster"] for row in drawn],
        mined.key,
        len(rows),
        int(all_counts.sum()),
        {group.number: group.name for group in mined.groups},
    )


def _draw(counts: np.ndarray[Any, Any], seed: int) -> tuple[Any, Any]:
    """Return the places of the texts to be covered, and how often each counts."""
    if len(counts) <= GROUND_MOST:
        return np.arange(len(counts)), counts
    rng = np.random.default_rng(seed)
    drawn = rng.choice(len(counts), GROUND_MOST, p=counts / counts.sum())
    kept, times = np.unique(drawn, return_counts=True)
    return kept, times.astype(np.float64)
