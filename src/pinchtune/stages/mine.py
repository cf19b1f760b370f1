"""pinch mine: from logs to the map of what people ask.

Logs are read in chunks, embeddings made in parts; each is a file of its own as soon as it is
done, so a killed run goes on where it was. What a chunk or a part holds follows from the logs
alone.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from pinchtune.errors import UsageError
from pinchtune.files import RunFolder, hash_file, read_json, write_json, write_jsonl
from pinchtune.mining.cells import readable
from pinchtune.mining.clean import clean, name_noise
from pinchtune.mining.engine import EmbedTexts, Engine, OneProcess, ReadChunk
from pinchtune.mining.enquiries import Columns, Enquiry, Unread
from pinchtune.mining.merging import Candidate, merge
from pinchtune.mining.readers import find_logs, read_log, read_logs
from pinchtune.progress import Progress, Silent
from pinchtune.stages.enquirymap import embed_candidates, write_map
from pinchtune.stages.project import Project, stage_key

CHUNK = 1000
"""Records that are read, cleaned and stored together."""
PARTIAL = "partial"
"""The folder of what a killed run goes on from."""


def mine(
    project: Project,
    logs: Sequence[str | Path],
    progress: Progress | None = None,
    engine: Engine | None = None,
) -> RunFolder:
    """Write runs/mine: candidates, embeddings, clusters, incidents, a sample of what was hidden.

    Every engine writes the same bytes; without one the work is done in this process.
    """
    progress, engine = progress or Silent(), engine or OneProcess()
    paths = find_logs(logs)
    if not paths:
        raise UsageError("there is nothing to mine; name log files or folders of them")
    run = RunFolder(project.path("mine"), _key(project, paths))
    partial = run.path / PARTIAL
    if not run.complete():
        _check(project, paths)
        embed = EmbedTexts(project.config.select.embedder)
        name = embed.embedder.name  # loaded first: what is missing shows before any work
        run.start()
        partial.mkdir(exist_ok=True)
        if not (partial / "candidates.jsonl").is_file():
            _read(project, paths, partial, progress, engine)
            _merge(run.path, partial)
        embed_candidates(embed, partial, progress, engine)
        facts = write_map(run.path, partial, project.config.mine.clusters)
        left = [p.relative_to(run.path).as_posix() for p in partial.iterdir()]
        run.finish({**facts, "embedder": name}, drop=left)
    shutil.rmtree(partial, ignore_errors=True)
    return run


def _key(project: Project, paths: Sequence[Path]) -> str:
    config = project.config
    inputs = {
        "logs": [[readable(str(path)), hash_file(path)] for path in paths],
        "mine": config.mine.model_dump(mode="json"),
        "embedder": config.select.embedder,
        "chunk": CHUNK,
    }
    return stage_key("mine", inputs)


def _columns(project: Project) -> Columns:
    return Columns(project.config.mine.question, project.config.mine.answer)


def _check(project: Project, paths: Sequence[Path]) -> None:
    """Read up to the first enquiry of each file, so that a wrong one is told before any work.

    One of the files must hold what can be mined: the run that stands is removed after this.
    """
    columns = _columns(project)
    for path in paths:
        next((f for f in read_log(path, columns) if isinstance(f, Enquiry)), None)
    if not any(_is_usable(found) for found in read_logs(paths, columns)):
        raise UsageError("the logs hold no enquiry; check that these are the right files")


def _is_usable(found: Enquiry | Unread) -> bool:
    if isinstance(found, Unread) or found.automatic:
        return False
    return not name_noise(clean(found.text))


def _read(
    project: Project, paths: Sequence[Path], partial: Path, progress: Progress, engine: Engine
) -> None:
    """Store what the chunks become; those that stand already are passed over."""
    columns = _columns(project)
    total = _count(paths, columns, partial / "total.json")
    work = ReadChunk(project.config.mine.languages)
    done = len(_chunks(partial))
    with progress.task("reading", total, min(done * CHUNK, total)) as task:
        found = islice(read_logs(paths, columns), done * CHUNK, None)
        for chunk in engine.map(work, iter(lambda: list(islice(found, CHUNK)), [])):
            write_json(partial / f"read-{done:06d}.json", chunk)
            done += 1
            task.advance(chunk["read"])


def _count(paths: Sequence[Path], columns: Columns, kept: Path) -> int:
    """Return how many records there are: read once for it, so that the time left can be told."""
    if not kept.is_file():
        write_json(kept, sum(1 for _ in read_logs(paths, columns)))
    return int(read_json(kept))


def _chunks(partial: Path) -> list[Path]:
    return sorted(partial.glob("read-*.json"))


def _merge(folder: Path, partial: Path) -> None:
    """Write the candidates by id, and what needs no embeddings."""
    merged = merge(map(read_json, _chunks(partial)))
    write_jsonl(folder / "incidents.jsonl", _incidents(partial))
    write_jsonl(folder / "personal-sample.jsonl", merged.sample)
    write_json(partial / "summary.json", merged.summary)
    write_jsonl(partial / "candidates.jsonl", map(_row, merged.candidates))


def _incidents(partial: Path) -> Iterator[dict[str, Any]]:
    for path in _chunks(partial):
        yield from read_json(path)["incidents"]


def _row(candidate: Candidate) -> dict[str, Any]:
    return {
        "id": candidate.id,
        "language": candidate.language,
        "text": candidate.text,
        "count": candidate.count,
        "mixed": candidate.mixed,
        "wrong_language": candidate.wrong_language,
        "sources": list(candidate.sources),
    }
