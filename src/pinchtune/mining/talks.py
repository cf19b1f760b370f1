"""What was asked in chat logs: lists of turns, and requests to a model with their responses.

The names under which programs keep them are tables here.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from pinchtune.data.conversation import ROLES
from pinchtune.errors import DataError

Pair = tuple[str, str | None]
"""What was asked and what was answered."""
_USERS = ("customer", "client", "visitor", "guest", "contact", "end-user", "enduser", "requester")
_AGENTS = ("agent", "bot", "ai", "chatbot", "support", "operator", "admin", "staff", "advisor")
WHO = {**ROLES, **dict.fromkeys(_USERS, "user"), **dict.fromkeys(_AGENTS, "assistant")}
"""Who speaks in a turn, in any letter case."""
_SPEAKERS = ("role", "from", "sender", "author", "speaker")
"""Keys of a turn that say who speaks."""
_SAID = ("content", "value", "text", "message")
"""Keys of a turn that hold what is said."""
_TURNS = ("messages", "conversations", "input", "prompt")
"""Keys that hold a list of turns."""
_ASKED = ("prompt", "input")
"""Keys of a request that hold one text in place of turns."""
_ENVELOPES = ((), ("request",), ("body",), ("request", "body"), ("payload",), ("data",))
"""Where the logs of chat APIs keep the request, as a path of keys."""
_REPLIES = ((), ("response",), ("response", "body"), ("body",), ("completion",), ("result",))
"""Where they keep the response."""
KEYS = frozenset(
    (*_TURNS, "choices", "output", *(step for path in (*_ENVELOPES, *_REPLIES) for step in path))
)
"""Columns that can hold a part of a talk."""


def read_talk(row: Mapping[str, Any]) -> list[Pair] | None:
    """Return what was asked and answered in a row that holds a talk; None if it holds none.

    Of a request only the last question counts: each request repeats the talk so far. DataError
    for a talk in which nobody asks.
    """
    if KEYS.isdisjoint(row):
        return None
    turns = next(filter(None, (_find(row, key, list) for key in _TURNS)), None)
    if turns is None and isinstance(row.get("messages"), list):
        turns = row["messages"]
    replied, reply = find_reply(row)
    if turns is not None:
        pairs = list(_pairs([*turns, *(_find(row, "completion", list) or ())]))
        return [(pairs[-1][0], reply)] if replied else pairs
    for key in _ASKED:
        text = _find(row, key, str, _ENVELOPES[1:])
        if text:
            return [(text, reply)]
    return None


def find_reply(row: Mapping[str, Any]) -> tuple[bool, str | None]:
    """Return (whether the row holds a model's response, its text)."""
    if KEYS.isdisjoint(row):
        return False, None
    choices = _find(row, "choices", list, _REPLIES)
    if choices is not None:
        return True, _read_choice(choices[0]) if choices else None
    output = _find(row, "output", list, _REPLIES) or []
    said = [_flatten(item.get("content")) for item in output if isinstance(item, Mapping)]
    return bool(said), "\n".join(filter(None, said)) or None


def _find(
    row: Mapping[str, Any],
    key: str,
    kind: type,
    paths: tuple[tuple[str, ...], ...] = _ENVELOPES,
) -> Any:
    """Return the value of `key` at the first of `paths` that has one of this kind."""
    for path in paths:
        place: Any = row
        for step in path:
            place = _unpack(place.get(step)) if isinstance(place, Mapping) else None
        value = place.get(key) if isinstance(place, Mapping) else None
        value = value if kind is str else _unpack(value)
        if isinstance(value, kind) and (key == "choices" or _may_be(key, value)):
            return value
    return None


def _may_be(key: str, value: object) -> bool:
    """Return False for a list that holds other things than turns."""
    if not isinstance(value, list):
        return True
    keys = ("content",) if key == "output" else _SPEAKERS
    return any(isinstance(item, Mapping) and any(k in item for k in keys) for item in value)


def _unpack(value: object) -> object:
    """Return what a cell of a table holds as JSON; other values as they are."""
    if not isinstance(value, str) or not value.lstrip().startswith(("[", "{")):
        return value
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        return value


def _read_choice(choice: object) -> str | None:
    if not isinstance(choice, Mapping):
        return None
    message = choice.get("message")
    content = message.get("content") if isinstance(message, Mapping) else choice.get("text")
    return _flatten(content) or None


def _pairs(turns: list[Any]) -> Iterator[Pair]:
    """Yield each turn of the user with what is answered to it; DataError if there is none."""
    said = [_read_turn(turn) for turn in turns]
    asked = [(i, text) for i, (role, text) in enumerate(said) if role == "user" and text]
    if not asked:
        raise DataError("has no turn of the user; remove the row", field="messages")
    for i, text in asked:
        yield text, _answer(said, i + 1)


def _answer(said: list[tuple[str, str]], start: int) -> str | None:
    """Return the assistant's next words before the user goes on; tools may be called between."""
    for i in range(start, len(said)):
        role, text = said[i]
        if role == "user":
            return None
        if role == "assistant" and text:
            return text
    return None


def _read_turn(turn: object) -> tuple[str, str]:
    if not isinstance(turn, Mapping):
        return "", ""
    speaker = next((str(turn[key]) for key in _SPEAKERS if turn.get(key)), "")
    content = next((turn[key] for key in _SAID if key in turn), None)
    return WHO.get(speaker.strip().casefold(), ""), _flatten(content)


def _flatten(content: object) -> str:
    """Return the text of a content, which may be a list of parts; pictures are left out."""
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, list) else []
    texts = (part.get("text") for part in parts if isinstance(part, Mapping))
    return "\n".join(text for text in texts if isinstance(text, str))
