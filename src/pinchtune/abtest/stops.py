"""Files that stop a test, or a language of it: whoever writes one is obeyed at once.

That the file is there is the stop; what stands in it is the reason. So a stop works on a disk
that is full, and while its reason is being written. A stop is never taken back, so that the first
file counts, and no two writers can disagree. What runs sees a new file by the time stamp of the
folder, at the price of one system call.
"""

from __future__ import annotations

import logging
import os
from pathlib import Path
from time import time
from typing import Any

from pinchtune.errors import DataError, RunError
from pinchtune.files import name_write_errors, read_json, write_json

Json = dict[str, Any]
GUARD, PLAN = "guard", "plan"
"""Who stopped, if no person did: a harm was shown, or the difference that was waited for."""
_SAME_TICK = 1.0
"""Seconds in which two files may have the same time stamp."""
_log = logging.getLogger("pinchtune.abtest")


class Stops:
    """The stops of a test, `all` or by language."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._seen, self._found = -1, {}  # type: int, dict[str, Json]

    def now(self) -> dict[str, Json]:
        """Return {`all` or language: when, who, why}."""
        try:
            stamp = os.stat(self.folder).st_mtime_ns
        except FileNotFoundError:
            return {}
        if stamp != self._seen or time() - stamp / 1e9 < _SAME_TICK:
            self._found = {p.stem: _read(p) for p in self.folder.glob("*.json")}
            self._seen = stamp
        return self._found

    def write(self, what: str, facts: Json) -> bool:
        """Stop `what`; False if it was stopped before."""
        path = self.folder / f"{what}.json"
        with name_write_errors(path):
            self.folder.mkdir(parents=True, exist_ok=True)
            try:
                # One of several writers makes it, on any kind of disk: not all have links.
                path.open("x").close()
            except FileExistsError:
                return False
        try:
            write_json(path, facts)
        except RunError as error:
            _log.error("%s is stopped, but the reason could not be kept: %s", what, error)
        return True


def _read(path: Path) -> Json:
    """Return a stop; one without a reason counts from when its file was made."""
    unsaid = {"time": path.stat().st_mtime, "by": "unknown", "why": "the reason was not kept"}
    try:
        return unsaid | dict(read_json(path))
    except (DataError, TypeError, ValueError):
        return unsaid
