"""Examples out of any file that people have them in.

    read_examples("base.xlsx")                         a file, a folder, or a hub data set
    identify_languages(rows, ("en", "es", "ja"))       fills in what no column declares

Which columns mean what is the job of `shapes`, how files are read that of `sources`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from pinchtune.data.shapes import SHAPES, recognise_shape, to_example
from pinchtune.data.sources import Row, read_rows
from pinchtune.errors import DataError, UsageError
from pinchtune.languages import UNKNOWN, Identifier, get_language
from pinchtune.records import Example

AUTO = "auto"


class Located(NamedTuple):
    """An example and where it was read."""

    example: Example
    path: str
    line: int
    """Line of a text file, row of a sheet or of a parquet file; from 1."""


def read_examples(
    source: str | Path, format: str = AUTO, language: str = "", split: str = "train"
) -> list[Located]:
    """Return the examples of a file, a folder of files, or a data set `org/name` of the hub.

    `format` is a shape of rows; `auto` recognises it by the columns of the first row of a
    file and refuses rows of another shape. `language` is for rows that declare none.
    """
    if format not in (AUTO, *SHAPES):
        raise UsageError(f"unknown format {format!r}; use one of: {' '.join((AUTO, *SHAPES))}")
    code = get_language(language).code if language else ""
    shapes: dict[str, tuple[str, int]] = {}
    found = [_read_row(row, format, code, shapes) for row in read_rows(source, split)]
    if not found:
        raise DataError("holds no rows; check that this is the right file", source)
    return found


def _read_row(row: Row, format: str, language: str, shapes: dict[str, tuple[str, int]]) -> Located:
    try:
        shape = format if format != AUTO else _agree(row, shapes)
        return Located(to_example(row.values, shape, language), row.path, row.line)
    except DataError as error:
        raise DataError(error.message, row.path, row.line, error.field) from error


def _agree(row: Row, shapes: dict[str, tuple[str, int]]) -> str:
    """Return the shape of a row; DataError if an earlier row of its file has another."""
    shape = recognise_shape(row.values)
    first, line = shapes.setdefault(row.path, (shape, row.line))
    if shape != first:
        raise DataError(
            f"has the shape {shape}, but line {line} has the shape {first}; "
            f"split the file by shape, or say which one to read with --format"
        )
    return shape


def identify_languages(rows: Iterable[Located], candidates: Sequence[str]) -> list[Located]:
    """Return `rows` with each missing language identified among `candidates`.

    A language that cannot be told stays empty; `check_examples` reports it.
    """
    identifier = Identifier(candidates)
    return [_identify(row, identifier) for row in rows]


def _identify(row: Located, identifier: Identifier) -> Located:
    example = row.example
    if example.language:
        return row
    guess = identifier.identify(f"{example.instruction}\n{example.response or ''}").language
    return row if guess == UNKNOWN else row._replace(example=replace(example, language=guess))
