"""How long work is reported: stages say what they do, and somebody may show it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol


class Task(Protocol):
    """One bar."""

    def advance(self, amount: int = 1, note: str = "") -> None:
        """Count `amount` more units as done; `note` is shown beside the bar."""
        ...


class Progress(Protocol):
    """Shows tasks; the command line has one that draws bars, the Python API is silent."""

    def task(self, label: str, total: int, done: int = 0) -> AbstractContextManager[Task]:
        """Open a task of `total` units (0: nobody knows), of which `done` are done already."""
        ...

    def say(self, message: str) -> None:
        """Show one line."""
        ...


class Silent:
    """Shows nothing."""

    class _Task:
        def advance(self, amount: int = 1, note: str = "") -> None:
            """Count nothing."""

    @contextmanager
    def task(self, label: str, total: int, done: int = 0) -> Iterator[Task]:
        """Open a task that nobody sees."""
        yield self._Task()

    def say(self, message: str) -> None:
        """Say nothing."""
