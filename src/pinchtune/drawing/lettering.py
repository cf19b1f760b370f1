"""How much room a text takes, and what of it fits.

Estimated: only the reader's browser has the letters. A picture cuts off what is wider after all.
"""

from __future__ import annotations

import unicodedata

from pinchtune.patterns import compile_pattern

LETTER, SIGN = 0.62, 1.0
"""Width of a letter, and of a sign of East Asian scripts, in units of their size."""
CUT = "…"
_RIGHT_TO_LEFT = frozenset({"R", "AL"})


def breadth(text: str) -> float:
    """Return about how wide a text is, in units of its size."""
    return sum(map(_advance, text))


def _advance(char: str) -> float:
    # A mark stands over or under its letter, except those that stand beside it (Mc).
    if unicodedata.category(char) in ("Mn", "Me", "Cf"):
        return 0.0
    return SIGN if unicodedata.east_asian_width(char) in "WF" else LETTER


def fit(text: str, room: float) -> str:
    """Return as much of a text as is no wider than `room`, cut between whole characters.

    Nothing is returned where not even one character has room.
    """
    if breadth(text) <= room:
        return text
    kept, left = "", room - breadth(CUT)
    for piece in compile_pattern(r"\X").findall(text):
        left -= breadth(piece)
        if left < 0:
            break
        kept += piece
    return kept.rstrip() + CUT if kept.strip() else ""


def runs_left(text: str) -> bool | None:
    """Return whether a text is written from right to left; None if nothing in it says so."""
    for char in text:
        kind = unicodedata.bidirectional(char)
        if kind == "L" or kind in _RIGHT_TO_LEFT:
            return kind != "L"
    return None
