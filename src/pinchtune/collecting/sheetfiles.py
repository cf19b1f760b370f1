"""Spreadsheets of examples as files: a template to fill in, and examples of the store.

A cell that a spreadsheet would run as a formula gets an apostrophe; reading takes it away.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from pinchtune.collecting.wording import catalogue, short_locale
from pinchtune.data.checks import MAX_CHARACTERS
from pinchtune.data.export import MAX_CELL
from pinchtune.data.tables import defuse, escape_xlsx
from pinchtune.data.values import load_library, to_json
from pinchtune.languages import get_language, is_rtl, language_name
from pinchtune.store.errors import Invalid
from pinchtune.store.records import Row, Template

Cells = Sequence[Sequence[str]]
_FILLED = ("instruction", "response", "domain", "license")
_WIDTHS = {"fill": (55, 85, 22, 22), "look": (24, 45, 50, 80), "read": (110,)}
_LICENSES = "CC0-1.0,CC-BY-4.0,CC-BY-SA-4.0,proprietary"
_LAST_ROW = 10_001
_SHADE = "E8EEF4"


def make_template(
    language: str, locale: str, templates: Sequence[Template] = (), goal: int = 0
) -> bytes:
    """Return a workbook to fill in: how to, the empty sheet, and samples to look at."""
    words = catalogue(locale)
    book = load_library("openpyxl", "web").Workbook()
    fill, read, look = (words["sheets"][name] for name in ("fill", "read", "look"))
    _add_sheet(book.active, read, [[line] for line in _instructions(language, locale, goal)])
    _add_sheet(book.create_sheet(), fill, [_headings(locale)])
    _style(book[read], "read", is_rtl(short_locale(locale)))
    _style(book[fill], "fill", is_rtl(language))
    _add_checks(book[fill], words["checks"])
    samples = _samples(language, locale, templates)
    if samples:
        _add_sheet(book.create_sheet(), look, samples)
        _style(book[look], "look", is_rtl(language))
    # The sheet to fill in is what a person who opens the file again wants to see.
    book.active = 0
    return _save(book)


def make_csv_template(language: str, locale: str) -> bytes:
    """Return a csv file with the headings alone: a file of text has no room for more."""
    get_language(language)
    return _to_csv([_headings(locale)])


def write_rows(rows: Iterable[Row], kind: str = "xlsx") -> bytes:
    """Return examples as a file: `xlsx`, `csv` or `jsonl`. Names of people are left out."""
    if kind not in _WRITERS:
        raise Invalid("{kind} is no kind of file; use one of: {kinds}", kind=kind, kinds=KINDS)
    return _WRITERS[kind]([_to_cells(row) for row in rows])


def _headings(locale: str) -> list[str]:
    columns = catalogue(locale)["columns"]
    return [columns[name] for name in _FILLED]


def _instructions(language: str, locale: str, goal: int) -> list[str]:
    words = catalogue(locale)
    name = language_name(language, short_locale(locale))
    values = {"language": name, "goal": goal, **words["columns"], **words["sheets"]}
    lines = [words["read"]["title"], *([words["read"]["goal"]] if goal else [])]
    return [line.format(**values) for line in (*lines, *words["read"]["lines"])]


def _samples(language: str, locale: str, templates: Sequence[Template]) -> list[list[str]]:
    words, code = catalogue(locale), get_language(language).code
    mine = [t for t in templates if t.active and get_language(t.language).code == code]
    head = [words["samples"]["kind"], words["samples"]["hint"], *_headings(locale)[:2]]
    rows = [[t.title, t.hint, t.instruction, t.response] for t in mine]
    return [head, *rows] if rows else []


def _add_sheet(sheet: Any, title: str, cells: Cells) -> None:
    sheet.title = title
    for row in cells:
        sheet.append([escape_xlsx(defuse(cell)) for cell in row])


def _style(sheet: Any, name: str, rtl: bool) -> None:
    styles = load_library("openpyxl.styles", "web")
    sheet.sheet_view.rightToLeft = rtl
    if name != "read":
        sheet.freeze_panes = "A2"
    wrapped = styles.Alignment(wrap_text=True, vertical="top", readingOrder=2 if rtl else 0)
    for letter, width in zip("ABCD", _WIDTHS[name], strict=False):
        sheet.column_dimensions[letter].width = width
        # Rows that are still empty take the format of their column.
        sheet.column_dimensions[letter].alignment = wrapped
    for row in sheet.iter_rows():
        for cell in row:
            cell.alignment = wrapped
    for cell in sheet[1]:
        cell.font = styles.Font(bold=True, size=14 if name == "read" else 11)
        cell.fill = styles.PatternFill("solid", fgColor=_SHADE)


def _add_checks(sheet: Any, words: Mapping[str, str]) -> None:
    validation = load_library("openpyxl.worksheet.datavalidation", "web").DataValidation
    length = validation(
        type="textLength",
        operator="lessThanOrEqual",
        formula1=str(MAX_CHARACTERS),
        allow_blank=True,
        errorTitle=words["title"],
        error=words["long"].format(limit=MAX_CHARACTERS),
        showErrorMessage=True,
    )
    licenses = validation(
        type="list",
        formula1=f'"{_LICENSES}"',
        allow_blank=True,
        prompt=words["license"],
        showInputMessage=True,
        showErrorMessage=False,
    )
    length.add(f"A2:B{_LAST_ROW}")
    licenses.add(f"D2:D{_LAST_ROW}")
    sheet.add_data_validation(length)
    sheet.add_data_validation(licenses)


def _save(book: Any) -> bytes:
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def _to_cells(row: Row) -> dict[str, str]:
    """Return what an export tells of an example: everything but who wrote it."""
    return {
        "id": row.id,
        "parallel_id": row.parallel_id,
        "language": row.language,
        "site": row.site,
        "status": row.status,
        "version": str(row.version),
        "instruction": row.text.instruction,
        "response": row.text.response,
        "license": row.text.license,
        "domain": row.text.domain,
        "drafted_by": row.text.drafted_by,
        "template": row.template,
        "origin": row.origin,
        "created": _time(row.created),
        "updated": _time(row.updated),
    }


def _time(value: datetime) -> str:
    return value.isoformat(timespec="seconds")


_COLUMNS = (
    *("id", "parallel_id", "language", "site", "status", "version", "instruction", "response"),
    *("license", "domain", "drafted_by", "template", "origin", "created", "updated"),
)


def _table(rows: Sequence[Mapping[str, str]]) -> list[list[str]]:
    return [list(_COLUMNS), *([row[name] for name in _COLUMNS] for row in rows)]


def _to_xlsx(cells: Cells) -> bytes:
    written = [[escape_xlsx(defuse(cell)) for cell in row] for row in cells]
    # Excel counts in UTF-16, and cuts off what is longer.
    if any(len(cell.encode("utf-16-le")) // 2 > MAX_CELL for row in written for cell in row):
        message = "An example is longer than {limit} characters, all that a cell holds; "
        raise Invalid(message + "export as csv or jsonl", limit=MAX_CELL)
    book = load_library("openpyxl", "web").Workbook(write_only=True)
    sheet = book.create_sheet("examples")
    for row in written:
        sheet.append(row)
    return _save(book)


def _to_csv(cells: Cells) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text).writerows([defuse(cell) for cell in row] for row in cells)
    # Spreadsheets take a file without a byte-order mark for one in the local code page.
    return text.getvalue().encode("utf-8-sig")


def _to_jsonl(rows: Sequence[Mapping[str, str]]) -> bytes:
    return "".join(f"{to_json(dict(row))}\n" for row in rows).encode()


_WRITERS: dict[str, Callable[[Sequence[Mapping[str, str]]], bytes]] = {
    "xlsx": lambda rows: _to_xlsx(_table(rows)),
    "csv": lambda rows: _to_csv(_table(rows)),
    "jsonl": _to_jsonl,
}
KINDS = " ".join(_WRITERS)
