"""What can go wrong, as a person meets it: one sentence and an exit code.

    PinchError                 anything pinchtune reports without a traceback
    ├── UsageError   (exit 2)  bad input or bad usage; the sentence says the fix
    │   ├── ConfigError        pinch.toml; also a ValueError
    │   ├── DataError          a data file: file, line, field
    │   └── MissingExtra       an optional library that is not installed
    └── RunError     (exit 1)  a run failed although the input was fine

A no-go decision is no error: it is the gate's answer, and exits with NO_GO.
"""

from __future__ import annotations

import traceback
from pathlib import Path

DONE, RUN_FAILED, BAD_INPUT, NO_GO = 0, 1, 2, 3


class PinchError(Exception):
    """Base of all errors that are printed as one sentence."""

    exit_code = RUN_FAILED


class RunError(PinchError):
    """A run failed although its input was fine (disk full, endpoint down, loss not finite)."""


class UsageError(PinchError):
    """The person asked for something that cannot be done as asked."""

    exit_code = BAD_INPUT


class ConfigError(UsageError, ValueError):
    """pinch.toml, or a --set override, is not valid."""


class DataError(UsageError):
    """A row or a file of data cannot be used.

    `where` reads `file:line, field`, as far as they are known.
    """

    def __init__(
        self,
        message: str,
        path: str | Path | None = None,
        line: int | None = None,
        field: str | None = None,
    ) -> None:
        self.message, self.path, self.line, self.field = message, path, line, field
        super().__init__(f"{self.where}: {message}" if self.where else message)

    @property
    def where(self) -> str:
        """Where the fault lies: `data/base.jsonl:12, response`."""
        place = str(self.path) if self.path is not None else ""
        if self.line is not None:
            place += f":{self.line}"
        return ", ".join(part for part in (place, self.field) if part)

    def __reduce__(self) -> tuple[type[DataError], tuple[object, ...]]:
        return type(self), (self.message, self.path, self.line, self.field)


class MissingExtra(UsageError):
    """A verb needs a library that belongs to an extra."""

    def __init__(self, what: str, extra: str) -> None:
        self.what, self.extra = what, extra
        super().__init__(f"{what} is not installed; run: pip install 'pinchtune[{extra}]'")

    def __reduce__(self) -> tuple[type[MissingExtra], tuple[str, str]]:
        return type(self), (self.what, self.extra)


def trace_of(error: BaseException) -> str:
    """Return where an error came from, without its words: they could be a customer's."""
    frames = traceback.extract_tb(error.__traceback__)
    places = [f"{frame.filename.rpartition('/')[2]}:{frame.lineno}" for frame in frames]
    return f"{type(error).__name__} at {' > '.join(places)}"


def loggable(error: BaseException) -> str:
    """Return what a log may say of an error: our own sentence, or else where it came from."""
    return str(error) if isinstance(error, PinchError) else trace_of(error)
