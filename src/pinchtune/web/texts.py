"""Texts of people, made fit to stand on a page and to be taken from a form.

Escaping keeps a text from being markup. It does not keep it from lying about its own order:
characters that turn the direction around are shown as marks, so that an approver sees them.
Nothing is taken away: what is stored is what was written.
"""

from __future__ import annotations

import re

from markupsafe import Markup, escape

_HIDDEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ufdd0-\ufdef\ufffe\uffff]"
)
_HALF = re.compile("[\ud800-\udfff]")


def show_marks(text: str) -> Markup:
    """Return `text` escaped, with characters that cannot be seen as visible marks."""
    return Markup(_HIDDEN.sub(_mark, str(escape(_HALF.sub("\ufffd", text)))))


def show_text(text: str) -> Markup:
    """Return `text` escaped for a page, hidden characters highlighted."""
    return Markup(_HIDDEN.sub(_highlight, str(escape(_HALF.sub("\ufffd", text)))))


def _mark(match: re.Match[str]) -> str:
    return f"[U+{ord(match[0]):04X}]"


def _highlight(match: re.Match[str]) -> str:
    return f'<span class="hidden-mark" dir="ltr">U+{ord(match[0]):04X}</span>'


def read_text(value: str) -> str:
    """Return what a person typed: browsers send line ends as CR LF, texts keep LF."""
    return value.replace("\r\n", "\n").replace("\r", "\n")


def shorten(text: str, limit: int = 140) -> str:
    """Return the beginning of `text` in one line."""
    line = " ".join(text[: limit * 4].split())
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"
