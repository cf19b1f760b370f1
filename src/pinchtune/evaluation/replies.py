"""Replies that were paid for, on the disk before anybody reads them.

A JSON Lines file that only grows. A killed run leaves at most a torn last line, which goes when
the file is opened again; so what a kill can cost is the requests that were under way. Replies
are found by the hash of all that they answer, so they outlive a changed project and serve every
evaluation that asks the same again.
"""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import IO, Any

from pinchtune.errors import DataError, RunError
from pinchtune.files import append_line, cut_lines, name_write_errors
from pinchtune.model.endpoint import Reply


class Replies:
    """The replies in `path`, as they were when it was made; as a context, for this process alone.

    >>> with Replies(path) as replies:
    ...     replies.add(key, reply)
    """

    def __init__(self, path: Path) -> None:
        self.path, self._lock, self._torn = path, threading.Lock(), False
        self._rows = _read(path)
        self._held: IO[bytes] | None = None

    def __enter__(self) -> Replies:
        with name_write_errors(self.path):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._held = self.path.open("ab")
        try:
            _hold(self._held, self.path)
            cut_lines(self.path)
            self._rows = _read(self.path)
        except BaseException:
            self._held.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        if self._held:
            self._held.close()

    def __contains__(self, key: str) -> bool:
        return key in self._rows

    def get(self, key: str) -> Reply | None:
        """Return the reply that is stored under a key."""
        return self._rows.get(key)

    def add(self, key: str, reply: Reply) -> None:
        """Store a reply; it is on the disk when this returns."""
        line = json.dumps({"key": key, **reply._asdict()})
        with self._lock:
            # After a failed write the line is half there: another would be glued to it.
            if self._torn:
                raise RunError(f"{self.path}: cannot be written; run the command again")
            self._torn = True
            append_line(self.path, line)
            self._torn = False
            self._rows[key] = reply


def _hold(file: IO[bytes], path: Path) -> None:
    """Lock the file until it is closed: two runs at once would pay for the same twice."""
    try:
        import fcntl
    except ImportError:  # no such locks on Windows
        return
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        raise RunError(f"{path}: another evaluation is asking the judge; wait for it") from error


def _read(path: Path) -> dict[str, Reply]:
    """Return the replies of all whole lines; another process may be writing the last one."""
    lines = path.read_bytes().split(b"\n")[:-1] if path.is_file() else []
    return dict(_read_line(path, number, line) for number, line in enumerate(lines, 1))


def _read_line(path: Path, number: int, line: bytes) -> tuple[str, Reply]:
    try:
        row: dict[str, Any] = json.loads(line)
        return str(row.pop("key")), Reply(**row)
    except (ValueError, TypeError, LookupError, AttributeError) as error:
        raise DataError("is no stored reply; remove the line", path, number) from error
