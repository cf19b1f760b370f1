"""pinch mine: from logs to the map of what people ask."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pinchtune.errors import UsageError
from pinchtune.files import (
    RunFolder,
    append_line,
    atomic_write,
    cut_lines,
    hash_file,
    name_write_errors,
    write_json,
    write_jsonl,
)
from pinchtune.mining.logs import Enquiry, read_enquiries
from pinchtune.mining.merge import Candidate, merge
from pinchtune.mining.refine import Refiner, summarise
from pinchtune.mining.terms import name_clusters
from pinchtune.model.embed import BATCH, Embedder, load_embedder, without_language
from pinchtune.progress import Progress, Silent
from pinchtune.selection.clusters import cluster
from pinchtune.stages.project import Project, stage_key

CHUNK = 500
"""Enquiries whose rows are stored together."""
SAMPLE = 20
"""Rows with hidden personal data that are shown to a person, a kind."""
ROWS, VECTORS = "rows.partial.jsonl", "embeddings.partial.bin"


def mine(
    project: Project, logs: Sequence[str | Path], progress: Progress | None = None
) -> RunFolder:
    """Write runs/mine: candidates, embeddings, clusters, incidents, a sample of what was hidden."""
    progress = progress or Silent()
    paths = _files(logs)
    config = project.config
    inputs = {
        "logs": [hash_file(p) for p in paths],
        "languages": config.languages.evaluated,
        "embedder": config.select.embedder,
        "clusters": config.mine.clusters,
    }
    run = RunFolder(project.path("mine"), stage_key("mine", inputs))
    if run.complete():
        return run
    embedder = load_embedder(config.select.embedder)
    run.start()
    rows = _refine(paths, run.path / ROWS, config.languages.evaluated, progress)
    candidates = merge(rows)
    if not candidates:
        raise UsageError("the logs hold no enquiry; check that these are the right files")
    vectors = _embed(embedder, candidates, run.path / VECTORS, progress)
    _write(run, rows, candidates, vectors, config.mine.clusters, embedder.name)
    return run


def _files(logs: Sequence[str | Path]) -> list[Path]:
    """Return the files, those of a folder by name; UsageError if there are none."""
    found = []
    for log in map(Path, logs):
        inside = sorted(p for p in log.rglob("*") if p.is_file()) if log.is_dir() else [log]
        found += [p for p in inside if not p.name.startswith(".")]
    missing = [p for p in found if not p.is_file()]
    if missing or not found:
        named = missing[0] if missing else " ".join(map(str, logs)) or "no log"
        raise UsageError(f"{named}: there is nothing to mine; name log files or folders of them")
    return found


def _refine(
    paths: Sequence[Path], partial: Path, languages: Sequence[str], progress: Progress
) -> list[dict[str, Any]]:
    """Return a row for each enquiry; chunks that a killed run stored are not made again."""
    done: list[list[dict[str, Any]]] = [json.loads(line) for line in cut_lines(partial)]
    refiner, read = Refiner(languages), sum(map(len, done))
    with progress.task("reading", 0, read) as task:
        enquiries = islice(_read(paths), read, None)
        while chunk := list(islice(enquiries, CHUNK)):
            done.append([refiner.refine(enquiry) for enquiry in chunk])
            append_line(partial, json.dumps(done[-1], ensure_ascii=False))
            task.advance(len(chunk))
    return [row for rows in done for row in rows]


def _read(paths: Sequence[Path]) -> Iterator[Enquiry]:
    for path in paths:
        yield from read_enquiries(path)


def _embed(
    embedder: Embedder, candidates: Sequence[Candidate], partial: Path, progress: Progress
) -> NDArray[np.float16]:
    """Return the embeddings; batches that a killed run stored are not made again."""
    order = sorted(range(len(candidates)), key=lambda i: (len(candidates[i].text), i))
    width = embedder.embed(["?"]).shape[1]
    whole = partial.stat().st_size // (2 * width * BATCH) if partial.is_file() else 0
    with name_write_errors(partial), partial.open("ab") as file:
        file.truncate(whole * 2 * width * BATCH)
        with progress.task("embedding", len(order), whole * BATCH) as task:
            for start in range(whole * BATCH, len(order), BATCH):
                part = [candidates[i].text for i in order[start : start + BATCH]]
                file.write(embedder.embed(part).astype(np.float16).tobytes())
                file.flush()
                task.advance(len(part))
    stored = np.fromfile(partial, np.float16).reshape(-1, width)[: len(order)]
    vectors = np.empty_like(stored)
    vectors[order] = stored
    return vectors


def _write(
    run: RunFolder,
    rows: list[dict[str, Any]],
    candidates: list[Candidate],
    vectors: NDArray[np.float16],
    wanted: int,
    embedder: str,
) -> None:
    languages = [c.language for c in candidates]
    subject = without_language(vectors.astype(np.float32), languages)
    count = wanted or max(1, round(math.sqrt(len(candidates) / 2)))
    labels = cluster(subject, count).tolist()
    write_jsonl(run.path / "candidates.jsonl", map(_row, candidates, labels))
    with atomic_write(run.path / "embeddings.npy", "wb") as file:
        np.save(file, vectors, allow_pickle=False)
    write_jsonl(run.path / "clusters.jsonl", _clusters(candidates, labels, subject))
    write_jsonl(run.path / "incidents.jsonl", (r for r in rows if "answered" in r))
    write_jsonl(run.path / "personal-sample.jsonl", _sample(rows))
    summary = {**summarise(rows), "candidates": len(candidates), "clusters": len(set(labels))}
    write_json(run.path / "summary.json", summary)
    run.finish({**summary, "embedder": embedder}, drop=[ROWS, VECTORS])


def _row(candidate: Candidate, label: int) -> dict[str, Any]:
    return {
        "id": candidate.id,
        "language": candidate.language,
        "text": candidate.text,
        "count": candidate.count,
        "cluster": label,
        "mixed": candidate.mixed,
        "wrong_language": candidate.wrong_language,
    }


def _clusters(
    candidates: Sequence[Candidate], labels: list[int], vectors: NDArray[np.float32]
) -> Iterator[dict[str, Any]]:
    """Yield the clusters, those asked most often first."""
    terms = name_clusters(
        [c.text for c in candidates],
        [c.language for c in candidates],
        labels,
        [c.count for c in candidates],
    )
    members: dict[int, list[Candidate]] = {}
    for candidate, label in zip(candidates, labels, strict=True):
        members.setdefault(label, []).append(candidate)
    asked = {label: sum(c.count for c in inside) for label, inside in members.items()}
    for label in sorted(members, key=lambda k: (-asked[k], k)):
        inside = members[label]
        by_language: dict[str, int] = {}
        for candidate in inside:
            by_language[candidate.language] = (
                by_language.get(candidate.language, 0) + candidate.count
            )
        yield {
            "cluster": label,
            "terms": terms[label],
            "candidates": len(inside),
            "enquiries": asked[label],
            "languages": dict(sorted(by_language.items(), key=lambda kv: (-kv[1], kv[0]))),
            "example": candidates[_middle(np.flatnonzero(np.array(labels) == label), vectors)].text,
        }


def _middle(members: NDArray[np.int64], vectors: NDArray[np.float32]) -> int:
    """Return the member that is closest to the mean of all."""
    inside = vectors[members]
    return int(members[np.argmax(np.round(inside @ inside.mean(axis=0), 6))])


def _sample(rows: Sequence[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Yield the first rows of each kind of hidden data: with placeholders, never the original."""
    shown: dict[str, int] = {}
    for row in rows:
        for kind in row.get("personal", ()):
            shown[kind] = shown.get(kind, 0) + 1
            if shown[kind] <= SAMPLE:
                yield {"kind": kind, "language": row["language"], "text": row["text"]}
