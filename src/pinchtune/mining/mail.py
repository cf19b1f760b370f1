"""Mails out of mbox and eml files: their text, and whether a machine sent them."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage, Message
from typing import IO

from pinchtune.files import MAX_LINE_BYTES
from pinchtune.mining.cells import Cell
from pinchtune.mining.charsets import decode
from pinchtune.mining.markup import strip_tags
from pinchtune.mining.phrases import is_absence

MAX_MAIL_BYTES = 4 * MAX_LINE_BYTES
"""A longer mail is all attachment; it is left out."""
_TOO_LONG = f"is a mail longer than {MAX_MAIL_BYTES // 2**20} MB; remove its attachments"
_MACHINES = ("bulk", "junk", "auto_reply", "list")


def read_eml(file: IO[bytes]) -> Iterator[Cell]:
    """Yield the only mail of a file."""
    data = file.read(MAX_MAIL_BYTES + 1)
    yield Cell(1, fault=_TOO_LONG) if len(data) > MAX_MAIL_BYTES else parse(data, 1)


def read_mbox(file: IO[bytes]) -> Iterator[Cell]:
    """Yield the mails of an mbox, which begin with a line `From …` after an empty line."""
    lines: list[bytes] = []
    start, size, empty = 1, 0, True
    for number, line in _lines(file):
        if empty and line.startswith(b"From "):
            if size:
                yield _finish(lines, start, size)
            lines, start, size = [], number, 0
            empty = False
            continue
        size += len(line)
        if size > MAX_MAIL_BYTES:
            lines.clear()
        else:
            lines.append(line[1:] if re.match(b">+From ", line) else line)
        empty = not line.strip()
    if size:
        yield _finish(lines, start, size)


def _lines(file: IO[bytes]) -> Iterator[tuple[int, bytes]]:
    """Yield (number, line); a long line comes in pieces of one number."""
    number, ended = 0, True
    for piece in iter(lambda: file.readline(MAX_LINE_BYTES), b""):
        number += ended
        yield number, piece.removeprefix(codecs.BOM_UTF8) if number == 1 and ended else piece
        ended = piece.endswith(b"\n")


def _finish(lines: list[bytes], start: int, size: int) -> Cell:
    if size > MAX_MAIL_BYTES:
        return Cell(start, fault=_TOO_LONG)
    return parse(b"".join(lines), start)


def parse(data: bytes, line: int) -> Cell:
    """Return the text of a mail: its plain part, else its page without tags, else its subject."""
    try:
        mail = message_from_bytes(data.removeprefix(codecs.BOM_UTF8), policy=policy.default)
        subject = str(mail["Subject"] or "")
        text = _body(mail)
        asked = text if text.strip() else subject
        return Cell(line, asked, automatic=_from_machine(mail, subject))
    # The parser of the standard library raises many things at broken headers.
    except Exception as error:
        fault = f"is a mail that cannot be read ({type(error).__name__}); remove it"
        return Cell(line, fault=fault)


def _from_machine(mail: EmailMessage, subject: str) -> bool:
    submitted = str(mail["Auto-Submitted"] or "no").strip().lower()
    precedence = str(mail["Precedence"] or "").strip().lower()
    # X-Auto-Response-Suppress asks for no automatic answers; people's programs write it too.
    replied = mail["X-Autoreply"] or mail["X-Autorespond"]
    bounced = mail.get_content_type() == "multipart/report" or not str(
        mail["Return-Path"] or "?"
    ).strip("<> ")
    return (
        submitted != "no"
        or precedence in _MACHINES
        or bool(replied)
        or bounced
        or is_absence(subject)
    )


def _body(mail: EmailMessage) -> str:
    for kind in ("plain", "html"):
        part = mail.get_body((kind,))
        if part is not None:
            text = _decode(part)
            return strip_tags(text) if kind == "html" else text
    return ""


def _decode(part: Message) -> str:
    data = part.get_payload(decode=True)
    raw = data if isinstance(data, bytes) else b""
    return decode(raw, part.get_content_charset() or "utf-8")
