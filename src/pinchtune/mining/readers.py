"""Records out of log files, one after the other: no file is ever held whole, save .json.

    for found in read_logs([Path("chats.csv.gz"), Path("mail.mbox")]): ...

A bad row becomes an `Unread` with a sentence and reading goes on; a file of which nothing can
be read is a DataError. The kind of a file is told by its name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path

from pinchtune.errors import DataError, MissingExtra
from pinchtune.files import check_file, open_bytes
from pinchtune.mining.cells import Cell, readable
from pinchtune.mining.clean import LONGEST
from pinchtune.mining.enquiries import KNOWN, Columns, Enquiry, Unread, lacks_answer, read_row
from pinchtune.mining.mail import read_eml, read_mbox
from pinchtune.mining.tablefiles import read_csv, read_parquet, read_tsv, read_xlsx
from pinchtune.mining.textfiles import read_json, read_jsonl, read_txt

PACKED = (".gz", ".zst")
WHOLE = (".xlsx", ".parquet")
"""Kinds that are packed already."""
KEPT = LONGEST + 1000
"""Characters that are kept of what was asked and answered, more than cleaning keeps of it."""
_LOOKED = 100
"""Rows among which the column that was named for answers must stand."""
_EMPTY = "holds no enquiries; check that this is the right file"

Found = Enquiry | Unread


def find_logs(sources: Iterable[str | Path]) -> list[Path]:
    """Return the files to read, folders opened; DataError for what is no log."""
    found: dict[Path, None] = {}
    for source in map(Path, sources):
        if source.is_dir():
            inside = [p for p in sorted(source.rglob("*")) if _is_log(p, source)]
            if not inside:
                raise DataError(f"holds no logs; expected {KINDS}, each also .gz or .zst", source)
            found |= dict.fromkeys(inside)
        else:
            check_file(source)
            if not kind_of(source):
                raise DataError(f"has no suffix that tells its format; use one of {KINDS}", source)
            found[source] = None
    return list(found)


def _is_log(path: Path, folder: Path) -> bool:
    """Return True for a log, and no hidden file or lock that a spreadsheet left."""
    hidden = any(part.startswith((".", "~$")) for part in path.relative_to(folder).parts)
    return not hidden and path.is_file() and bool(kind_of(path))


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
        _check_answer(path, columns)
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
        yield Unread(str(_placed(DataError(_EMPTY), path)))


def _check_answer(path: Path, columns: Columns) -> None:
    """Raise DataError if the column that was named for answers is not there."""
    if not columns.answer:
        return
    cells = islice(_READERS[kind_of(path)](path, columns), _LOOKED)
    try:
        fault = lacks_answer((c.value for c in cells if isinstance(c.value, dict)), columns)
    except DataError:  # told when the file is read
        return
    if fault:
        raise DataError(fault)


def _placed(error: DataError, path: Path, line: int | None = None) -> DataError:
    """Return the error with its place, fit to be printed and stored."""
    field = readable(error.field) if error.field else None
    place = readable(str(error.path or path))
    return DataError(readable(error.message), place, error.line or line, field)


def _read(path: Path, columns: Columns) -> Iterator[Found]:
    source = readable(str(path))
    for cell in _READERS[kind_of(path)](path, columns):
        try:
            for text, answer in _asked(cell, columns):
                answer = answer[:KEPT] if answer else None
                yield Enquiry(text[:KEPT], answer, source, cell.line, cell.automatic)
        except DataError as error:
            yield Unread(str(_placed(error, path, cell.line)))


def _asked(cell: Cell, columns: Columns) -> Iterator[tuple[str, str | None]]:
    if cell.fault:
        raise DataError(cell.fault)
    if isinstance(cell.value, str):
        yield cell.value, None
    elif cell.value is not None:
        yield from read_row(cell.value, columns)


def _read_mbox(path: Path, columns: Columns) -> Iterator[Cell]:
    with open_bytes(path) as file:
        yield from read_mbox(file)


def _read_eml(path: Path, columns: Columns) -> Iterator[Cell]:
    with open_bytes(path) as file:
        yield from read_eml(file)


_READERS: dict[str, Callable[[Path, Columns], Iterator[Cell]]] = {
    ".jsonl": read_jsonl,
    ".ndjson": read_jsonl,
    ".json": read_json,
    ".csv": read_csv,
    ".tsv": read_tsv,
    ".xlsx": read_xlsx,
    ".parquet": read_parquet,
    ".mbox": _read_mbox,
    ".eml": _read_eml,
    ".txt": read_txt,
    ".log": read_txt,
}
KINDS = " ".join(_READERS)
"""Suffixes of the files that can be read."""
