"""What a person asked, and how it is found in a row of a log.

Rows come in three forms: conversations (`messages`, `conversations`), requests to a chat API
with their responses, and columns of text, whose names are a table here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from pinchtune.data.conversation import ROLES
from pinchtune.errors import DataError


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
_ENVELOPES = ((), ("request",), ("body",), ("request", "body"), ("payload",), ("data",))
"""Where the logs of chat APIs keep the request, as a path of keys."""
_REPLIES = ((), ("response",), ("response", "body"), ("body",), ("completion",), ("result",))
"""Where they keep the response."""


def read_row(row: Mapping[str, Any], columns: Columns = KNOWN) -> Iterator[tuple[str, str | None]]:
    """Yield (what was asked, what was answered) of a row; DataError if it holds no enquiry."""
    if not columns.question:
        request = _find(row, _ENVELOPES, "messages")
        if isinstance(request, list):
            yield from _read_request(request, row)
            return
        talk = row.get("conversations")
        if isinstance(talk, list):
            yield from _pairs(talk)
            return
    yield _read_columns(row, columns)


def _find(row: Mapping[str, Any], paths: tuple[tuple[str, ...], ...], key: str) -> Any:
    """Return the value of `key` at the first of `paths` that has it."""
    for path in paths:
        place: Any = row
        for step in path:
            place = place.get(step) if isinstance(place, Mapping) else None
        if isinstance(place, Mapping) and place.get(key) is not None:
            return place[key]
    return None


def _read_request(turns: list[Any], row: Mapping[str, Any]) -> Iterator[tuple[str, str | None]]:
    """Yield the last turn of a request with its response; of a mere conversation all turns."""
    choices = _find(row, _REPLIES, "choices")
    if not isinstance(choices, list):
        yield from _pairs(turns)
        return
    pairs = list(_pairs(turns))
    yield pairs[-1][0], _read_choice(choices[0]) if choices else None


def _read_choice(choice: object) -> str | None:
    if not isinstance(choice, Mapping):
        return None
    message = choice.get("message")
    content = message.get("content") if isinstance(message, Mapping) else choice.get("text")
    return _flatten(content) or None


def _pairs(turns: list[Any]) -> Iterator[tuple[str, str | None]]:
    """Yield each turn of the user with the assistant's next; DataError if there is none."""
    said = [_read_turn(turn) for turn in turns]
    asked = [(i, text) for i, (role, text) in enumerate(said) if role == "user" and text]
    if not asked:
        raise DataError("has no turn of the user; remove the row", field="messages")
    for i, text in asked:
        role, answer = said[i + 1] if i + 1 < len(said) else ("", "")
        yield text, answer if role == "assistant" and answer else None


def _read_turn(turn: object) -> tuple[str, str]:
    if not isinstance(turn, Mapping):
        return "", ""
    role = ROLES.get(str(turn.get("role") or turn.get("from") or ""), "")
    return role, _flatten(turn.get("content", turn.get("value")))


def _flatten(content: object) -> str:
    """Return the text of a content, which may be a list of parts; pictures are left out."""
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, list) else []
    texts = (part.get("text") for part in parts if isinstance(part, Mapping))
    return "\n".join(text for text in texts if isinstance(text, str))


def _read_columns(row: Mapping[str, Any], columns: Columns) -> tuple[str, str | None]:
    names = {str(name).strip().casefold(): name for name in row}
    asked = _choose(names, columns.question, QUESTIONS) or _only(names)
    if not asked:
        found = ", ".join(map(str, row)) or "none"
        raise DataError(
            f"has no column that is known to hold what was asked (found: {found}); name it with "
            "--set mine.question=NAME"
        )
    text = row[asked]
    if text is not None and not isinstance(text, str):
        raise DataError("is no text; name the right column in mine.question", field=asked)
    answered = _choose(names, columns.answer, ANSWERS)
    answer = row.get(answered)
    given = answer if isinstance(answer, str) and answer.strip() else None
    return _join(text or "", row, asked), given


def _join(text: str, row: Mapping[str, Any], asked: str) -> str:
    """Return the instruction with the text that it is about."""
    more = row.get("input") if asked == "instruction" else None
    return f"{text}\n\n{more}" if isinstance(more, str) and more.strip() else text


def _choose(names: Mapping[str, str], wanted: str, known: tuple[str, ...]) -> str:
    """Return the column as the row spells it; empty if it is not there."""
    for name in (wanted.strip().casefold(),) if wanted else known:
        if name in names:
            return names[name]
    return ""


def _only(names: Mapping[str, str]) -> str:
    return next(iter(names.values())) if len(names) == 1 else ""
