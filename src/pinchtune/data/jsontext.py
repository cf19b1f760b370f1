"""Rows of a .json file, each with the line where it begins.

Three layouts go by that suffix: an array of rows, an object that holds one such array, and
JSON Lines under another name.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from pinchtune.data.shapes import recognise_shape
from pinchtune.data.values import name_kind
from pinchtune.errors import DataError
from pinchtune.files import read_jsonl, read_text

_SPACE = re.compile(r"\s*")
_DECODER = json.JSONDecoder()


class _Value(NamedTuple):
    """A JSON value, and where it begins and ends in the text."""

    value: Any
    start: int
    end: int


def read_json_rows(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield (line, row) of a .json file."""
    text = read_text(path)
    if holds_lines(text):
        yield from read_jsonl(path)
        return
    for line, value in read_values(text, _is_row):
        if not isinstance(value, dict):
            kind = name_kind(value)
            message = f"holds {kind} where an object {{…}} was expected; correct or remove it"
            raise DataError(message, line=line)
        yield line, value


def holds_lines(text: str) -> bool:
    """Return True if another value follows an object, as in JSON Lines."""
    start = _skip(text, 0)
    return text[start : start + 1] == "{" and _skip(text, _decode(text, start).end) < len(text)


def read_values(text: str, is_row: Callable[[dict[str, Any]], bool]) -> Iterator[tuple[int, Any]]:
    """Yield (line, value) of a list, or of an object that holds one or is itself a row."""
    whole = _decode(text, _skip(text, 0))
    rest = _skip(text, whole.end)
    if rest < len(text):
        message = "goes on after the end of the list; remove the rest of the file"
        raise DataError(message, line=_line(text, rest))
    if isinstance(whole.value, list):
        yield from _read_array(text, whole.start)
    elif isinstance(whole.value, dict):
        yield from _read_object(text, whole, is_row)
    else:
        raise DataError(f"holds {name_kind(whole.value)}; expected a list of rows [{{…}}]")


def _read_object(
    text: str, whole: _Value, is_row: Callable[[dict[str, Any]], bool]
) -> Iterator[tuple[int, Any]]:
    """Yield the items of the only list of an object, or the object if it is itself a row."""
    if is_row(whole.value):
        yield _line(text, whole.start), whole.value
        return
    lists = [item for item in _members(text, whole.start) if isinstance(item.value, list)]
    if len(lists) != 1:
        message = f"is an object with {len(lists)} lists; expected one list of rows [{{…}}]"
        raise DataError(message)
    yield from _read_array(text, lists[0].start)


def _is_row(value: dict[str, Any]) -> bool:
    try:
        return bool(recognise_shape(value))
    except DataError:
        return False


def _read_array(text: str, start: int) -> Iterator[tuple[int, Any]]:
    line, counted = 1, 0
    for item in _elements(text, start):
        line, counted = line + text.count("\n", counted, item.start), item.start
        yield line, item.value


def _elements(text: str, start: int) -> Iterator[_Value]:
    """Yield the values of the array that begins at `start`, which is known to be valid."""
    position = _skip(text, start + 1)
    while text[position] != "]":
        item = _decode(text, position)
        yield item
        position = _pass_comma(text, item.end)


def _members(text: str, start: int) -> Iterator[_Value]:
    """Yield the values of the object that begins at `start`, which is known to be valid."""
    position = _skip(text, start + 1)
    while text[position] != "}":
        colon = _skip(text, _decode(text, position).end)
        item = _decode(text, _skip(text, colon + 1))
        yield item
        position = _pass_comma(text, item.end)


def _pass_comma(text: str, end: int) -> int:
    """Return where the next value, or the closing bracket, stands."""
    position = _skip(text, end)
    return _skip(text, position + 1) if text[position] == "," else position


def _decode(text: str, start: int) -> _Value:
    try:
        value, end = _DECODER.raw_decode(text, start)
    except json.JSONDecodeError as error:
        message = f"is not valid JSON ({error.msg}); correct or remove the line"
        raise DataError(message, line=error.lineno) from error
    except RecursionError as error:
        message = "is not valid JSON (nested too deeply); correct or remove the line"
        raise DataError(message, line=_line(text, start)) from error
    return _Value(value, start, end)


def _skip(text: str, position: int) -> int:
    match = _SPACE.match(text, position)
    return match.end() if match else position


def _line(text: str, position: int) -> int:
    return text.count("\n", 0, position) + 1
