"""Rows out of files, folders and data sets of the hub, each with its place.

The kind of a file is told by its name: .jsonl .ndjson .json .csv .tsv (each also .gz), .xlsx
and .parquet. Nothing here is ever unpickled, and no code that comes with a data set is run.
"""

from __future__ import annotations

import csv
import io
import re
import warnings
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any, NamedTuple

from pinchtune.data.jsontext import read_json_rows
from pinchtune.data.tables import (
    EXTRA,
    KNOWN,
    from_cells,
    from_columns,
    name_cells,
    read_header,
    restore,
    unescape_xlsx,
)
from pinchtune.data.values import load_library
from pinchtune.errors import DataError
from pinchtune.files import MAX_LINE_BYTES, MAX_TEXT_BYTES, check_file, read_jsonl, read_text

KINDS = ".jsonl .ndjson .json .csv .tsv .xlsx .parquet"
_HUB_ID = re.compile(r"[\w-][\w.-]*/[\w.-]+(:[\w.-]+)?")
_SAVED = ("dataset_dict.json", "dataset_info.json", "state.json")
_SPLIT_NAMES = {"train", "test", "validation", "valid", "dev", "eval"}
_BATCH = 1024


class Row(NamedTuple):
    """A raw row and its place."""

    path: str
    line: int
    values: dict[str, Any]


def read_rows(source: str | Path, split: str = "train") -> Iterator[Row]:
    """Yield the rows of a file, a folder or a hub data set (`org/name` or `org/name:config`)."""
    path = Path(source)
    if path.is_dir():
        yield from _read_folder(path, split)
    elif not path.exists() and _HUB_ID.fullmatch(str(source)) and not _kind(path):
        yield from _read_hub(str(source), split)
    else:
        yield from _read_file(path)


def _kind(path: Path) -> str:
    """Return the suffix that tells the kind, without .gz; empty if it is none we know."""
    name = path.name.lower().removesuffix(".gz")
    suffix = Path(name).suffix
    known = suffix in KINDS.split() and not (
        name != path.name.lower() and suffix in (".xlsx", ".parquet")
    )
    return suffix if known else ""


def _read_file(path: Path) -> Iterator[Row]:
    check_file(path)
    kind = _kind(path)
    if not kind:
        raise DataError(f"has no suffix that tells its format; save it as one of {KINDS}", path)
    for line, values in _place(_READERS[kind](path), path):
        yield Row(str(path), line, values)


def _place(
    rows: Iterator[tuple[int, dict[str, Any]]], path: Path
) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield from `rows`; an error that does not know its file gets it."""
    try:
        yield from rows
    except DataError as error:
        if error.path is not None:
            raise
        raise DataError(error.message, path, error.line, error.field) from error


def _read_folder(folder: Path, split: str) -> Iterator[Row]:
    if any((folder / name).is_file() for name in _SAVED):
        yield from _read_saved(folder, split)
        return
    files = [p for p in sorted(folder.rglob("*")) if _kind(p) and not _hidden(p, folder)]
    wanted = [p for p in files if _split_of(p) in ("", split)]
    if not wanted:
        fix = f"of the split {split!r}; name another split" if files else "of examples; add one"
        raise DataError(f"holds no file {fix} ({KINDS})", folder)
    for path in wanted:
        yield from _read_file(path)


def _hidden(path: Path, folder: Path) -> bool:
    return any(part.startswith(".") for part in path.relative_to(folder).parts)


def _split_of(path: Path) -> str:
    """Return the split that the name of a file begins with: `test` for test-00000.parquet."""
    first = re.split(r"[-_.]", path.name.lower())[0]
    return first if first in _SPLIT_NAMES else ""


def _read_jsonl(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    yield from read_jsonl(path)


def _read_csv(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    text = read_text(path)
    # One cell may be as long as one line of JSON; the default is 128 KB.
    csv.field_size_limit(MAX_LINE_BYTES)
    delimiter = "\t" if _kind(path) == ".tsv" else sniff(text)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    yield from _read_table(_number_lines(reader))


def _number_lines(reader: Any) -> Iterator[tuple[int, list[str]]]:
    """Yield (line where the row begins, cells): a cell can span lines."""
    start = 1
    try:
        for cells in reader:
            yield start, [restore(cell) for cell in cells]
            start = reader.line_num + 1
    except csv.Error as error:
        message = f"is not valid CSV ({error}); export the table again"
        raise DataError(message, line=start) from error


def sniff(text: str) -> str:
    """Return the delimiter that finds the most known columns, then the most columns."""

    def score(delimiter: str) -> tuple[int, int]:
        try:
            header = next(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter), [])
        except csv.Error:
            return -1, 0
        return sum(cell.strip().casefold() in (EXTRA, *KNOWN) for cell in header), len(header)

    return max(",;\t", key=score)


def _read_table(
    rows: Iterator[tuple[int, list[str]]],
) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield the rows below the header; empty ones are skipped."""
    header: list[str] = []
    for line, cells in rows:
        try:
            if not any(cells):
                continue
            if header:
                yield line, from_cells(name_cells(header, cells))
            else:
                header = read_header(cells)
        except DataError as error:
            raise DataError(error.message, line=line, field=error.field) from error


def _read_xlsx(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    openpyxl = load_library("openpyxl")
    try:
        with path.open("rb") as file, warnings.catch_warnings():
            # It warns of formats and drop-down lists that it leaves out; we read text only.
            warnings.simplefilter("ignore")
            check_size(file, path)
            book = openpyxl.load_workbook(file, read_only=True, data_only=True)
            rows = list(_read_sheet(book.worksheets[0]))
    except DataError:
        raise
    # What openpyxl raises for a broken file depends on where it is broken.
    except Exception as error:
        raise DataError("is no .xlsx workbook; save it again as .xlsx", path) from error
    yield from _read_table(iter(rows))


def check_size(file: IO[bytes], path: Path) -> None:
    """Refuse a small file that would unpack into more than the memory holds."""
    with zipfile.ZipFile(file) as archive:
        if sum(item.file_size for item in archive.infolist()) > MAX_TEXT_BYTES:
            raise DataError("unpacks into more than 1 GB; split the sheet", path)


def _read_sheet(sheet: Any) -> Iterator[tuple[int, list[str]]]:
    # Some programs write a wrong size into the sheet, and rows would be cut off.
    sheet.reset_dimensions()
    for line, cells in enumerate(sheet.iter_rows(values_only=True), 1):
        yield line, [cell_text(cell) for cell in cells]


def cell_text(value: Any) -> str:
    """Return what a cell of a sheet holds, as text."""
    if isinstance(value, str):
        return restore(unescape_xlsx(value))
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return "" if value is None else str(value)


def _read_parquet(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    pyarrow, parquet = load_library("pyarrow"), load_library("pyarrow.parquet")
    try:
        with parquet.ParquetFile(path) as file:
            rows = (row for batch in file.iter_batches(_BATCH) for row in batch.to_pylist())
            yield from _number_columns(rows)
    except (pyarrow.ArrowException, OSError) as error:
        raise DataError("is no parquet file; export it again", path) from error


def _number_columns(rows: Iterator[Any]) -> Iterator[tuple[int, dict[str, Any]]]:
    for line, row in enumerate(rows, 1):
        try:
            yield line, from_columns(row)
        except DataError as error:
            raise DataError(error.message, line=line, field=error.field) from error


def _read_saved(folder: Path, split: str) -> Iterator[Row]:
    datasets = load_library("datasets")
    try:
        data = datasets.load_from_disk(str(folder))
    except (OSError, ValueError, KeyError) as error:
        raise DataError("is no data set that `datasets` can load; save it again", folder) from error
    if hasattr(data, "keys"):
        if split not in data:
            message = f"has no split {split!r}; use one of {', '.join(data)}"
            raise DataError(message, folder)
        data = data[split]
    yield from _read_dataset(data, str(folder))


def _read_hub(name: str, split: str) -> Iterator[Row]:
    datasets = load_library("datasets")
    identifier, _, config = name.partition(":")
    try:
        data = datasets.load_dataset(identifier, config or None, split=split)
    except (OSError, ValueError, RuntimeError, datasets.exceptions.DatasetsError) as error:
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise DataError(
            f"is neither a file nor a data set that can be loaded ({reason}); check the name, "
            f"the split {split!r}, the configuration (org/name:config) and the network",
            name,
        ) from error
    yield from _read_dataset(data, name)


def _read_dataset(data: Any, name: str) -> Iterator[Row]:
    for line, values in _place(_number_columns(iter(data.with_format(None))), Path(name)):
        yield Row(name, line, values)


_READERS: dict[str, Callable[[Path], Iterator[tuple[int, dict[str, Any]]]]] = {
    ".jsonl": _read_jsonl,
    ".ndjson": _read_jsonl,
    ".json": read_json_rows,
    ".csv": _read_csv,
    ".tsv": _read_csv,
    ".xlsx": _read_xlsx,
    ".parquet": _read_parquet,
}
