"""Values of a row as they come out of a file, and the libraries that read some files.

Helpers of the other modules here; they raise DataError with the field, never the place:
whoever knows the file and the line adds them.
"""

from __future__ import annotations

import importlib
import json
import math
from collections.abc import Mapping
from typing import Any

from pinchtune.errors import DataError, MissingExtra

_KINDS: dict[type, str] = {
    str: "text",
    bool: "true or false",
    int: "a number",
    float: "a number",
    list: "a list",
    dict: "an object",
    type(None): "null",
}


def load_library(name: str, extra: str = "data") -> Any:
    """Import an optional library; MissingExtra says how to install it."""
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise MissingExtra(name.partition(".")[0], extra) from error


def name_kind(value: object) -> str:
    """Return what `value` is in JSON's words: `a number`."""
    return _KINDS.get(type(value), f"of type {type(value).__name__}")


def expect_text(value: object, field: str) -> str:
    """Return `value` if it is text; DataError otherwise."""
    if isinstance(value, str):
        return value
    fix = "put it in quotes" if isinstance(value, int | float) else "write it as text"
    raise DataError(f"is {name_kind(value)} where text was expected; {fix}", field=field)


def expect_list(value: object, field: str) -> list[Any]:
    """Return `value` if it is a list; DataError otherwise."""
    if isinstance(value, list):
        return value
    raise DataError(f"is {name_kind(value)} where a list was expected; correct it", field=field)


def take_text(row: dict[str, Any], field: str) -> str:
    """Remove `field` from `row` and return its text; missing and null are empty."""
    value = row.pop(field, None)
    return "" if value is None else expect_text(value, field)


def take_nullable(row: dict[str, Any], field: str) -> str | None:
    """Remove `field` from `row` and return its text; missing and null are None."""
    value = row.pop(field, None)
    return None if value is None else expect_text(value, field)


def to_json(value: object) -> str:
    """Return `value` as one line of JSON that every reader accepts; DataError if it is none."""
    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False)
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        message = "holds half a character (an unpaired surrogate); correct the text"
        raise DataError(message) from error
    except (TypeError, ValueError, RecursionError) as error:
        reason = str(error).lower()
        raise DataError(f"cannot be written as JSON ({reason}); correct the row") from error
    return text


def to_plain(value: Any, field: str) -> Any:
    """Return a typed value of a parquet file as plain JSON: dates as text, NaN as null."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if value is None or isinstance(value, str | int):
        return value
    if isinstance(value, list | tuple):
        return [to_plain(item, field) for item in value]
    if isinstance(value, Mapping):
        return {str(key): to_plain(item, field) for key, item in value.items()}
    if hasattr(value, "isoformat"):
        return value.isoformat()
    message = f"holds values of type {type(value).__name__}, not text; remove the column"
    raise DataError(message, field=field)
