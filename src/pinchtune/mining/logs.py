"""Enquiries out of logs: tables, chat logs, requests to a model, mail, plain text.

The kind of a file is told by its name: what `data/sources` reads (csv, tsv, xlsx, json, jsonl,
parquet), .txt (an enquiry a line), .eml and .mbox; text kinds also as .gz.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any, NamedTuple

from pinchtune.data.sources import KINDS, read_rows
from pinchtune.errors import DataError
from pinchtune.files import check_file, read_lines

QUESTIONS = (
    *("text", "enquiry", "inquiry", "question", "query", "instruction", "prompt", "message"),
    *("body", "content", "問い合わせ", "質問", "内容"),
)
"""Columns that hold what was asked, the likeliest first."""
ANSWERS = ("answer", "response", "reply", "completion", "output", "回答", "返信")
MAIL, TEXT = (".eml", ".mbox"), ".txt"
AUTOMATIC = ("auto-submitted", "x-autoreply", "x-autorespond")
"""Headers of mails that no person wrote (RFC 3834), unless they say `no`."""


class Enquiry(NamedTuple):
    """What somebody asked, as it was logged."""

    text: str
    answer: str
    """What was answered; empty if the log does not say."""
    path: str
    line: int
    """Line, row, or number of the mail in its file; from 1."""
    automatic: bool = False
    """True for a mail that a program sent."""


def read_enquiries(path: Path) -> Iterator[Enquiry]:
    """Yield the enquiries of a log; DataError names file and line of what cannot be read."""
    kind = _kind(path)
    if kind in MAIL:
        yield from _read_mail(path, kind)
    elif kind == TEXT:
        yield from (Enquiry(line.strip(), "", str(path), n) for n, line in read_lines(path))
    elif kind in KINDS.split():
        for row in read_rows(path):
            yield from _read_row(row.values, row.path, row.line)
    else:
        raise DataError(
            f"is of no kind that can be mined; use one of: {KINDS} {TEXT} {' '.join(MAIL)}", path
        )


def _kind(path: Path) -> str:
    suffixes = [s.lower() for s in path.suffixes]
    return next((s for s in reversed(suffixes) if s != ".gz"), "")


def _read_row(row: Mapping[str, Any], path: str, line: int) -> Iterator[Enquiry]:
    turns = _find_turns(row)
    if turns is not None:
        for question, answer in _pairs(turns, _find_choice(row)):
            yield Enquiry(question, answer, path, line)
        return
    names = {name.strip().lower(): name for name in row}
    column = next((names[q] for q in QUESTIONS if q in names), None)
    if column is None:
        columns = ", ".join(row) or "none"
        raise DataError(
            f"has no column that holds what was asked (columns: {columns}); name it `text`",
            path,
            line,
        )
    reply = next((row[names[a]] for a in ANSWERS if a in names), None)
    yield Enquiry(_text(row[column]), _text(reply), path, line)


def _find_turns(row: Mapping[str, Any]) -> list[Any] | None:
    """Return the turns of a chat log, or of a request to a model as it was logged."""
    for place in ((), ("request",), ("request", "body"), ("body",)):
        found = _inside(row, (*place, "messages"))
        if isinstance(found, list):
            return found
    found = row.get("conversations")
    return found if isinstance(found, list) else None


def _find_choice(row: Mapping[str, Any]) -> str:
    """Return the answer of a model in a logged response."""
    for place in (("response",), ("response", "body"), ()):
        choices = _inside(row, (*place, "choices"))
        if isinstance(choices, list) and choices and isinstance(choices[0], dict):
            return _text(_inside(choices[0], ("message", "content")))
    return ""


def _inside(row: Any, keys: tuple[str, ...]) -> Any:
    for key in keys:
        row = row.get(key) if isinstance(row, dict) else None
    return row


def _pairs(turns: list[Any], last: str) -> Iterator[tuple[str, str]]:
    """Yield each question of a talk with the answer after it."""
    question: str | None = None
    for turn in turns:
        if not isinstance(turn, dict):
            continue
        role = str(turn.get("role") or turn.get("from") or "").lower()
        text = _text(turn.get("content", turn.get("value")))
        if role in ("user", "human"):
            if question is not None:
                yield question, ""
            question = text
        elif role in ("assistant", "gpt", "bot", "model") and question is not None:
            yield question, text
            question = None
    if question is not None:
        yield question, last


def _text(value: Any) -> str:
    """Return a value as text; the parts of a content of several parts are joined."""
    if isinstance(value, list):
        parts = [part.get("text") for part in value if isinstance(part, dict)]
        return "\n".join(part for part in parts if isinstance(part, str))
    return "" if value is None else str(value)


def _read_mail(path: Path, kind: str) -> Iterator[Enquiry]:
    check_file(path)
    if kind == ".eml":
        yield _read_message(message_from_bytes(path.read_bytes(), policy=policy.default), path, 1)
        return
    import mailbox

    with closing(mailbox.mbox(path, create=False)) as box:
        for number, message in enumerate(box, 1):
            whole = message_from_bytes(message.as_bytes(), policy=policy.default)
            yield _read_message(whole, path, number)


def _read_message(message: EmailMessage, path: Path, number: int) -> Enquiry:
    body = message.get_body(preferencelist=("plain",))
    try:
        text = str(body.get_content()) if body else ""
    except (LookupError, UnicodeError, KeyError):
        text = ""  # of an encoding that nobody knows
    found = [str(message[h]).strip().lower() for h in AUTOMATIC if message[h]]
    bulk = str(message["precedence"] or "").strip().lower() in ("bulk", "junk", "auto_reply")
    return Enquiry(text, "", str(path), number, bulk or any(v != "no" for v in found))
