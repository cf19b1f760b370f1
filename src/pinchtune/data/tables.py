"""Rows as cells of text: what csv, tsv and xlsx can hold, and parquet columns.

An empty cell is an absent value. Lists (history, messages) stand in their cell as JSON;
extra values that are not plain text stand together, as one JSON object, in the column `extra`.

Spreadsheets run a cell that begins with = + - @ or a tab as a formula, so a cell of csv, tsv
or xlsx that begins so is written with an apostrophe before it: `'=1+1`. Reading takes one
apostrophe away from a cell whose leading apostrophes stand before such a character, so
what was written comes back exactly: `=1` is `'=1` in the file, and `'=1` is `''=1`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pinchtune.data.shapes import FIELDS, METADATA, PAIRS
from pinchtune.data.values import to_json, to_plain
from pinchtune.errors import DataError

EXTRA = "extra"
"""The column of extra values that are not plain text."""
_LISTS = ("history", "messages", "conversations")
_PAIRED = tuple(dict.fromkeys(name for pair in PAIRS for name in pair))
KNOWN = tuple(dict.fromkeys((*FIELDS, *METADATA, "output", *_LISTS, *_PAIRED, "lang", "context")))
"""Columns that have a meaning in some shape, in the order in which a table shows them."""
_TALKING = ("prompt", "completion")
"""Columns that hold either text or a list of messages; a list of anything else is text."""
_ASKING = ("instruction", "prompt", "question")
"""Columns whose empty cell is an empty text, for the checks to find, and not a missing value."""
_CORE = (*_ASKING, "response", "output", "completion", "answer", "messages", "conversations")
"""Columns that tell the shape; they stay in a row although their cell is empty."""

# Full-width signs start formulas in East Asian editions.
_FORMULA = re.compile(r"'*[=+\-@\t\r\n＝＋－＠]")  # noqa: RUF001
_XLSX_ESCAPE = re.compile("[\x00-\x08\x0b-\x1f\ufffe\uffff]|_(?=x[0-9A-Fa-f]{4}_)")
_XLSX_ESCAPED = re.compile("_x([0-9A-Fa-f]{4})_")


def defuse(cell: str) -> str:
    """Return `cell` such that no spreadsheet runs it as a formula."""
    return f"'{cell}" if _FORMULA.match(cell) else cell


def restore(cell: str) -> str:
    """Undo `defuse`."""
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell) else cell


def escape_xlsx(cell: str) -> str:
    """Write characters that XML cannot hold as Excel does: `_x000D_` is a carriage return."""
    return _XLSX_ESCAPE.sub(lambda match: f"_x{ord(match[0]):04X}_", cell)


def unescape_xlsx(cell: str) -> str:
    """Undo `escape_xlsx`."""
    return _XLSX_ESCAPED.sub(lambda match: chr(int(match[1], 16)), cell)


def to_columns(row: Mapping[str, Any], extras: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row whose extra values are text, or gathered in the column `extra`."""
    packed = {name: value for name, value in extras.items() if not _plain_column(name, value)}
    columns = {name: value for name, value in row.items() if name not in packed}
    return columns | ({EXTRA: to_json(packed)} if packed else {})


def _plain_column(name: str, value: object) -> bool:
    return (
        isinstance(value, str)
        and value != ""
        and name.strip() != ""
        and _match_header(name) not in (EXTRA, *KNOWN)
    )


def to_cells(row: Mapping[str, Any], extras: Mapping[str, Any]) -> dict[str, str]:
    """Return a row as cells of text."""
    columns = to_columns(row, extras)
    return {name: _to_cell(value) for name, value in columns.items()}


def _to_cell(value: Any) -> str:
    return (value or "") if value is None or isinstance(value, str) else to_json(value)


def from_columns(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row of a parquet file as plain values; absent extra values are left out."""
    plain = {name: to_plain(value, name) for name, value in row.items()}
    kept = {name: value for name, value in plain.items() if value is not None or name in _CORE}
    return _unpack(kept)


def from_cells(cells: Mapping[str, str]) -> dict[str, Any]:
    """Return the row that a table's cells hold."""
    row: dict[str, Any] = {}
    for name, cell in cells.items():
        if cell:
            row[name] = _from_cell(name, cell)
        elif name in _CORE:
            row[name] = "" if name in _ASKING else None
    return _unpack(row)


def _from_cell(name: str, cell: str) -> Any:
    if name not in _LISTS and name not in _TALKING:
        return cell
    value = _try_json(cell)
    if name in _TALKING:
        return value if _is_talk(value) else cell
    if not isinstance(value, list):
        raise DataError('is no list in JSON, such as [["Hello", "Hi!"]]; correct it', field=name)
    return value


def _is_talk(value: object) -> bool:
    return (
        isinstance(value, list)
        and bool(value)
        and all(isinstance(turn, dict) and {"role", "content"} <= turn.keys() for turn in value)
    )


def _unpack(row: dict[str, Any]) -> dict[str, Any]:
    packed = row.get(EXTRA)
    value = _try_json(packed) if isinstance(packed, str) else None
    if not isinstance(value, dict):
        return row
    del row[EXTRA]
    return row | value


def _try_json(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def read_header(cells: Sequence[str]) -> list[str]:
    """Return the names of the columns; known names count in any letter case."""
    names = [_match_header(cell) for cell in cells]
    for name in names:
        if name and names.count(name) > 1:
            raise DataError(f"names the column {name!r} twice; rename one", field="header")
    return names


def _match_header(cell: str) -> str:
    plain = cell.strip().casefold()
    return plain if plain in KNOWN or plain == EXTRA else cell


def name_cells(header: Sequence[str], cells: Sequence[str]) -> dict[str, str]:
    """Return {column: cell}; DataError for a cell that no header names."""
    unnamed = [i for i, cell in enumerate(cells) if cell and not (header[i : i + 1] or [""])[0]]
    if unnamed:
        message = f"has a cell in column {unnamed[0] + 1}, which has no name; name it in row 1"
        raise DataError(message)
    padded = [*cells, *[""] * (len(header) - len(cells))]
    return {name: cell for name, cell in zip(header, padded, strict=False) if name}


def order_columns(rows: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return all columns of `rows`: known ones in their order, then others, then `extra`."""
    found = dict.fromkeys(name for row in rows for name in row)
    known = [name for name in KNOWN if name in found]
    others = [name for name in found if name not in KNOWN and name != EXTRA]
    return [*known, *others, *([EXTRA] if EXTRA in found else [])]
