"""Records out of tables: csv, tsv, xlsx, parquet. Only columns that mining needs are converted.

Columns without a name, or with one that stands before, get one with their number.
"""

from __future__ import annotations

import csv
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from pinchtune.data.sources import cell_text, check_size, sniff
from pinchtune.data.tables import restore
from pinchtune.data.values import load_library
from pinchtune.errors import DataError
from pinchtune.mining.cells import Cell
from pinchtune.mining.enquiries import UNNAMED, Columns, is_used
from pinchtune.mining.lines import LONGEST_LINE, read_head, read_lines

_BATCH = 256
_HEAD = 65_536
_NO_SHEET = "is in a sheet that cannot be read further; save the workbook again"


class _Row(NamedTuple):
    line: int
    """Where it begins: a cell can span lines."""
    cells: list[str]
    fault: str = ""


def read_csv(path: Path, columns: Columns) -> Iterator[Cell]:
    """Yield the rows of a table whose cells stand between commas, semicolons or tabs."""
    yield from _read_csv(path, sniff(read_head(path, _HEAD)))


def read_tsv(path: Path, columns: Columns) -> Iterator[Cell]:
    """Yield the rows of a table whose cells stand between tabs."""
    yield from _read_csv(path, "\t")


def _read_csv(path: Path, delimiter: str) -> Iterator[Cell]:
    csv.field_size_limit(LONGEST_LINE)
    faults: dict[int, str] = {}
    reader = csv.reader(_texts(path, faults), delimiter=delimiter)
    try:
        yield from _read_table(_rows(reader, faults))
    except csv.Error as error:
        raise DataError(f"is not valid CSV ({error}); export the table again") from error


def _texts(path: Path, faults: dict[int, str]) -> Iterator[str]:
    """Yield the lines as the parser wants them, and note those that are faulty."""
    for number, line, fault in read_lines(path, newline=""):
        if fault:
            faults[number] = fault
        yield line


def _rows(reader: Any, faults: dict[int, str]) -> Iterator[_Row]:
    start = 1
    for cells in reader:
        end = reader.line_num + 1
        found = [faults.pop(n, "") for n in range(start, end)] if faults else []
        yield _Row(start, [restore(cell) for cell in cells], next(filter(None, found), ""))
        start = end


def _read_table(rows: Iterator[_Row]) -> Iterator[Cell]:
    """Yield the rows below the header; empty ones are skipped."""
    header: list[str] = []
    for line, cells, fault in rows:
        if fault and not header:
            raise DataError(fault, line=line)
        if fault:
            yield Cell(line, fault=fault)
        elif header and any(cells):
            yield Cell(line, _name_cells(header, cells))
        elif any(cells):
            header = name_columns(cells)


def name_columns(cells: Sequence[str]) -> list[str]:
    """Return a name for each column, no two alike."""
    names: list[str] = []
    for number, cell in enumerate(cells, 1):
        name = cell.strip() or UNNAMED.format(number)
        while name in names:
            name = f"{name} ({number})"
        names.append(name)
    return names


def _name_cells(header: Sequence[str], cells: Sequence[str]) -> dict[str, Any]:
    more = [UNNAMED.format(n) for n in range(len(header) + 1, len(cells) + 1)]
    padded = [*cells, *[""] * (len(header) - len(cells))]
    return dict(zip([*header, *more], padded, strict=True))


def read_xlsx(path: Path, columns: Columns) -> Iterator[Cell]:
    """Yield the rows of all sheets of a workbook."""
    openpyxl = load_library("openpyxl", "mine")
    try:
        with path.open("rb") as file, warnings.catch_warnings():
            # It warns of formats and drop-down lists that it leaves out; we read text only.
            warnings.simplefilter("ignore")
            check_size(file, path)
            book = openpyxl.load_workbook(file, read_only=True, data_only=True)
            for sheet in book.worksheets:
                yield from _read_sheet(sheet)
            book.close()
    except DataError:
        raise
    # What openpyxl raises for a broken file depends on where it is broken.
    except Exception as error:
        raise DataError("is no .xlsx workbook; save it again as .xlsx", path) from error


def _read_sheet(sheet: Any) -> Iterator[Cell]:
    """Yield the rows of a sheet; where it is broken, the other sheets are still read."""
    line = 1
    try:
        sheet.reset_dimensions()
        for cell in _read_table(_sheet_rows(sheet)):
            line = cell.line + 1
            yield cell
    except Exception:
        yield Cell(line, fault=_NO_SHEET)


def _sheet_rows(sheet: Any) -> Iterator[_Row]:
    for line, cells in enumerate(sheet.iter_rows(values_only=True), 1):
        yield _Row(line, [cell_text(cell) for cell in cells])


def read_parquet(path: Path, columns: Columns) -> Iterator[Cell]:
    """Yield the rows of a parquet file; columns that nothing is asked in are not read."""
    pyarrow = load_library("pyarrow", "mine")
    parquet = load_library("pyarrow.parquet", "mine")
    try:
        with parquet.ParquetFile(path) as file:
            yield from _read_columns(file, columns)
    except (pyarrow.ArrowException, OSError) as error:
        raise DataError("is no parquet file; export it again", path) from error


def _read_columns(file: Any, columns: Columns) -> Iterator[Cell]:
    found = file.schema_arrow.names
    names = name_columns(found)
    pairs = list(zip(found, names, strict=True))
    used = sorted({old for old, new in pairs if is_used(new, names, columns)})
    if not used and file.metadata.num_rows:
        yield Cell(1, dict.fromkeys(names))
        return
    # The file gives columns in the order in which they are asked for, those of one name together.
    kept = [new for name in used for old, new in pairs if old == name]
    line = 1
    for batch in file.iter_batches(_BATCH, columns=used):
        for values in zip(*map(_values, batch.columns), strict=True):
            yield Cell(line, dict.fromkeys(names) | dict(zip(kept, values, strict=True)))
            line += 1


def _values(column: Any) -> list[Any]:
    try:
        return list(column.to_pylist())
    except (ValueError, OverflowError):  # text that is no UTF-8, a date far away
        return [_value(scalar) for scalar in column]


def _value(scalar: Any) -> Any:
    """Return a value, None for one that Python cannot hold; text that is no UTF-8 as bytes."""
    try:
        return scalar.as_py()
    except (ValueError, OverflowError):
        return scalar.as_buffer().to_pybytes() if hasattr(scalar, "as_buffer") else None
