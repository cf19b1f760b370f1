"""The column `checks` of a prompt: what its answer is checked for, read and refused in words."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable
from dataclasses import replace
from typing import Any, NamedTuple

from pinchtune.data.formats import Located
from pinchtune.data.values import name_kind
from pinchtune.errors import DataError
from pinchtune.evaluation.checking.checkers import CHECKERS
from pinchtune.evaluation.checking.parameters import (
    Parameters,
    check_bounds,
    check_parameters,
)
from pinchtune.evaluation.checking.writing import get_writing
from pinchtune.records import Example

COLUMN = "checks"
"""The column of a prompt that holds its checks."""
NAME = "check"
"""The key that names the checker; the other keys are its parameters."""
EXAMPLE = f'{{"{NAME}": "words", "at_most": 50}}'


class CheckSpec(NamedTuple):
    """One check of a prompt."""

    name: str
    parameters: Parameters


def has_checks(example: Example) -> bool:
    """Return True if the prompt says what its answer is checked for."""
    value = example.extra.get(COLUMN)
    return bool(value.strip() if isinstance(value, str) else value)


def read_checks(example: Example) -> list[CheckSpec]:
    """Return the checks of a prompt, none if it has no such column.

    DataError names the part of the column that cannot be used. A cell of a table holds the
    list as JSON.
    """
    value = example.extra.get(COLUMN)
    if isinstance(value, str):
        value = _parse(value)
    if not value:
        return []
    if not isinstance(value, list):
        raise DataError(f"is {name_kind(value)}; give a list such as [{EXAMPLE}]", field=COLUMN)
    return [_read_check(check, f"{COLUMN}[{i}]") for i, check in enumerate(value)]


def _parse(text: str) -> Any:
    try:
        return json.loads(text) if text.strip() else None
    except (ValueError, RecursionError) as error:
        message = f"is no list in JSON; write it as [{EXAMPLE}]"
        raise DataError(message, field=COLUMN) from error


def _read_check(value: Any, place: str) -> CheckSpec:
    if not isinstance(value, dict):
        raise DataError(f"is {name_kind(value)}; give an object such as {EXAMPLE}", field=place)
    # A column of parquet holds every parameter in every row, null where there is none.
    given = {key: item for key, item in value.items() if item is not None}
    name = given.pop(NAME, None)
    if not isinstance(name, str) or name not in CHECKERS:
        raise DataError(_unknown(name), field=f"{place}.{NAME}")
    checker = CHECKERS[name]
    try:
        check_parameters(name, given, checker.required, checker.optional)
        check_bounds(name, given, checker.counts)
    except DataError as error:
        raise DataError(error.message, field=f"{place}.{error.field}") from error
    return CheckSpec(name, given)


def _unknown(name: Any) -> str:
    known = f"use one of {', '.join(CHECKERS)}"
    if not isinstance(name, str):
        return f"is missing; {known}" if name is None else f"is {name_kind(name)}; {known}"
    close = difflib.get_close_matches(name, CHECKERS, 1)
    return f"is {name!r}, which is no check; " + (f"did you mean {close[0]!r}?" if close else known)


def with_checks(rows: Iterable[Located]) -> list[Located]:
    """Return `rows` with their checks as lists; DataError names file and line of a bad one."""
    return [_with_checks(row) for row in rows]


def _with_checks(row: Located) -> Located:
    try:
        checks = read_checks(row.example)
    except DataError as error:
        raise DataError(error.message, row.path, row.line, error.field) from error
    if not checks:
        return row
    column = [{NAME: check.name, **check.parameters} for check in checks]
    extra = {**row.example.extra, COLUMN: column}
    return row._replace(example=replace(row.example, extra=extra))


def impossible_checks(example: Example) -> list[str]:
    """Return the names of the checks that no answer in the prompt's language can be scored by."""
    if not example.language:
        return []
    writing = get_writing(example.language)
    needs = {check.name: CHECKERS[check.name].needs for check in read_checks(example)}
    return [name for name, column in needs.items() if column and not getattr(writing, column)]
