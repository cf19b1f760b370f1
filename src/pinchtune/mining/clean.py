r"""What a person wrote, without what mail programs put around it; any script, any characters.

    clean("Where is it?\n\n> old\n-- \nAnn")      "Where is it?"

Nothing is decided here by language: the phrases of all languages are tried.
"""

from __future__ import annotations

import unicodedata

from pinchtune.mining.phrases import announces_absence, pattern
from pinchtune.patterns import compile_pattern

CLOSING_LINES = 8
"""Lines at the end of a text among which a closing formula begins a signature."""
HEADER_LINES = 4
"""Lines below `From:` among which another header must stand."""
LONGEST = 20_000
"""Characters that are kept of a text: enquiries are shorter, and pasted logs are not."""
_LONGEST_LINE = 300
"""A longer line is prose and no phrase of a mail program."""
NOISE = ("empty", "wordless", "link", "automatic")
"""Why a text is no enquiry; `wordless` ones hold digits and punctuation only."""
_HALF = r"\p{Cs}"
_CONTROL = r"[\p{Cc}--[\t\n]]|[\uFDD0-\uFDEF\uFFFE\uFFFF]|\uFEFF"
_HEADER = r"\*{0,2}[\p{L}\p{M} ]{2,24}\s?[:：]\*{0,2}\s*\S.*"
_LINK = r"(?:[a-z][a-z0-9+.\-]*://|www\.)\S+"


def normalise(text: str) -> str:
    """Return `text` in NFC, with plain line ends, without control and half characters."""
    plain = text[:LONGEST].replace("\r\n", "\n").replace("\r", "\n")
    plain = plain.replace("\u2028", "\n").replace("\u2029", "\n")
    plain = compile_pattern(_CONTROL).sub("", compile_pattern(_HALF).sub("\ufffd", plain))
    return unicodedata.normalize("NFC", plain)


def clean(text: str) -> str:
    """Return what the person wrote, without quoted replies and signature; may be empty."""
    lines = [line.rstrip() for line in normalise(text).split("\n")]
    kept = _without_signature(_without_quotes(lines))
    return _join(kept)


def name_noise(text: str) -> str:
    """Return why a cleaned text is no enquiry, one of NOISE; empty if it may be one."""
    if not text:
        return "empty"
    if announces_absence(text):
        return "automatic"
    if not _says_something(text):
        return "wordless"
    return "" if _says_something(compile_pattern(_LINK, ignore_case=True).sub("", text)) else "link"


def _says_something(text: str) -> bool:
    """Return True if there is a letter, or a sign such as an emoji."""
    return any(unicodedata.category(char)[0] in "LS" for char in text)


def _join(lines: list[str]) -> str:
    """Return the lines with at most one empty line between two others."""
    whole: str = compile_pattern(r"\n{3,}").sub("\n\n", "\n".join(lines))
    return whole.strip()


def _without_quotes(lines: list[str]) -> list[str]:
    """Return the lines above a quoted mail, without lines that begin with `>`."""
    end = next((i for i in range(len(lines)) if _begins_quote(lines, i)), len(lines))
    kept = [line for line in lines[:end] if not line.lstrip().startswith(">")]
    # A mail that is all quote was forwarded: then the quote is what is asked.
    return kept if any(line.strip() for line in kept) else _unquoted(lines)


def _unquoted(lines: list[str]) -> list[str]:
    return [compile_pattern(r"^[\s>]*>\s?").sub("", line) for line in lines]


def _begins_quote(lines: list[str], i: int) -> bool:
    line = lines[i].strip()
    if not line or len(line) > _LONGEST_LINE:
        return False
    if pattern("original").fullmatch(line) or pattern("wrote").fullmatch(line):
        return True
    below = [text.strip() for text in lines[i + 1 : i + 1 + HEADER_LINES]]
    if below and pattern("wrote").fullmatch(f"{line} {below[0]}"[:_LONGEST_LINE]):
        return not _ends_sentence(line)
    headers = sum(bool(compile_pattern(_HEADER).fullmatch(text)) for text in below)
    return bool(pattern("from").fullmatch(line)) and headers >= 2


def _ends_sentence(line: str) -> bool:
    """Return True if the line is whole in itself, so that the next one does not go on with it."""
    return bool(compile_pattern(r"\p{Sentence_Terminal}$").search(line))


def _without_signature(lines: list[str]) -> list[str]:
    """Return the lines above the signature, if anything stands there."""
    end = next((i for i, line in enumerate(lines) if _cuts(lines, i, line)), len(lines))
    return lines[:end] if any(line.strip() for line in lines[:end]) else lines


def _cuts(lines: list[str], i: int, line: str) -> bool:
    stripped = line.strip()
    if stripped == "--" or pattern("device").fullmatch(stripped[:_LONGEST_LINE]):
        return True
    near_end = len(lines) - i <= CLOSING_LINES
    return near_end and bool(pattern("closing").fullmatch(stripped[:_LONGEST_LINE]))
