"""Whether a file has been replaced, told from its state without reading it."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple


class Stamp(NamedTuple):
    """What changes when a file is replaced."""

    node: int
    size: int
    changed: int
    """In nanoseconds."""


def stamp_of(path: Path) -> Stamp | None:
    """Return the stamp of a file; None if it is not there."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return Stamp(found.st_ino, found.st_size, found.st_mtime_ns)
