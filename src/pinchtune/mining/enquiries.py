"""What a person asked, and how it is found in a row of a log.

Rows come in two forms: talks, which talks.py reads, and columns of text, whose names are a
table here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from pinchtune.data.personal import replace_personal
from pinchtune.errors import DataError
from pinchtune.mining.private import find_private
from pinchtune.mining.talks import KEYS, Pair, find_reply, read_talk
from pinchtune.patterns import compile_pattern


class Enquiry(NamedTuple):
    """One thing that was asked."""

    text: str
    answer: str | None
    """What was answered, if the log says so."""
    source: str
    """The file."""
    line: int
    """Line, row or first line of the mail, from 1."""
    automatic: bool = False
    """True if a machine wrote it (the headers of a mail say so)."""


class Unread(NamedTuple):
    """A row that could not be read."""

    sentence: str
    """Where it stands, what is wrong, what to do."""


class Columns(NamedTuple):
    """The columns that hold what was asked and what was answered; empty: known names."""

    question: str = ""
    answer: str = ""


KNOWN = Columns()
"""The columns are recognised by their names."""

QUESTIONS = (
    *("instruction", "prompt", "question", "enquiry", "inquiry", "query", "customer_message"),
    *("user_message", "message", "text", "body", "content", "description", "comment", "input"),
    *("frage", "anfrage", "nachricht", "pregunta", "consulta", "mensaje", "mensagem", "pergunta"),
    *("domanda", "richiesta", "messaggio", "demande", "vraag", "bericht", "dotaz", "zpráva"),
    *("pytanie", "wiadomość", "soru", "mesaj", "вопрос", "сообщение", "обращение", "질문", "문의"),
    *("質問", "問い合わせ", "お問い合わせ", "お問い合わせ内容", "問い合わせ内容", "内容"),
    *("问题", "咨询内容", "問題", "السؤال", "الرسالة", "שאלה", "प्रश्न", "คำถาม", "câu hỏi"),
)
"""Names of columns that hold what was asked, in any letter case; the first that is there counts."""
ANSWERS = (
    *("response", "answer", "output", "completion", "reply", "agent_message", "agent_reply"),
    *("assistant", "resolution", "antwort", "respuesta", "resposta", "risposta", "réponse"),
    *("antwoord", "odpověď", "odpowiedź", "cevap", "ответ", "답변", "回答", "返信", "答案"),
    *("الجواب", "الرد", "תשובה", "उत्तर", "คำตอบ", "câu trả lời"),
)
"""Names of columns that hold what was answered."""
_ASKING = ("instruction", "prompt", "question")
"""Of these names an empty cell is an empty question; other empty cells are passed over."""
UNNAMED = "column {}"
"""How a column without a name is called."""
SHOWN, SHOWN_LENGTH = 8, 30
"""Columns that a sentence names, and how much of each name."""
_LONGEST_NAME = 1000


def read_row(row: Mapping[str, Any], columns: Columns = KNOWN) -> Iterator[Pair]:
    """Yield (what was asked, what was answered) of a row; DataError if it holds no enquiry."""
    talk = None if columns.question else read_talk(row)
    if talk is None:
        yield _read_columns(row, columns)
    else:
        yield from talk


def is_used(name: str, names: Sequence[str], columns: Columns) -> bool:
    """Return True if mining can need a column of a table with these columns."""
    plain = _fold(name)
    wanted = {_fold(columns.question), _fold(columns.answer)}
    return len(names) == 1 or plain in {*wanted, *QUESTIONS, *ANSWERS, *KEYS}


def lacks_answer(rows: Iterable[Mapping[str, Any]], columns: Columns) -> str:
    """Return what is wrong if no row has the column that was named for answers; else empty."""
    names: dict[str, None] = {}
    for row in rows:
        if columns.question or not _is_talk(row):
            names |= dict.fromkeys(row)
    if not names or _fold(columns.answer) in map(_fold, names):
        return ""
    return _no_column(columns.answer, names, "answer")


def _is_talk(row: Mapping[str, Any]) -> bool:
    try:
        return read_talk(row) is not None
    except DataError:
        return True


def _read_columns(row: Mapping[str, Any], columns: Columns) -> Pair:
    names: dict[str, str] = {}
    for name in row:
        names.setdefault(_fold(name), name)
    asked = _find_asked(row, names, columns.question)
    return _join(_text(row[asked], asked), row, asked), _find_answer(row, names, columns)


def _fold(name: object) -> str:
    return str(name).strip().casefold()


def _find_asked(row: Mapping[str, Any], names: Mapping[str, str], wanted: str) -> str:
    """Return the column of what was asked, as the row spells it."""
    if wanted:
        if _fold(wanted) not in names:
            raise DataError(_no_column(wanted, row, "question"))
        return names[_fold(wanted)]
    known = [names[name] for name in QUESTIONS if name in names]
    filled = (name for name in known if _fold(name) in _ASKING or row[name] not in (None, ""))
    asked = next(filled, known[0] if known else _only(row))
    if not asked:
        raise DataError(
            f"has no column that is known to hold what was asked (found: {show_names(row)}); "
            "name it with --set mine.question=NAME"
        )
    return asked


def _only(row: Mapping[str, Any]) -> str:
    named = [name for name in row if not compile_pattern(UNNAMED.format(r"\d+")).fullmatch(name)]
    return named[0] if len(named) == 1 == len(row) else ""


def _text(value: object, asked: str) -> str:
    if isinstance(value, bytes):
        try:
            value = value.decode()
        except UnicodeDecodeError as error:
            message = "is no text in UTF-8; export the table again"
            raise DataError(message, field=show_names([asked])) from error
    if value is not None and not isinstance(value, str):
        message = "is no text; name the right column in mine.question"
        raise DataError(message, field=show_names([asked]))
    return value or ""


def _find_answer(row: Mapping[str, Any], names: Mapping[str, str], columns: Columns) -> str | None:
    wanted = (_fold(columns.answer),) if columns.answer else ANSWERS
    values = (row[names[name]] for name in wanted if name in names)
    given = next((v for v in values if isinstance(v, str) and v.strip()), None)
    return given if given or columns.answer else find_reply(row)[1]


def _join(text: str, row: Mapping[str, Any], asked: str) -> str:
    """Return the instruction with the text that it is about."""
    more = row.get("input") if asked == "instruction" else None
    return f"{text}\n\n{more}" if isinstance(more, str) and more.strip() else text


def _no_column(wanted: str, names: Iterable[str], setting: str) -> str:
    shown = show_names(names)
    return f"has no column {wanted!r} (found: {shown}); name another one in mine.{setting}"


def show_names(names: Iterable[str]) -> str:
    """Return the names of columns for a sentence, without personal data.

    The first row of a table without a header is taken for names: it can be anybody's.
    """
    shown = [_show(name) for name in list(names)[: SHOWN + 1]]
    more = ["…"] if len(shown) > SHOWN else []
    return ", ".join([*shown[:SHOWN], *more]) or "none"


def _show(name: str) -> str:
    plain = " ".join(name[:_LONGEST_NAME].split())
    hidden = replace_personal(plain, find_private(plain, ""))
    hidden = compile_pattern(r"\p{Nd}{5,}").sub("…", hidden)
    return hidden if len(hidden) <= SHOWN_LENGTH else f"{hidden[:SHOWN_LENGTH]}…"
