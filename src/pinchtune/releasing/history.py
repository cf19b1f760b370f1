"""The record of who changed what: a line a change, appended, on the disk before it counts.

A killed process can leave half a line at the end. It was never acknowledged: readers pass over
it, and the next writer cuts it off.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pinchtune.files import append_line, name_write_errors

UNREADABLE = "unreadable"


def read_history(path: Path) -> list[dict[str, Any]]:
    """Return the changes, the oldest first; a damaged line is told as one that is unreadable."""
    lines = path.read_bytes().split(b"\n")[:-1] if path.is_file() else []
    return [_read(number, line) for number, line in enumerate(lines, 1)]


def _read(number: int, line: bytes) -> dict[str, Any]:
    try:
        event = json.loads(line)
    except (ValueError, RecursionError):
        event = None
    return event if isinstance(event, dict) else {"action": UNREADABLE, "line": number}


def append_event(path: Path, event: Mapping[str, Any]) -> None:
    """Add a change; it is on the disk when this returns."""
    _cut_torn_line(path)
    append_line(path, json.dumps(event, ensure_ascii=False))


def _cut_torn_line(path: Path) -> None:
    if not path.is_file():
        return
    with name_write_errors(path), path.open("r+b") as file:
        whole = file.read().rfind(b"\n") + 1
        if whole < os.fstat(file.fileno()).st_size:
            file.truncate(whole)
