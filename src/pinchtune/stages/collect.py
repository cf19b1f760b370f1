"""pinch collect: progress, files in and out, the dataset card.

Whoever can open the database on this machine is trusted to say who they are; what that person
may do is checked by the store, as everywhere.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from pinchtune.data.export import write_examples
from pinchtune.data.formats import identify_languages, read_examples
from pinchtune.errors import UsageError
from pinchtune.files import open_bytes, write_text
from pinchtune.records import STATUSES, Example
from pinchtune.stages.pool import read_store
from pinchtune.stages.project import Project

if TYPE_CHECKING:
    from pinchtune.collecting.grid import Problem
    from pinchtune.store import Person, Row, Store, Text

SHEETS = (".csv", ".xlsx")
ALL = "all"
LOCALES = ("en", "ja")
"""Languages of the dataset card."""


@contextmanager
def collection(project: Project) -> Iterator[Store]:
    """Yield the database of the project's collected examples until the block ends."""
    store = project.open_store()
    try:
        yield store
    finally:
        store.close()


def read_status(store: Store) -> dict[str, Any]:
    """Return how far each language is: its goal, its examples by status, the longest waiting."""
    from pinchtune.store import examples
    from pinchtune.store.settings import read_settings

    settings, counts = read_settings(store), examples.counts(store)
    oldest: dict[str, datetime] = {}
    for row in examples.waiting(store):
        oldest[row.language] = min(row.updated, oldest.get(row.language, row.updated))
    codes = dict.fromkeys((*settings.languages, *settings.goals, *counts))
    languages = [
        {
            "language": code,
            "goal": settings.goals.get(code, 0),
            **{status: counts.get(code, {}).get(status, 0) for status in STATUSES},
            "oldest_waiting": oldest.get(code),
        }
        for code in codes
    ]
    return {"name": settings.name, "languages": languages}


def list_rows(store: Store, status: str = "", language: str = "") -> list[Row]:
    """Return examples, the oldest first, of one status and one language if they are named."""
    from pinchtune.store.examples import everything

    check_status(status or ALL)
    wanted = ("", ALL)
    return [
        row
        for row in everything(store)
        if (status in wanted or row.status == status) and language in ("", row.language)
    ]


def check_status(status: str) -> str:
    """Return `status` if there is such a one, or `all`."""
    if status not in (*STATUSES, ALL):
        raise UsageError(f"unknown status {status!r}; use one of: {', '.join((*STATUSES, ALL))}")
    return status


class Imported(NamedTuple):
    """What an import of a file did."""

    new: int
    """Examples that were submitted."""
    known: int
    """Examples that the store held already."""
    problems: list[dict[str, Any]]
    """{place, kind, values} of what could not be taken; everything else was."""


class _Found(NamedTuple):
    items: list[tuple[str, Text, str]]
    """(language, text, key) of each example that can be taken."""
    problems: list[dict[str, Any]]


def import_rows(
    project: Project, store: Store, actor: Person, path: Path, language: str = ""
) -> Imported:
    """Submit the examples of a file as written by `actor`; nothing is imported twice.

    A spreadsheet of one declared language is read as the workplace's own sheets are, with
    headings of any locale; everything else as `pinch data import` reads it.
    """
    from pinchtune.store.examples import add_many

    sheet = bool(language) and path.suffix.lower() in SHEETS
    found = _read_sheet(path, language) if sheet else _read_file(project, path, language)
    origin = "sheet" if path.suffix.lower() in SHEETS else "cli"
    added = add_many(store, actor, found.items, origin, submit=True) if found.items else []
    new = sum(row is not None for row in added)
    return Imported(new, len(added) - new, found.problems)


def _read_sheet(path: Path, language: str) -> _Found:
    from pinchtune.collecting.sheets import read_sheet

    with open_bytes(path) as file:
        sheet = read_sheet(file.read(), path.name, language)
    items = [(language, row.text, row.key) for row in sheet.rows]
    return _Found(items, [_tell(problem) for problem in sheet.problems])


def _tell(problem: Problem) -> dict[str, Any]:
    return {"place": problem.place, "kind": problem.kind, "values": dict(problem.values)}


def _read_file(project: Project, path: Path, language: str) -> _Found:
    from pinchtune.collecting.sheets import content_key
    from pinchtune.store import Text

    rows = read_examples(path, language=language)
    found = _Found([], [])
    for example, name, line in identify_languages(rows, project.config.languages.evaluated):
        if kind := _why_not(example):
            place = f"{Path(name).name}:{line}"
            found.problems.append({"place": place, "kind": kind, "values": {}})
            continue
        text = Text(example.prompt, example.response or "", example.license, example.domain)
        found.items.append((example.language, text, content_key(example.language, text)))
    return found


def _why_not(example: Example) -> str:
    """Return why an example cannot be collected; empty if it can."""
    if not example.language:
        return "language"
    if example.system or example.history:
        return "conversation"
    return "" if example.prompt.strip() and (example.response or "").strip() else "empty"


def export_rows(
    store: Store, path: Path, format: str = "auto", status: str = "approved", language: str = ""
) -> int:
    """Write examples to a file in any format, without a name; return how many there are."""
    check_status(status)
    chosen = [
        e for e in read_store(store) if status in (ALL, e.status) and language in ("", e.language)
    ]
    return write_examples(path, chosen, format)


def write_card(store: Store, path: Path | None = None, locale: str = "en") -> str:
    """Return the dataset card, and write it to `path` if there is one."""
    if locale not in LOCALES:
        raise UsageError(f"no card in {locale!r}; use one of: {', '.join(LOCALES)}")
    from pinchtune.collecting.card import make_card
    from pinchtune.store import examples, glossary, reviews
    from pinchtune.store.settings import read_settings

    card = make_card(
        examples.everything(store),
        settings=read_settings(store),
        approvals=examples.approvals(store),
        terms=glossary.list_terms(store),
        ratings=[(r.example, r.person, r.verdict) for r in reviews.ratings(store)],
        locale=locale,
    )
    if path:
        write_text(path, card)
    return card


def evaluation_of(project: Project | None) -> Sequence[Example]:
    """Return the evaluation prompts that no collected example may repeat; none without a file."""
    if project is None or not project.data_file("evaluation").exists():
        return ()
    return project.examples("evaluation")
