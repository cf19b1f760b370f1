"""Examples into files: jsonl, json, csv, tsv (each also .gz), xlsx and parquet.

Every row is read back before anything is written. A shape or a file that cannot hold an
example is an error; nothing is ever lost silently.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from pinchtune.data.shapes import FIELDS, SHAPES, recognise_shape, to_example, to_row
from pinchtune.data.tables import (
    defuse,
    escape_xlsx,
    from_cells,
    from_columns,
    order_columns,
    to_cells,
    to_columns,
)
from pinchtune.data.values import load_library, to_json
from pinchtune.errors import DataError, UsageError
from pinchtune.files import atomic_write
from pinchtune.records import Example

Rows = Sequence[Mapping[str, Any]]
MAX_CELL = 32_767
"""Longest text of a cell of .xlsx; spreadsheets cut off the rest."""


def write_examples(path: str | Path, examples: Iterable[Example], format: str = "auto") -> int:
    """Write `examples` atomically and return how many there were.

    The suffix tells the kind of file; `format` is the shape of the rows, `auto` our own.
    """
    path = Path(path)
    shape = SHAPES[0] if format == "auto" else format
    if shape not in SHAPES:
        raise UsageError(f"unknown format {format!r}; use one of: auto {' '.join(SHAPES)}")
    packed = path.suffix.lower() == ".gz"
    kind = (path.with_suffix("") if packed else path).suffix.lower()
    if kind not in _WRITERS or (packed and kind in (".xlsx", ".parquet")):
        raise DataError(f"has no suffix of a known file; use one of {' '.join(_WRITERS)}", path)
    if path.is_dir():
        raise DataError("is a folder; name a file", path)
    rows = _store_rows(path, list(examples), shape, kind)
    data = _WRITERS[kind](rows)
    with atomic_write(path, "wb") as file:
        # Without the time, so that the same examples give the same file.
        file.write(gzip.compress(data, mtime=0) if packed else data)
    return len(rows)


def _store_rows(path: Path, examples: list[Example], shape: str, kind: str) -> Rows:
    # Rows of one file agree, so that `datasets` can load it: all prompts are text or none is.
    talking = any(example.system or example.history for example in examples)
    rows = []
    for line, example in enumerate(examples, 1):
        try:
            rows.append(_store(example, shape, kind, talking))
        except DataError as error:
            message = f"example {line} ({example.id}): {error.message}"
            raise DataError(message, path, field=error.field) from error
    return rows


def _store(example: Example, shape: str, kind: str, talking: bool) -> Mapping[str, Any]:
    """Return the row as the file will hold it, after reading it back."""
    row = to_row(example, shape, talking)
    extras = example.extra
    own = to_row(replace(example, extra={}), shape, talking)
    if taken := [name for name in extras if name in FIELDS or name in own]:
        message = f"its extra column {taken[0]!r} has the name of a column of ours; rename it"
        raise DataError(message, field="extra")
    to_json(row)
    if kind in (".csv", ".tsv", ".xlsx"):
        stored: dict[str, Any] = to_cells(row, extras)
        _check_back(example, from_cells(stored), shape, kind)
        _check_cells(stored, kind)
    elif kind == ".parquet":
        stored = to_columns(row, extras)
        _check_back(example, from_columns(stored), shape, kind)
    else:
        stored = row
        _check_back(example, json.loads(to_json(row)), shape, kind)
    return stored


def _check_back(example: Example, row: Mapping[str, Any], shape: str, kind: str) -> None:
    """Read a row as an import would; DataError names what would not come back."""
    elsewhere = "" if kind.startswith(".json") else " or export as .jsonl"
    try:
        back = to_example(row, shape)
    except DataError as error:
        if error.field in FIELDS:
            raise
        message = f"a {kind} file of the shape {shape} cannot hold it, for it would read otherwise"
        raise DataError(f"{message} ({error}); change it{elsewhere}") from error
    if back == example and recognise_shape(row) == shape:
        return
    names = [f.name for f in fields(Example) if getattr(back, f.name) != getattr(example, f.name)]
    columns = [name for name in example.extra if name not in back.extra]
    field = "extra" if columns else (names or ["extra"])[0]
    what = f"the extra column {columns[0]!r}; rename it" if columns else f"its {field}; change it"
    message = f"a {kind} file of the shape {shape} cannot hold {what}{elsewhere}"
    raise DataError(message, field=field)


def _check_cells(cells: Mapping[str, str], kind: str) -> None:
    if not any(cells.values()):
        raise DataError("is empty, and an empty row of a table is no row; remove it")
    for name, cell in cells.items() if kind == ".xlsx" else ():
        # Excel counts in UTF-16.
        if len(escape_xlsx(defuse(cell)).encode("utf-16-le")) // 2 > MAX_CELL:
            message = (
                f"is longer than {MAX_CELL} characters, all that a cell holds; export as .jsonl"
            )
            raise DataError(message, field=name)


def _to_jsonl(rows: Rows) -> bytes:
    return "".join(f"{to_json(row)}\n" for row in rows).encode()


def _to_json_array(rows: Rows) -> bytes:
    lines = ",\n".join(to_json(row) for row in rows)
    return f"[\n{lines}\n]\n".encode()


def _to_csv(rows: Rows, delimiter: str = ",") -> bytes:
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=delimiter)
    writer.writerows([defuse(cell) for cell in cells] for cells in _cells(rows))
    # Spreadsheets take a file without a byte-order mark for one in the local code page.
    return text.getvalue().encode("utf-8-sig")


def _to_tsv(rows: Rows) -> bytes:
    return _to_csv(rows, "\t")


def _cells(rows: Rows) -> list[list[str]]:
    """Return the header and the rows below it."""
    header = order_columns(rows)
    return [header, *([row.get(name, "") for name in header] for row in rows)]


def _to_xlsx(rows: Rows) -> bytes:
    book = load_library("openpyxl").Workbook(write_only=True)
    sheet = book.create_sheet("examples")
    for cells in _cells(rows):
        sheet.append([escape_xlsx(defuse(cell)) for cell in cells])
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def _to_parquet(rows: Rows) -> bytes:
    pyarrow, parquet = load_library("pyarrow"), load_library("pyarrow.parquet")
    columns = {name: [row.get(name) for row in rows] for name in order_columns(rows)}
    buffer = io.BytesIO()
    parquet.write_table(pyarrow.table(columns), buffer)
    return buffer.getvalue()


_WRITERS: dict[str, Callable[[Rows], bytes]] = {
    ".jsonl": _to_jsonl,
    ".json": _to_json_array,
    ".csv": _to_csv,
    ".tsv": _to_tsv,
    ".xlsx": _to_xlsx,
    ".parquet": _to_parquet,
}
