"""The finished runs beside a workplace: read once, and again when they are made anew.

No request reads a whole run: what one needs is kept until the manifest of the run is another one.
A run that is damaged is told in the log and to administrators; other pages do without it.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Generic, TypeVar

from pinchtune.errors import DataError
from pinchtune.mining.mined import read_mined, read_questions
from pinchtune.selection.outcome import read_outcome

T = TypeVar("T")
Stamp = tuple[int, int]
_log = logging.getLogger("pinchtune")


class Kept(Generic[T]):
    """What is read from a run folder, kept as long as the run stands."""

    def __init__(self, folder: Path | None, read: Callable[[Path], T | None]) -> None:
        self._folder, self._read = folder, read
        self._lock = threading.Lock()
        self._stamp: Stamp | None = None
        self._value: T | None = None
        self.problem = ""
        """Why a finished run cannot be read."""

    def __call__(self) -> T | None:
        """Return it; None if there is no finished run."""
        if self._folder is None:
            return None
        # Whoever comes while it is read waits for it: it is read once for all.
        with self._lock:
            stamp = _stamp(self._folder)
            if stamp != self._stamp:
                self._stamp, self._value, self.problem = stamp, None, ""
                if stamp:
                    self._renew(self._folder)
            return self._value

    def _renew(self, folder: Path) -> None:
        try:
            self._value = self._read(folder)
        except DataError as error:
            self.problem = str(error)
        except (KeyError, TypeError, ValueError):
            self.problem = f"{folder} was made by another version; run the command anew"
        if _stamp(folder) != self._stamp:
            self._stamp, self._value, self.problem = None, None, ""  # it is being made anew
        elif self.problem:
            _log.error(self.problem)


def _stamp(folder: Path) -> Stamp | None:
    """Return what tells one finished run of a folder from the next."""
    try:
        found = (folder / "manifest.json").stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_ino


class Runs:
    """What the pages show of the runs of a project; nothing without one."""

    def __init__(self, folder: Path | None = None) -> None:
        mine, selection = (folder / name if folder else None for name in ("mine", "selection"))
        self.mined = Kept(mine, read_mined)
        """Groups and counts of the mining run."""
        self.questions = Kept(mine, read_questions)
        """Its most asked texts; reading them takes a while the first time."""
        self.outcome = Kept(selection, read_outcome)
        """The chosen examples."""

    def warm(self) -> list[threading.Thread]:
        """Begin to read everything beside the visits, so that the first one need not wait."""
        kept = (self.mined, self.outcome, self.questions)
        threads = [threading.Thread(target=one, daemon=True) for one in kept]
        for thread in threads:
            thread.start()
        return threads
