"""pinch data: import, list, check and export the project's examples."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from pinchtune.data.checks import Finding, check_examples, check_overlap
from pinchtune.data.export import write_examples
from pinchtune.data.formats import Located, identify_languages, read_examples
from pinchtune.errors import UsageError
from pinchtune.evaluation.checking.column import COLUMN, impossible_checks, with_checks
from pinchtune.languages import language_name
from pinchtune.stages.init import starter_source
from pinchtune.stages.project import Project

DATA_SETS = ("base", "pinch", "evaluation")


class Imported(NamedTuple):
    """What an import did."""

    path: Path
    """File that the examples went to."""
    new: int
    """Examples that were added."""
    known: int
    """Examples that the data set held already."""
    identified: int
    """Rows whose language was not declared."""


def import_data(
    project: Project,
    sources: Sequence[str | Path],
    into: str,
    format: str = "auto",
    language: str = "",
) -> Imported:
    """Add the examples of `sources` to a data set of the project; nothing is imported twice.

    A source is a file, a folder, a data set of the hub, or `starter:NAME` for a shipped set.
    """
    target = _writable(project, into)
    places = [starter_source(source) for source in sources]
    rows = [row for place in places for row in read_examples(place, format, language)]
    rows = with_checks(rows) if into == "evaluation" else rows
    identified = sum(not row.example.language for row in rows)
    found = identify_languages(rows, project.config.languages.evaluated)
    before = [row.example for row in read_examples(target)] if target.is_file() else []
    known = {e.id for e in before}
    new = list({r.example.id: r.example for r in found if r.example.id not in known}.values())
    if new:
        write_examples(target, [*before, *new])
    return Imported(target, len(new), len(found) - len(new), identified)


def _writable(project: Project, name: str) -> Path:
    check_set(name)
    if name == "pinch" and project.collects:
        raise UsageError(
            "the pinch of this project is collected, so data.pinch is not read; "
            "use `pinch collect import`, and have the rows approved"
        )
    target = project.data_file(name)
    if target.suffix != ".jsonl":
        raise UsageError(
            f"data.{name}: {target} is not JSON Lines, so nothing can be imported into it; "
            f"set data.{name} to a .jsonl file"
        )
    return target


def check_set(name: str) -> str:
    """Return `name` if it is a data set of a project."""
    if name not in DATA_SETS:
        raise UsageError(f"unknown data set {name!r}; use one of: {', '.join(DATA_SETS)}")
    return name


def list_data(project: Project) -> dict[str, Any]:
    """Return {data set: {path, examples, languages, statuses}} of the sets that exist."""
    found = {}
    for name in DATA_SETS:
        path, examples = str(project.data_file(name)), []
        if name == "pinch" and project.collects:
            pool = project.pool()
            path, examples = pool.source, pool.drawable
        elif project.data_file(name).exists():
            examples = project.examples(name)
        found[name] = {
            "path": path,
            "examples": len(examples),
            "languages": dict(Counter(e.language for e in examples).most_common()),
            "statuses": dict(Counter(e.status for e in examples)),
        }
    return found


def check_data(project: Project, sets: Sequence[str] = ()) -> list[Finding]:
    """Return what is wrong in the data sets, and between training and evaluation."""
    rows = {name: _rows(project, check_set(name)) for name in (sets or DATA_SETS)}
    candidates = project.config.languages.evaluated
    findings = [f for found in rows.values() for f in check_examples(found, candidates)]
    for name in ("base", "pinch"):
        if name in rows and "evaluation" in rows:
            findings += check_overlap(rows[name], rows["evaluation"])
    for row in rows.get("evaluation", ()):
        findings += _find_impossible(row)
    return findings


def _find_impossible(row: Located) -> Iterator[Finding]:
    """Yield the checks that no answer to this prompt can be scored by."""
    for name in impossible_checks(row.example):
        where = language_name(row.example.language)
        message = f"{name} cannot be checked in {where}, so it is never scored; remove it"
        yield Finding(COLUMN, row.path, row.line, COLUMN, message)


def _rows(project: Project, name: str) -> list[Located]:
    if name == "pinch" and project.collects:
        pool = project.pool()
        return [Located(e, pool.source, i) for i, e in enumerate(pool.drawable, 1)]
    rows = read_examples(project.data_file(name))
    rows = with_checks(rows) if name == "evaluation" else rows
    return identify_languages(rows, project.config.languages.evaluated)


def export_data(
    project: Project, name: str, path: str | Path, format: str = "auto"
) -> tuple[Path, int]:
    """Write a data set to a file in any format; return the file and the number of examples."""
    examples = project.examples(check_set(name))
    write_examples(path, examples, format)
    return Path(path), len(examples)
