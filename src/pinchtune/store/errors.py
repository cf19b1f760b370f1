"""Why the store refuses something, in one sentence that can be translated.

    StoreError (exit 2)  a UsageError: the person asked for something that cannot be done so
    ├── Forbidden        the person's roles do not allow it
    ├── NotFound         there is no such thing, or the person may not see it
    ├── Conflict         somebody else was quicker; `row` is the example as it is now
    ├── Invalid          the content cannot be taken as it is
    └── TooMany          too many failed log-ins; `wait` says for how many seconds

`message` is an English sentence whose {named} places are filled from `values`, so it is the
key of a translation as it stands; `str()` is the filled sentence.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pinchtune.errors import UsageError

if TYPE_CHECKING:
    from pinchtune.store.records import Row


class StoreError(UsageError):
    """Base of everything that the store refuses."""

    def __init__(self, message: str, **values: object) -> None:
        self.message, self.values = message, values
        super().__init__(message.format_map(values))

    def __reduce__(self) -> tuple[object, ...]:
        return _rebuild, (type(self), self.message, self.values, self.__dict__)


def _rebuild(
    kind: type[StoreError], message: str, values: dict[str, object], state: dict[str, object]
) -> StoreError:
    error = kind.__new__(kind)
    StoreError.__init__(error, message, **values)
    error.__dict__.update(state)
    return error


class Forbidden(StoreError):
    """The person's roles do not allow it."""


class NotFound(StoreError):
    """There is no such thing, or the person may not see it."""


class Conflict(StoreError):
    """Somebody else was quicker; nothing of what was asked for has been done."""

    def __init__(self, message: str, *, row: Row | None = None, **values: object) -> None:
        self.row = row
        super().__init__(message, **values)


class Invalid(StoreError):
    """The content cannot be taken as it is."""


class TooMany(StoreError):
    """Too many failed log-ins; try again after `wait` seconds."""

    def __init__(self, message: str, *, wait: int) -> None:
        self.wait = wait
        super().__init__(message, wait=wait)
