"""Cells out of an uploaded file, which may be broken or hostile.

xlsx or csv is told by the content, never by the name. Nothing is unpacked before its size is
known, no formula is computed, and whatever is wrong with the file as a whole is one sentence.
"""

from __future__ import annotations

import csv
import io
import re
import threading
import unicodedata
import warnings
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from itertools import count, islice
from typing import Any, NamedTuple

from pinchtune.data.tables import restore, unescape_xlsx
from pinchtune.data.values import load_library
from pinchtune.store.errors import Invalid

MAX_BYTES = 20 * 2**20
"""Largest file that is read."""
MAX_UNPACKED = 64 * 2**20
"""Largest workbook, unpacked; 10,000 examples are about 10 MB."""
MAX_RATIO = 200
"""A part of a workbook that packs better than this was made to fill the memory."""
MAX_PARTS = 1000
MAX_ROWS = 20_000
MAX_COLUMNS = 40
MAX_EMPTY = 200_000
"""Rows of all sheets, empty ones among them: one cell far down makes a million of them."""
_SMALL = 2**20
_CHUNK = 2**16
_ZIP, _OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"
# A workbook has no document type; one can define entities that unpack without end.
_DOCTYPE = [b"<!doctype", *("<!doctype".encode(code) for code in ("utf-16-le", "utf-16-be"))]
_WARNINGS = threading.Lock()


class Cell(NamedTuple):
    """Text of one cell."""

    text: str = ""
    fault: str = ""
    """`formula` or `error` if the cell holds no text that can be taken."""


class Line(NamedTuple):
    """One row of a sheet."""

    number: int
    cells: tuple[Cell, ...]


class Grid(NamedTuple):
    """One sheet; the title of a csv file is empty. Rows without any text are left out."""

    title: str
    lines: list[Line]


class Problem(NamedTuple):
    """Something that cannot be taken, and where."""

    place: str
    """`Sheet!B7`; only `B7` in a csv file."""
    kind: str
    values: dict[str, Any]


def read_grids(data: bytes, filename: str) -> list[Grid]:
    """Return the sheets of a file; Invalid says in a sentence why there are none."""
    name = show_name(filename)
    if len(data) > MAX_BYTES:
        raise Invalid(
            "{file} is larger than {limit} MB; split it", file=name, limit=MAX_BYTES // 2**20
        )
    if data.startswith(_OLE):
        message = "{file} is an old or a password-protected workbook; save it as .xlsx without one"
        raise Invalid(message, file=name)
    return _read_xlsx(data, name) if data.startswith(_ZIP) else [_read_csv(data, name)]


def show_name(filename: str) -> str:
    """Return the name of a file as it may stand in a message: short, one line, no path."""
    plain = "".join(c for c in filename if unicodedata.category(c) not in ("Cc", "Cf", "Cs"))
    return re.split(r"[/\\]", plain)[-1][-80:] or "The file"


def place(title: str, column: int, row: int) -> str:
    """Return where a cell stands (`column` counts from 0): `Sheet!B7`, `'My sheet'!B7`."""
    letters = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(65 + rest) + letters
    bare = all(unicodedata.category(char)[0] in "LMN" for char in title)
    shown = title if bare else "'" + title.replace("'", "''") + "'"
    return f"{shown}!{letters}{row}" if title else f"{letters}{row}"


def tidy(text: str) -> str:
    """Return the text of a cell without white space around it, lines ending in line feeds."""
    return text.replace("\r\n", "\n").replace("\r", "\n").strip()


def _read_xlsx(data: bytes, name: str) -> list[Grid]:
    openpyxl = load_library("openpyxl", "web")
    try:
        _check_archive(data, name)
        # It warns of formats and lists that it leaves out. The filter belongs to the process.
        with _WARNINGS, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            book = openpyxl.load_workbook(io.BytesIO(data), read_only=True)
            sheets = [s for s in book.worksheets if hasattr(s, "reset_dimensions")]
            seen = count(1)
            return [Grid(s.title, _collect(_read_sheet(s, seen, name), name)) for s in sheets]
    except Invalid:
        raise
    # What openpyxl raises for a broken file depends on where it is broken.
    except Exception as error:
        raise Invalid("{file} cannot be read; save it again as .xlsx", file=name) from error


def _check_archive(data: bytes, name: str) -> None:
    """Refuse a workbook that would fill the memory, before anything of it is unpacked."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        parts = archive.infolist()
        packed_too_well = any(
            part.file_size > _SMALL and part.file_size > MAX_RATIO * max(part.compress_size, 1)
            for part in parts
        )
        size = sum(part.file_size for part in parts)
        if packed_too_well or size > MAX_UNPACKED or len(parts) > MAX_PARTS:
            message = "{file} unpacks into more than a spreadsheet of examples holds; split it"
            raise Invalid(message, file=name)
        for part in parts:
            with archive.open(part) as file:
                if _has_doctype(file):
                    raise Invalid("{file} cannot be read; save it again as .xlsx", file=name)


def _has_doctype(file: Any) -> bool:
    kept = b""
    for chunk in iter(lambda: file.read(_CHUNK), b""):
        window = (kept + chunk).lower()
        if any(mark in window for mark in _DOCTYPE):
            return True
        kept = window[-32:]
    return False


def _read_sheet(sheet: Any, seen: Iterator[int], name: str) -> Iterator[Line]:
    empty = load_library("openpyxl.cell.read_only", "web").EMPTY_CELL
    # Some programs write a wrong size into the sheet, and rows would be cut off.
    sheet.reset_dimensions()
    for number, cells in enumerate(sheet.iter_rows(max_col=MAX_COLUMNS), 1):
        if next(seen) > MAX_EMPTY:
            message = "{file} has more than {limit} rows, empty ones among them; delete those"
            raise Invalid(message, file=name, limit=MAX_EMPTY)
        if any(cell is not empty for cell in cells):
            yield Line(number, tuple(map(_read_cell, cells)))


def _read_cell(cell: Any) -> Cell:
    value = cell.value
    if value is None:
        return Cell()
    if cell.data_type == "f":
        return Cell(fault="formula")
    if cell.data_type == "e":
        return Cell(fault="error")
    if isinstance(value, str):
        return Cell(tidy(restore(unescape_xlsx(value))))
    if isinstance(value, bool):
        return Cell(str(value).upper())
    if isinstance(value, float) and value.is_integer():
        return Cell(str(int(value)))
    return Cell(str(value))


def _read_csv(data: bytes, name: str) -> Grid:
    text = _decode(data, name)
    # One cell may be as long as the file; the default is 128 KB.
    csv.field_size_limit(MAX_BYTES)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_sniff(text), strict=True)
    lines = (Line(i, tuple(map(_read_csv_cell, row))) for i, row in enumerate(reader, 1))
    try:
        return Grid("", _collect(lines, name))
    except csv.Error as error:
        message = "{file} is no valid CSV file (line {line}); save the table again as CSV UTF-8"
        raise Invalid(message, file=name, line=reader.line_num) from error


def _decode(data: bytes, name: str) -> str:
    utf16 = data.startswith((b"\xff\xfe", b"\xfe\xff"))
    try:
        text = data.decode("utf-16" if utf16 else "utf-8-sig")
    except UnicodeDecodeError as error:
        message = "{file} is neither .xlsx nor CSV in UTF-8; save it as .xlsx or as CSV UTF-8"
        raise Invalid(message, file=name) from error
    if not text.strip():
        raise Invalid("{file} is empty", file=name)
    return text


def _sniff(text: str) -> str:
    """Return the delimiter that splits the first row into the most cells."""

    def count(delimiter: str) -> int:
        try:
            row = next(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter), [])
        except csv.Error:
            return 0
        return len(row)

    return max(",;\t", key=count)


def _read_csv_cell(text: str) -> Cell:
    # What a spreadsheet would compute is refused; as text it has an apostrophe before it.
    if text.startswith("="):
        return Cell(fault="formula")
    return Cell(tidy(restore(text)))


def _collect(lines: Iterable[Line], name: str) -> list[Line]:
    """Return the rows that hold something; Invalid if they are too many."""
    filled = (line for line in lines if any(cell != Cell() for cell in line.cells))
    found = list(islice(filled, MAX_ROWS + 2))
    if len(found) > MAX_ROWS + 1:
        raise Invalid("{file} has more than {limit} rows; split it", file=name, limit=MAX_ROWS)
    return found


def get_cell(cells: Sequence[Cell], column: int | None) -> Cell:
    """Return the cell in a column; an empty one where the row ends before it."""
    return cells[column] if column is not None and column < len(cells) else Cell()
