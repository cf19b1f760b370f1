"""Records out of log files, one after the other: no file is ever held whole, save .json.

    for found in read_logs([Path("chats.csv.gz"), Path("mail.mbox")]): ...

A bad row becomes an `Unread` with a sentence and reading goes on; a file of which nothing can
be read is a DataError. The kind of a file is told by its name.
"""

from __future__ import annotations

import csv
import io
import json
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from pinchtune.data.jsontext import read_json_rows
from pinchtune.data.sources import cell_text, check_size, sniff
from pinchtune.data.tables import from_cells, from_columns, name_cells, read_header, restore
from pinchtune.data.values import load_library, name_kind
from pinchtune.errors import DataError, MissingExtra
from pinchtune.files import MAX_LINE_BYTES, check_file, open_bytes
from pinchtune.mining.enquiries import KNOWN, Columns, Enquiry, Unread, read_row
from pinchtune.mining.mail import read_eml, read_mbox

PACKED = (".gz", ".zst")
WHOLE = (".xlsx", ".parquet")
"""Kinds that are packed already."""
_BATCH = 1024
_EMPTY = "holds no enquiries; check that this is the right file"

Found = Enquiry | Unread


class Cell(NamedTuple):
    """A record as its file holds it, or what is wrong with it."""

    line: int
    value: dict[str, Any] | str | None = None
    fault: str = ""
    field: str | None = None


def find_logs(sources: Iterable[str | Path]) -> list[Path]:
    """Return the files to read, folders opened; DataError for what is no log."""
    found: dict[Path, None] = {}
    for source in map(Path, sources):
        if source.is_dir():
            inside = [p for p in sorted(source.rglob("*")) if p.is_file() and kind_of(p)]
            if not inside:
                raise DataError(f"holds no logs; expected {KINDS}, each also .gz or .zst", source)
            found |= dict.fromkeys(inside)
        else:
            check_file(source)
            if not kind_of(source):
                raise DataError(f"has no suffix that tells its format; use one of {KINDS}", source)
            found[source] = None
    return list(found)


def kind_of(path: Path) -> str:
    """Return the suffix that tells the kind, without .gz or .zst; empty if it is none we know."""
    name = path.name.lower()
    packed = name.endswith(PACKED)
    suffix = Path(Path(name).stem if packed else name).suffix
    return suffix if suffix in _READERS and not (packed and suffix in WHOLE) else ""


def read_logs(paths: Sequence[Path], columns: Columns = KNOWN) -> Iterator[Found]:
    """Yield what all files hold, in their order."""
    for path in paths:
        yield from read_log(path, columns)


def read_log(path: Path, columns: Columns = KNOWN) -> Iterator[Found]:
    """Yield what a file holds; DataError if nothing of it can be read."""
    good, first = False, ""
    try:
        for found in _read(path, columns):
            good = good or isinstance(found, Enquiry)
            first = first or (found.sentence if isinstance(found, Unread) else "")
            yield found
    except MissingExtra:
        raise
    except DataError as error:
        if not good:
            raise _placed(error, path) from error
        yield Unread(str(_placed(error, path)))
        return
    if first and not good:
        raise DataError(f"no row of the file can be read; the first: {first}")
    if not good:
        yield Unread(str(DataError(_EMPTY, path)))


def _placed(error: DataError, path: Path, line: int | None = None) -> DataError:
    return DataError(error.message, error.path or path, error.line or line, error.field)


def _read(path: Path, columns: Columns) -> Iterator[Found]:
    kind = kind_of(path)
    for cell in _READERS[kind](path):
        if cell.fault:
            yield Unread(str(DataError(cell.fault, path, cell.line, cell.field)))
        elif isinstance(cell.value, str):
            yield Enquiry(cell.value, None, str(path), cell.line)
        elif cell.value is not None:
            yield from _read_values(cell.value, path, cell.line, columns)


def _read_values(
    values: dict[str, Any], path: Path, line: int, columns: Columns
) -> Iterator[Found]:
    if _MAIL in values:
        yield Enquiry(values[_MAIL], None, str(path), line, values["automatic"])
        return
    try:
        for text, answer in read_row(values, columns):
            yield Enquiry(text, answer, str(path), line)
    except DataError as error:
        yield Unread(str(_placed(error, path, line)))


def _lines(path: Path) -> Iterator[tuple[int, str, str]]:
    """Yield (number, line, what is wrong with it) of a text file."""
    with open_bytes(path) as file:
        number = 0
        while raw := file.readline(MAX_LINE_BYTES + 1):
            number += 1
            if len(raw) > MAX_LINE_BYTES:
                while raw and not raw.endswith(b"\n"):
                    raw = file.readline(MAX_LINE_BYTES)
                limit = MAX_LINE_BYTES // 2**20
                yield number, "", f"is longer than {limit} MB; split it"
                continue
            try:
                yield number, raw.decode("utf-8-sig" if number == 1 else "utf-8"), ""
            except UnicodeDecodeError as error:
                fault = f"is not UTF-8 (byte {error.start}); save the file as UTF-8 and try again"
                yield number, "", fault


def _read_text(path: Path) -> Iterator[Cell]:
    for number, line, fault in _lines(path):
        if line.strip() or fault:
            yield Cell(number, line.strip(), fault)


def _read_jsonl(path: Path) -> Iterator[Cell]:
    for number, line, fault in _lines(path):
        if fault:
            yield Cell(number, fault=fault)
        elif line.strip():
            yield _parse(number, line)


def _parse(number: int, line: str) -> Cell:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError) as error:
        reason = getattr(error, "msg", "nested too deeply")
        return Cell(number, fault=f"is not valid JSON ({reason}); correct or remove the line")
    if isinstance(value, dict | str):
        return Cell(number, value)
    kind = name_kind(value)
    return Cell(number, fault=f"holds {kind} where an object {{…}} was expected; remove the line")


def _read_json(path: Path) -> Iterator[Cell]:
    yield from (Cell(line, values) for line, values in read_json_rows(path))


def _read_csv(path: Path) -> Iterator[Cell]:
    csv.field_size_limit(MAX_LINE_BYTES)
    delimiter = "\t" if kind_of(path) == ".tsv" else _delimiter(path)
    with open_bytes(path) as file:
        try:
            text = io.TextIOWrapper(file, "utf-8-sig", errors="replace", newline="")
            reader = csv.reader(text, delimiter=delimiter)
            yield from _read_table(_number(reader))
        except csv.Error as error:
            raise DataError(f"is not valid CSV ({error}); export the table again") from error


def _delimiter(path: Path) -> str:
    with open_bytes(path) as file:
        return sniff(file.read(65_536).decode("utf-8-sig", "replace"))


def _number(reader: Any) -> Iterator[tuple[int, list[str]]]:
    """Yield (line where the row begins, cells): a cell can span lines."""
    start = 1
    for cells in reader:
        yield start, [restore(cell) for cell in cells]
        start = reader.line_num + 1


def _read_table(rows: Iterator[tuple[int, list[str]]]) -> Iterator[Cell]:
    """Yield the rows below the header; empty ones are skipped."""
    header: list[str] = []
    for line, cells in rows:
        if not any(cells):
            continue
        if not header:
            header = read_header(cells)
            continue
        try:
            yield Cell(line, from_cells(name_cells(header, cells)))
        except DataError as error:
            yield Cell(line, fault=error.message, field=error.field)


def _read_xlsx(path: Path) -> Iterator[Cell]:
    openpyxl = load_library("openpyxl", "mine")
    try:
        with path.open("rb") as file, warnings.catch_warnings():
            # It warns of formats and drop-down lists that it leaves out; we read text only.
            warnings.simplefilter("ignore")
            check_size(file, path)
            book = openpyxl.load_workbook(file, read_only=True, data_only=True)
            for sheet in book.worksheets:
                sheet.reset_dimensions()
                yield from _read_table(_sheet_rows(sheet))
            book.close()
    except DataError:
        raise
    # What openpyxl raises for a broken file depends on where it is broken.
    except Exception as error:
        raise DataError("is no .xlsx workbook; save it again as .xlsx", path) from error


def _sheet_rows(sheet: Any) -> Iterator[tuple[int, list[str]]]:
    for line, cells in enumerate(sheet.iter_rows(values_only=True), 1):
        yield line, [cell_text(cell) for cell in cells]


def _read_parquet(path: Path) -> Iterator[Cell]:
    pyarrow = load_library("pyarrow", "mine")
    parquet = load_library("pyarrow.parquet", "mine")
    try:
        with parquet.ParquetFile(path) as file:
            rows = (row for batch in file.iter_batches(_BATCH) for row in batch.to_pylist())
            for line, row in enumerate(rows, 1):
                yield _columns(line, row)
    except (pyarrow.ArrowException, OSError) as error:
        raise DataError("is no parquet file; export it again", path) from error


def _columns(line: int, row: dict[str, Any]) -> Cell:
    try:
        return Cell(line, from_columns(row))
    except DataError as error:
        return Cell(line, fault=error.message, field=error.field)


_MAIL = "\0mail"
"""The key of a mail's text among its values: no column has this name."""


def _read_mails(path: Path) -> Iterator[Cell]:
    read = read_mbox if kind_of(path) == ".mbox" else read_eml
    with open_bytes(path) as file:
        for mail in read(file):
            values = {_MAIL: mail.text, "automatic": mail.automatic}
            yield Cell(mail.line, None if mail.fault else values, mail.fault)


_READERS: dict[str, Callable[[Path], Iterator[Cell]]] = {
    ".jsonl": _read_jsonl,
    ".ndjson": _read_jsonl,
    ".json": _read_json,
    ".csv": _read_csv,
    ".tsv": _read_csv,
    ".xlsx": _read_xlsx,
    ".parquet": _read_parquet,
    ".mbox": _read_mails,
    ".eml": _read_mails,
    ".txt": _read_text,
    ".log": _read_text,
}
KINDS = " ".join(_READERS)
"""Suffixes of the files that can be read."""
