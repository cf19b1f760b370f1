"""A text as it is searched: one digit, dash and space for the many that people type.

Each character stays one character, so a place in the folded text is the same place in the text.
"""

from __future__ import annotations

import unicodedata

from pinchtune.patterns import compile_pattern

_LONG_SOUND = r"(?<=\d)[ーｰ](?=\d)"
"""The sign of long vowels in Japanese, typed for a dash between digits."""
_SIGNS = dict.fromkeys(map(ord, "−⁃˗﹣"), "-")  # noqa: RUF001


class _Folded(dict[int, str]):
    """What each character becomes, worked out when it is first met."""

    def __missing__(self, code: int) -> str:
        char = chr(code)
        self[code] = folded = char if code < 128 else _fold_char(char)
        return folded


def _fold_char(char: str) -> str:
    if char.isdecimal():
        return str(int(char))
    category = unicodedata.category(char)
    if category in ("Pd", "Zs"):
        return "-" if category == "Pd" else " "
    plain = unicodedata.normalize("NFKC", char)
    return plain if len(plain) == 1 and plain.isascii() else char


_TABLE = _Folded(_SIGNS)


def fold(text: str) -> str:
    """Return `text`, as long as it was: digits 0-9, plain dashes, spaces and full-width letters."""
    if text.isascii():
        return text
    folded: str = compile_pattern(_LONG_SOUND).sub("-", text.translate(_TABLE))
    return folded


def digits_of(text: str) -> str:
    """Return the digits of a folded text alone."""
    return "".join(char for char in text if char.isdecimal())
