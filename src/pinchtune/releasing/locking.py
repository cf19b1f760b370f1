"""One change at a time: a lock that ends with the process that holds it."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pinchtune.errors import RunError
from pinchtune.files import name_write_errors

PATIENCE = 10.0
"""Seconds to wait for another command; it holds the lock for some milliseconds."""
_STEP = 0.02


def try_lock(handle: int) -> bool:
    """Lock an open file or folder until it is closed; False if somebody else holds it."""
    try:
        import fcntl
    except ImportError:  # no such locks on Windows
        return True
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Change `folder` alone in the block; RunError if another command does not end."""
    with name_write_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
        handle = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        end = time.monotonic() + PATIENCE
        while not try_lock(handle):
            if time.monotonic() > end:
                raise RunError(f"{folder}: another command is changing it; try again")
            time.sleep(_STEP)
        yield
    finally:
        os.close(handle)
