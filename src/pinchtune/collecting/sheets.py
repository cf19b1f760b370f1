"""Spreadsheets of examples: what an uploaded one holds, and where it is wrong.

make_template("ja", "ja", templates, goal=40)     a workbook to fill in
read_sheet(data, "examples.xlsx", "ja")           its rows, and each bad cell by its place
check_rows(sheet.rows, "ja", others=..., terms=...)   hints on the good rows
write_rows(rows, "xlsx")                          examples out of the store
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from pinchtune.collecting.grid import (
    Cell,
    Grid,
    Line,
    Problem,
    get_cell,
    place,
    read_grids,
    show_name,
)
from pinchtune.collecting.hints import Hint, check_texts, find_repeated
from pinchtune.collecting.sheetfiles import make_csv_template, make_template, write_rows
from pinchtune.collecting.wording import fold_heading, known_headings, sample_titles
from pinchtune.data.checks import MAX_CHARACTERS, is_blank
from pinchtune.data.similar import normalise
from pinchtune.data.textchecks import name_damage
from pinchtune.errors import UsageError
from pinchtune.languages import get_language
from pinchtune.records import Example, content_hash
from pinchtune.store.errors import Invalid
from pinchtune.store.records import Term, Text

__all__ = [
    "Problem",
    "Sheet",
    "SheetRow",
    "check_rows",
    "content_key",
    "make_csv_template",
    "make_template",
    "read_sheet",
    "write_rows",
]

_TAKEN = ("instruction", "response", "license", "domain", "drafted_by")
_LONGEST = {"license": 200, "domain": 200, "drafted_by": 200}
_HEADER_WITHIN = 10
"""Filled rows in which the headings are looked for: people put a title above."""


class SheetRow(NamedTuple):
    """An example that can be taken."""

    place: str
    """Cell of its instruction."""
    text: Text
    key: str
    """The same for the same content, so that nothing is taken twice."""


class Sheet(NamedTuple):
    """What a file holds."""

    rows: list[SheetRow]
    problems: list[Problem]
    """Kinds: empty, long, encoding, formula, error, language, repeated, column."""


def read_sheet(data: bytes, filename: str, language: str) -> Sheet:
    """Return the examples of an xlsx or csv file, and the place of each cell that is wrong.

    A row with a wrong cell is not among the rows; the others are. Invalid if the file as a
    whole cannot be used.
    """
    sheet = Sheet([], [])
    headed = False
    for grid in read_grids(data, filename):
        start = _find_header(grid)
        if start is None or fold_heading(grid.title) in sample_titles():
            continue
        headed = True
        columns = _read_header(grid, grid.lines[start], sheet.problems)
        for line in grid.lines[start + 1 :]:
            _read_line(grid.title, line, columns, language, sheet)
    if not headed:
        message = "{file} has no columns for the instruction and the response; use the template"
        raise Invalid(message, file=show_name(filename))
    return _without_repetition(sheet)


def content_key(language: str, text: Text) -> str:
    """Return what is the same for the same example, whatever its letter case and spaces."""
    code = get_language(language).code
    return content_hash([code, normalise(text.instruction), normalise(text.response)])


def check_rows(
    rows: Sequence[SheetRow],
    language: str,
    *,
    others: Sequence[tuple[str, str]] = (),
    terms: Sequence[Term] = (),
    evaluated: Sequence[Example] = (),
) -> list[tuple[str, Hint]]:
    """Return (place, hint) for what may be wrong with rows, also with each other."""
    texts = [row.text for row in rows]
    hints = check_texts(texts, language, others=others, terms=terms, evaluated=evaluated)
    found = [(row.place, hint) for row, of_row in zip(rows, hints, strict=True) for hint in of_row]
    inside = find_repeated([(row.place, row.text.instruction) for row in rows])
    order = {row.place: i for i, row in enumerate(rows)}
    return sorted([*found, *inside], key=lambda pair: order[pair[0]])


def _names(line: Line) -> list[str]:
    known = known_headings()
    return [known.get(fold_heading(cell.text), "") for cell in line.cells]


def _find_header(grid: Grid) -> int | None:
    """Return which row has the headings of both texts."""
    for i, line in enumerate(grid.lines[:_HEADER_WITHIN]):
        if {"instruction", "response"} <= set(_names(line)):
            return i
    return None


def _read_header(grid: Grid, line: Line, problems: list[Problem]) -> dict[str, int]:
    """Return {name: column}; what no name is known for, or stands twice, is a problem."""
    columns: dict[str, int] = {}
    for i, (name, cell) in enumerate(zip(_names(line), line.cells, strict=True)):
        if name and name not in columns:
            columns[name] = i
        elif cell.text:
            where = place(grid.title, i, line.number)
            problems.append(Problem(where, "column", {"heading": cell.text[:80]}))
    return columns


def _read_line(
    title: str, line: Line, columns: dict[str, int], language: str, sheet: Sheet
) -> None:
    cells = {name: get_cell(line.cells, columns.get(name)) for name in (*_TAKEN, "language")}
    if not any(cells.values()) or all(c == Cell() for c in cells.values()):
        return
    wrong = [
        Problem(place(title, columns[name], line.number), kind, values)
        for name, kind, values in _faults(cells, language)
    ]
    sheet.problems.extend(wrong)
    if not wrong:
        text = Text(**{name: cells[name].text for name in _TAKEN})
        where = place(title, columns["instruction"], line.number)
        sheet.rows.append(SheetRow(where, text, content_key(language, text)))


def _faults(cells: dict[str, Cell], language: str) -> Iterator[tuple[str, str, dict[str, object]]]:
    """Yield (column, kind, values) of each cell that cannot be taken."""
    for name, (text, fault) in cells.items():
        # A database holds neither of them.
        damage = next((d for d in name_damage(text) if d.kind == "half" or "\0" in text), None)
        limit = _LONGEST.get(name, MAX_CHARACTERS)
        if fault:
            yield name, fault, {}
        elif damage:
            yield name, "encoding", damage._asdict()
        elif len(text) > limit:
            yield name, "long", {"characters": len(text), "limit": limit}
        elif name in ("instruction", "response") and is_blank(text):
            yield name, "empty", {}
    declared = cells["language"].text
    if declared and _code(declared) != get_language(language).code:
        yield "language", "language", {"found": declared[:40], "declared": language}


def _code(tag: str) -> str:
    try:
        return get_language(tag).code
    except UsageError:
        return ""


def _without_repetition(sheet: Sheet) -> Sheet:
    """Return the sheet with each content once; the others are told."""
    first: dict[str, str] = {}
    rows, problems = [], list(sheet.problems)
    for row in sheet.rows:
        if row.key in first:
            problems.append(Problem(row.place, "repeated", {"first": first[row.key]}))
        else:
            first[row.key] = row.place
            rows.append(row)
    return Sheet(rows, problems)
