"""Lines of text files, one after the other, whatever is in them.

Text is UTF-8, or UTF-16 with a byte-order mark as spreadsheets write it. A line that is neither,
or too long for the memory, comes with a sentence, and the next one is read.
"""

from __future__ import annotations

import codecs
import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from pinchtune.errors import DataError
from pinchtune.files import MAX_LINE_BYTES, open_bytes

LONGEST_LINE = MAX_LINE_BYTES
"""Characters of the longest line that is read."""
SAVE = "save the file as UTF-8 (a table as CSV UTF-8) and try again"
_TOO_LONG = f"is longer than {LONGEST_LINE // 2**20} MB; split it"
_BINARY = f"holds binary data (the character NUL); {SAVE}"
_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_NOT_UTF8 = re.compile("[\\udc80-\\udcff]")
"""What bytes become that are no UTF-8."""


class Line(NamedTuple):
    """A line with its end, or what is wrong with it."""

    number: int
    text: str
    fault: str = ""


def read_lines(path: Path, newline: str = "\n") -> Iterator[Line]:
    r"""Yield the lines of a file; an empty `newline` lets them end in \n, \r or both."""
    with _opened(path, newline) as text:
        try:
            yield from _read(text, "\n" if newline else "\n\r")
        except UnicodeDecodeError as error:
            raise DataError(f"is no whole UTF-16; {SAVE}") from error


def read_head(path: Path, size: int) -> str:
    """Return the first characters of a file."""
    with _opened(path, "") as text:
        try:
            return text.read(size)
        except UnicodeDecodeError:
            return ""


@contextmanager
def _opened(path: Path, newline: str) -> Iterator[io.TextIOWrapper]:
    encoding = _encoding(path)
    errors = "strict" if encoding == "utf-16" else "surrogateescape"
    with open_bytes(path) as file:
        text = io.TextIOWrapper(file, encoding, errors=errors, newline=newline)
        try:
            yield text
        finally:
            text.detach()


def _encoding(path: Path) -> str:
    with open_bytes(path) as file:
        return "utf-16" if file.read(2) in _UTF16 else "utf-8-sig"


def _read(text: io.TextIOWrapper, ends: str) -> Iterator[Line]:
    number = 0
    while line := text.readline(LONGEST_LINE + 1):
        number += 1
        if len(line) > LONGEST_LINE:
            while line and line[-1] not in ends:
                line = text.readline(LONGEST_LINE)
            yield Line(number, "\n", _TOO_LONG)
        else:
            yield Line(number, line, _fault(line))


def _fault(line: str) -> str:
    if "\0" in line:
        return _BINARY
    bad = None if line.isascii() else _NOT_UTF8.search(line)
    return f"is not UTF-8 (byte {len(line[: bad.start()].encode())}); {SAVE}" if bad else ""
