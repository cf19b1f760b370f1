"""Text that came from people or models, made fit to stand on a page.

Escaping is the template's work. Here goes what escaping cannot mend: characters that no page
may hold, marks that would turn the order of the text around, and endless texts.
"""

from __future__ import annotations

import re
import unicodedata
from typing import NamedTuple

REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
_FORBIDDEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]"
)
_BLANK_LINES = re.compile(r"\n\s*\n\s*")
_JOINERS = "\u200d\ufe0e\ufe0f"


class Clipped(NamedTuple):
    """A text that is short enough to show."""

    text: str
    length: int
    """Characters of the whole text if it was shortened, else 0."""


def clean(text: str) -> str:
    """Return `text` with control characters, direction overrides and half characters replaced."""
    return _FORBIDDEN.sub(REPLACEMENT, text.replace("\r\n", "\n").replace("\r", "\n"))


def clip(text: str, limit: int, lines: int = 12) -> Clipped:
    """Return at most `limit` characters and `lines` lines of the clean text."""
    whole = _BLANK_LINES.sub("\n\n", clean(text).strip())
    short = "\n".join(whole.split("\n")[:lines])[:limit]
    if len(short) == len(whole):
        return Clipped(whole, 0)
    end = len(short)
    while end and _continues(whole[end], whole[end - 1]):
        end -= 1
    return Clipped(short[:end].rstrip() + " …", len(text))


def _continues(char: str, before: str) -> bool:
    """Say whether `char` belongs to the character before it: an accent, a part of an emoji."""
    is_mark = unicodedata.category(char)[0] == "M" or char in _JOINERS
    return is_mark or before == "\u200d" or 0x1F3FB <= ord(char) <= 0x1F3FF
