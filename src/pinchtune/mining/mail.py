"""Mails out of mbox and eml files: their text, and whether a machine sent them."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage, Message
from typing import IO, NamedTuple

from pinchtune.files import MAX_LINE_BYTES
from pinchtune.mining.phrases import is_absence

MAX_MAIL_BYTES = 4 * MAX_LINE_BYTES
"""A longer mail is all attachment; it is left out."""
_TOO_LONG = f"is a mail longer than {MAX_MAIL_BYTES // 2**20} MB; remove its attachments"
_MACHINES = ("bulk", "junk", "auto_reply", "list")
_HIDDEN = re.compile(r"(?is)<(script|style|head|title)\b.*?</\1\s*>|<!--.*?-->")
_QUOTE = re.compile(r"(?is)<blockquote\b.*")
_BREAK = re.compile(r"(?i)<(?:br|/p|/div|/tr|/li|/h\d)\b[^>]*>")
_TAG = re.compile(r"<[^>]*>")


class Mail(NamedTuple):
    """One mail, or what is wrong with it."""

    line: int
    text: str
    automatic: bool
    fault: str = ""


def read_eml(file: IO[bytes]) -> Iterator[Mail]:
    """Yield the only mail of a file."""
    data = file.read(MAX_MAIL_BYTES + 1)
    yield Mail(1, "", False, _TOO_LONG) if len(data) > MAX_MAIL_BYTES else parse(data, 1)


def read_mbox(file: IO[bytes]) -> Iterator[Mail]:
    """Yield the mails of an mbox, which begin with a line `From …` after an empty line."""
    lines: list[bytes] = []
    start, size, empty = 1, 0, True
    for number, line in enumerate(iter(file.readline, b""), 1):
        if empty and line.startswith(b"From "):
            if lines:
                yield _finish(lines, start, size)
            lines, start, size = [], number, 0
        elif size <= MAX_MAIL_BYTES:
            lines.append(line[1:] if re.match(b">+From ", line) else line)
        size += len(line)
        empty = not line.strip()
    if lines:
        yield _finish(lines, start, size)


def _finish(lines: list[bytes], start: int, size: int) -> Mail:
    if size > MAX_MAIL_BYTES:
        return Mail(start, "", False, _TOO_LONG)
    return parse(b"".join(lines), start)


def parse(data: bytes, line: int) -> Mail:
    """Return the text of a mail: its plain part, else its page without tags, else its subject."""
    try:
        mail = message_from_bytes(data, policy=policy.default)
        subject = str(mail["Subject"] or "")
        text = _body(mail)
        return Mail(line, text if text.strip() else subject, _from_machine(mail, subject))
    # The parser of the standard library raises many things at broken headers.
    except Exception as error:
        fault = f"is a mail that cannot be read ({type(error).__name__}); remove it"
        return Mail(line, "", False, fault)


def _from_machine(mail: EmailMessage, subject: str) -> bool:
    submitted = str(mail["Auto-Submitted"] or "no").strip().lower()
    precedence = str(mail["Precedence"] or "").strip().lower()
    replied = mail["X-Autoreply"] or mail["X-Autorespond"] or mail["X-Auto-Response-Suppress"]
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
    charset = part.get_content_charset() or "utf-8"
    raw = data if isinstance(data, bytes) else b""
    try:
        return raw.decode(charset)
    except (LookupError, UnicodeDecodeError):
        return raw.decode("utf-8", "replace")


def strip_tags(page: str) -> str:
    """Return the text of an HTML page, without what it quotes."""
    plain = _QUOTE.sub("", _HIDDEN.sub("", page))
    return html.unescape(_TAG.sub("", _BREAK.sub("\n", plain.replace("\n", " "))))
