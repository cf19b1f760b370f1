r"""What a person wrote, without what mail programs put around it; any script, any characters.

    clean("Where is it?\n\n> old\n-- \nAnn")      "Where is it?"

Nothing is decided here by language: the phrases of all languages are tried.
"""

from __future__ import annotations

import unicodedata

from pinchtune.mining.phrases import announces_absence, pattern
from pinchtune.patterns import compile_pattern

CLOSING_LINES = 20
"""Lines at the end of a text among which a closing formula begins a signature."""
SIGNED_LINES = 4
"""Lines below a closing formula that are looked at for statements: a disclaimer is further down."""
HEADER_LINES = 4
"""Lines below `From:` among which another header must stand."""
LONGEST = 20_000
"""Characters that are kept of a text: enquiries are shorter, and pasted logs are not."""
_LONGEST_LINE = 300
"""A longer line is prose and no phrase of a mail program."""
_CUT_WITHIN = 500
"""Characters before LONGEST among which a place is looked for where a text can be cut."""
NOISE = ("empty", "wordless", "link", "automatic")
"""Why a text is no enquiry; `wordless` ones hold digits and punctuation only."""
_HALF = r"\p{Cs}"
_CONTROL = r"[\p{Cc}--[\t\n]]|[\uFDD0-\uFDEF\uFFFE\uFFFF]|\uFEFF"
_HEADER = r"\*{0,2}[\p{L}\p{M} ]{2,24}\s?[:：]\*{0,2}\s*\S.*"
_LINK = r"(?:[a-z][a-z0-9+.\-]*://|www\.)\S+"
_END = r"\n|[。！？]|\p{Sentence_Terminal}(?=\s)"
"""Where a sentence ends."""
# Spaces between digits are left out: half a card number would be no card number.
_GAP = r"(?<!\p{Nd})\s|\s(?!\p{Nd})"
# A mark within an address of the web asks nothing.
_QUESTION = r"？|[?؟⸮՞\u037e](?=[\s\p{Pe}\p{Pf}\"']|$)"
_ENDED = r"\p{Sentence_Terminal}[\p{Pe}\p{Pf}\p{Pi}\"']*$"
_WIDE_ENDS = "。！？｡"
"""Ends of sentences in scripts that set no spaces, where words cannot be counted."""
# Ltd. and Jr. end no sentence.
_SHORTENED = r"(?:^|\s)\p{Lu}[\p{L}.]{0,3}\.$"
_SPOKEN = r"^\p{Ll}\S*(?:\s+\S+){4}|\p{Hiragana}{6}|\p{Line_Break=SA}{20}"
"""A line that goes on speaking although no sign ends it."""


def normalise(text: str) -> str:
    """Return `text` in NFC, with plain line ends, without control and half characters."""
    plain = _shorten(text).replace("\r\n", "\n").replace("\r", "\n")
    plain = plain.replace("\u2028", "\n").replace("\u2029", "\n")
    plain = compile_pattern(_CONTROL).sub("", compile_pattern(_HALF).sub("\ufffd", plain))
    return unicodedata.normalize("NFC", plain)


def _shorten(text: str) -> str:
    """Return at most LONGEST characters, cut where no address or number is halved."""
    if len(text) <= LONGEST:
        return text
    start = LONGEST - _CUT_WITHIN
    # One more is looked at: whether a number goes on.
    tail = text[start : LONGEST + 1]
    for place in (_END, _GAP):
        ends = [match.end() for match in compile_pattern(place).finditer(tail)]
        ends = [end for end in ends if end <= _CUT_WITHIN]
        if ends:
            return text[: start + ends[-1]]
    return text[:LONGEST]


def clean(text: str) -> str:
    """Return what the person wrote, without quoted replies and signature; may be empty."""
    lines = [line.rstrip() for line in normalise(text).split("\n")]
    kept = _without_signature(drop_quotes(lines))
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


def drop_quotes(lines: list[str]) -> list[str]:
    """Return the lines without quoted mails; those of a quote that is all there is, unquoted.

    A quote whose lines begin with `>` ends with them; one without goes on to the end.
    """
    kept: list[str] = []
    i = 0
    while i < len(lines):
        opening = 0 if _is_quoted(lines[i]) else _begins_quote(lines, i)
        if not opening and not _is_quoted(lines[i]):
            kept.append(lines[i])
        i = _next_filled(lines, i + opening) if opening else i + 1
        if opening and not (i < len(lines) and _is_quoted(lines[i])):
            break
    # A mail that is all quote was forwarded: then the quote is what is asked.
    return kept if any(line.strip() for line in kept) else _unquoted(lines)


def _is_quoted(line: str) -> bool:
    return line.lstrip().startswith(">")


def _next_filled(lines: list[str], i: int) -> int:
    while i < len(lines) and not lines[i].strip():
        i += 1
    return i


def _unquoted(lines: list[str]) -> list[str]:
    return [compile_pattern(r"^[\s>]*>\s?").sub("", line) for line in lines]


def _begins_quote(lines: list[str], i: int) -> int:
    """Return how many lines from `i` on announce a quoted mail."""
    line = lines[i].strip()
    if not line or len(line) > _LONGEST_LINE:
        return 0
    if pattern("original").fullmatch(line) or pattern("wrote").fullmatch(line):
        return 1
    below = [text.strip() for text in lines[i + 1 : i + 1 + HEADER_LINES]]
    if below and pattern("wrote").fullmatch(f"{line} {below[0]}"[:_LONGEST_LINE]):
        return 0 if _ends_sentence(line) else 2
    headers = sum(bool(compile_pattern(_HEADER).fullmatch(text)) for text in below)
    return int(bool(pattern("from").fullmatch(line)) and headers >= 2)


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
    closes = near_end and bool(pattern("closing").fullmatch(stripped[:_LONGEST_LINE]))
    return closes and not _goes_on([text.strip() for text in lines[i + 1 :] if text.strip()])


def _goes_on(below: list[str]) -> bool:
    """Return True if the person goes on speaking below a closing formula: it closes nothing."""
    asks = any(compile_pattern(_QUESTION).search(line) for line in below)
    return asks or any(map(_is_statement, below[:SIGNED_LINES]))


def _is_statement(line: str) -> bool:
    line = line[:_LONGEST_LINE]
    if compile_pattern(_SPOKEN).search(line):
        return True
    ended = compile_pattern(_ENDED).search(line) and not compile_pattern(_SHORTENED).search(line)
    return bool(ended) and (len(line.split()) >= 3 or line[-1] in _WIDE_ENDS)
