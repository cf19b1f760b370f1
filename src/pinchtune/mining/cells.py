"""What the readers of files hand over: records as their files hold them, or what is wrong."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

_HALF = re.compile("[\\ud800-\\udfff]")


class Cell(NamedTuple):
    """A record as its file holds it, or what is wrong with it."""

    line: int
    value: dict[str, Any] | str | None = None
    fault: str = ""
    automatic: bool = False
    """True if a machine wrote it."""


def readable(text: str) -> str:
    """Return `text` without half characters: names of files and keys of JSON can hold some."""
    return _HALF.sub("\ufffd", text)
