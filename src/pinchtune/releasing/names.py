"""Names of versions: short, lower case, and never a way out of the folder."""

from __future__ import annotations

import re
from typing import Literal

from pinchtune.errors import UsageError

Kind = Literal["production", "candidate"]
KINDS: tuple[Kind, ...] = ("production", "candidate")
"""Pointers: what answers, and what is on trial."""
LONGEST = 64
_NAME = re.compile(r"[a-z0-9]+(?:[._-][a-z0-9]+)*")
_SHOWN = 80


def is_name(text: str) -> bool:
    """Return True if `text` can name a version."""
    return len(text) <= LONGEST and bool(_NAME.fullmatch(text)) and text not in KINDS


def check_name(text: str) -> str:
    """Return `text` if it can name a version; UsageError otherwise."""
    if is_name(text):
        return text
    raise UsageError(
        f"{text[:_SHOWN]!r} is no name of a version; use up to {LONGEST} of a-z and 0-9, with "
        f"single . _ or - between them, and not {' or '.join(KINDS)}"
    )


def check_kind(text: str) -> Kind:
    """Return `text` if it is a pointer's name; UsageError otherwise."""
    for kind in KINDS:
        if text == kind:
            return kind
    raise UsageError(f"unknown pointer {text[:_SHOWN]!r}; use one of: {', '.join(KINDS)}")
