"""What can be wrong with one text: it breaks off, or its characters are damaged.

Both are heuristics over the characters of any script; no language is named here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from pinchtune.patterns import compile_pattern

SHORT = 8
"""Words of an answer that needs no full stop: names, numbers, headings, signatures."""

_UNSPACED = r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Khmer}\p{Myanmar}]"
# Thai and Lao mark the end of a sentence by a space, so nothing can be seen at the end.
_UNMARKED = r"[\p{Thai}\p{Lao}]$"
# ruff: noqa: RUF001
_ENDING = (
    r"(?:\p{Sentence_Terminal}|[…‥⋯;·՞։፧។៕~～♪]|\p{Pe}|\p{Pf}|\p{Pi}|\p{So}"
    r"|\p{Emoji_Modifier}|[\"'`*_|>\uFE0F])$"
)
_LIST_ITEM = (
    r"^\s*(?:[-*+•‣·・◦▪–—]"
    r"|[(（]?(?:\p{Nd}{1,3}[.)）、:：．]|\p{L}[.)）]|[一二三四五六七八九十]+、))\s*\S"
)
_ADDRESS = r"(?:\S+@\S+|\S+://\S+|www\.\S+)$"
_HANGING = r"(?:[,，、،；፣]|\s[-–—])$"

_CONTROL = r"[\p{Cc}--[\t\n\r]]|[\uFDD0-\uFDEF\uFFFE\uFFFF]"


def is_truncated(text: str) -> bool:
    """Return True if `text` may break off in the middle of a sentence or of a block of code."""
    text = text.rstrip()
    if text.count("```") % 2:
        return True
    lines = text.splitlines() or [""]
    last = lines[-1]
    if compile_pattern(_ENDING).search(last) or compile_pattern(_LIST_ITEM).match(last):
        return False
    if len(lines) == 1 and compile_pattern(_HANGING).search(last):
        return True
    if compile_pattern(_UNMARKED).search(last) or compile_pattern(_ADDRESS).search(last):
        return False
    return count_words(last) > SHORT


def count_words(text: str) -> int:
    """Return the number of words; three characters are one where words are not separated."""
    unspaced = len(compile_pattern(_UNSPACED).findall(text))
    return len(compile_pattern(_UNSPACED).sub(" ", text).split()) + unspaced // 3


class Damage(NamedTuple):
    """What is wrong with the characters of a text."""

    kind: str
    """`lost`, `half`, `control` or `garbled`."""
    piece: str
    """The character's code, or the garbled piece."""


_DAMAGE = {
    "lost": "holds the sign for a lost character ({piece}); type it again",
    "half": "holds half a character (an unpaired surrogate); type it again",
    "control": "holds the control character {piece}; remove it",
    "garbled": "reads as text in the wrong encoding ({piece!r}); export the file as UTF-8",
}


def find_damage(text: str) -> Iterator[str]:
    """Yield what is wrong with the characters of `text`, as the end of a sentence."""
    for damage in name_damage(text):
        yield _DAMAGE[damage.kind].format(piece=damage.piece)


def name_damage(text: str) -> Iterator[Damage]:
    """Yield what is wrong with the characters of `text`."""
    if "\ufffd" in text:
        yield Damage("lost", "U+FFFD")
    half = re.search("[\ud800-\udfff]", text)
    if half:
        yield Damage("half", f"U+{ord(half[0]):04X}")
    control = compile_pattern(_CONTROL).search(text)
    if control:
        yield Damage("control", f"U+{ord(control[0]):04X}")
    garbled = find_mojibake(text)
    if garbled:
        yield Damage("garbled", garbled)


# UTF-8 that was read in a one-byte code page: lead bytes followed by continuation bytes.
# One pair is no proof ("CAFÉ»" in capitals), save for those that begin most letters.
_UTF8_PAIRS = (
    r"[\xC2-\xDF][\x80-\xBF](?:[\xC2-\xDF][\x80-\xBF]){1,}"
    r"|(?:[\xE0-\xEF][\x80-\xBF]{2}){2,}|[\xF0-\xF4][\x80-\xBF]{3}"
    r"|\xE2\x80[\x90-\xA6]|\xEF\xBB\xBF"
    r"|\xC3[\xA1-\xAA\xAC-\xB6\xB8-\xBA\xBC-\xBF\x9F]|\xC2[\xA3\xA7\xA9\xAE\xB0-\xB3\xBC-\xBF]"
)
_UTF8_CYRILLIC = r"(?:[\xD0\xD1][\x80-\xBF]){3,}"
_SHIFT_JIS = r"[縺繧繝].?[縺繧繝]"


def find_mojibake(text: str) -> str:
    """Return a piece of `text` that was decoded in the wrong encoding; empty if there is none."""
    if text.isascii():
        return ""
    patterns = (("cp1252", _UTF8_PAIRS), ("cp1251", _UTF8_CYRILLIC))
    for codec, pattern in patterns:
        match = compile_pattern(pattern).search(text.translate(_bytes_of(codec)))
        if match:
            return text[match.start() : match.end()]
    match = compile_pattern(_SHIFT_JIS).search(text)
    return match[0] if match else ""


@lru_cache
def _bytes_of(codec: str) -> dict[int, int]:
    """Return {character: byte}; bytes that the code page leaves open stand for themselves."""
    table: dict[int, int] = {}
    for byte in range(0x80, 0x100):
        char = bytes([byte]).decode(codec, "replace")
        table[ord(char) if char != "\ufffd" else byte] = byte
    return table
