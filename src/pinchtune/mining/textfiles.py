"""Records out of text and JSON files; a bad one is told and passed over."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from pinchtune.data.jsontext import holds_lines, read_values
from pinchtune.data.values import name_kind
from pinchtune.errors import DataError
from pinchtune.files import read_text
from pinchtune.mining.cells import Cell
from pinchtune.mining.enquiries import Columns, read_row
from pinchtune.mining.lines import read_lines
from pinchtune.mining.talks import read_talk

_TRIED = 3
"""Lines of a .json file that is not whole, of which one is a row if it holds JSON Lines."""


def read_txt(path: Path, columns: Columns) -> Iterator[Cell]:
    """Yield an enquiry a line."""
    for number, line, fault in read_lines(path):
        if line.strip() or fault:
            yield Cell(number, line.strip(), fault)


def read_jsonl(path: Path, columns: Columns) -> Iterator[Cell]:
    """Yield a record a line."""
    for number, line, fault in read_lines(path):
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
    return _cell(number, value)


def _cell(number: int, value: object) -> Cell:
    if isinstance(value, dict | str):
        return Cell(number, value)
    kind = name_kind(value)
    return Cell(number, fault=f"holds {kind} where an object {{…}} was expected; remove it")


def read_json(path: Path, columns: Columns) -> Iterator[Cell]:
    """Yield the rows of a list, or of an object that holds one, or the object if it is a row."""
    text = read_text(path)
    if _is_lines(text):
        yield from read_jsonl(path, columns)
        return
    for line, value in read_values(text, lambda value: _is_row(value, columns)):
        yield _cell(line, value)


def _is_lines(text: str) -> bool:
    try:
        return holds_lines(text)
    except DataError:
        lines = islice((line for line in text.splitlines() if line.strip()), _TRIED)
        return any(isinstance(_parse(0, line).value, dict) for line in lines)


def _is_row(value: dict[str, Any], columns: Columns) -> bool:
    """Return True if an object is itself what was asked, and no box around rows."""
    rows = [v for v in value.values() if isinstance(v, list) and any(_is_object(i) for i in v)]
    try:
        return bool(read_talk(value) or (not rows and list(read_row(value, columns))))
    except DataError:
        return False


def _is_object(value: object) -> bool:
    return isinstance(value, dict)
