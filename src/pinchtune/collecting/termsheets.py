"""A glossary out of a spreadsheet or a csv file."""

from __future__ import annotations

import re
from typing import NamedTuple

from pinchtune.collecting.grid import Grid, Line, Problem, get_cell, place, read_grids, show_name
from pinchtune.collecting.wording import fold_heading, known_headings, sample_titles
from pinchtune.data.similar import normalise
from pinchtune.data.textchecks import name_damage
from pinchtune.errors import UsageError
from pinchtune.languages import get_language
from pinchtune.store.errors import Invalid
from pinchtune.store.records import Term

MAX_LETTERS = 200
"""Longest term; what is longer is a sentence."""
# What separates variants, also as other scripts write it.
_SEPARATOR = re.compile("[;；؛]")  # noqa: RUF001


class TermSheet(NamedTuple):
    """What a file of terms holds."""

    terms: list[Term]
    """Without ids: the store gives them."""
    problems: list[Problem]


def read_terms(data: bytes, filename: str, language: str = "") -> TermSheet:
    """Return the terms of a csv or xlsx file; variants of a term stand in one cell, with `;`.

    `language` is for rows that name none. A term that stands twice is one, with all variants.
    """
    grids = read_grids(data, filename)
    terms: dict[tuple[str, str], Term] = {}
    problems: list[Problem] = []
    headed = False
    for grid in grids:
        columns = _find_columns(grid)
        if columns is None or fold_heading(grid.title) in sample_titles():
            continue
        headed = True
        for line in grid.lines[1:]:
            found = _read_line(grid.title, line, columns, language)
            if isinstance(found, Problem):
                problems.append(found)
                continue
            key = (found.language, normalise(found.term))
            terms[key] = _merge(terms[key], found) if key in terms else found
    if not headed:
        message = "{file} has no column for the term; name one in the first row: term"
        raise Invalid(message, file=show_name(filename))
    return TermSheet(list(terms.values()), problems)


def _find_columns(grid: Grid) -> dict[str, int] | None:
    """Return {name: column} from the first row; None if no column is that of the term."""
    known = known_headings()
    names = [known.get(fold_heading(c.text), "") for c in grid.lines[0].cells] if grid.lines else []
    columns = {name: i for i, name in reversed(list(enumerate(names))) if name}
    return columns if "term" in columns else None


def _read_line(title: str, line: Line, columns: dict[str, int], language: str) -> Term | Problem:
    cells = {name: get_cell(line.cells, i) for name, i in columns.items()}
    texts = {name: cell.text for name, cell in cells.items()}
    for name, kind, values in _faults({n: (c.text, c.fault) for n, c in cells.items()}, language):
        return Problem(place(title, columns.get(name, columns["term"]), line.number), kind, values)
    term = " ".join(texts["term"].split())
    parts = (" ".join(part.split()) for part in _SEPARATOR.split(texts.get("variants", "")))
    variants = tuple(dict.fromkeys(part for part in parts if part and part != term))
    code = get_language(texts.get("language") or language).code
    count = int(texts.get("enquiries") or 0)
    return Term("", code, term, variants, texts.get("note", ""), count)


def _faults(
    cells: dict[str, tuple[str, str]], language: str
) -> list[tuple[str, str, dict[str, object]]]:
    """Return (column, kind, values) of what cannot be taken."""
    found: list[tuple[str, str, dict[str, object]]] = []
    for name, (text, fault) in cells.items():
        damage = next((d for d in name_damage(text) if d.kind != "garbled"), None)
        if fault:
            found.append((name, fault, {}))
        elif damage:
            found.append((name, "encoding", damage._asdict()))
    texts = {name: text for name, (text, _) in cells.items()}
    if not texts["term"]:
        found.append(("term", "empty", {}))
    elif max(map(len, (texts["term"], *_SEPARATOR.split(texts.get("variants", ""))))) > MAX_LETTERS:
        found.append(("term", "long", {"limit": MAX_LETTERS}))
    if not _is_count(texts.get("enquiries") or "0"):
        found.append(("enquiries", "number", {"text": texts["enquiries"][:40]}))
    code = texts.get("language") or language
    try:
        get_language(code)
    except UsageError:
        found.append(("language", "language", {"text": code[:40]}))
    return found


def _is_count(text: str) -> bool:
    return text.isdecimal() and len(text) <= 9


def _merge(first: Term, second: Term) -> Term:
    """Return one term of two rows for it."""
    variants = tuple(dict.fromkeys((*first.variants, *second.variants)))
    count = max(first.enquiries, second.enquiries)
    note = first.note or second.note
    return Term("", first.language, first.term, variants, note, count)
