"""Lists of turns, as `messages` and `conversations` hold them, and what they say.

A conversation is an optional system message, then user and assistant in turn. The last user
turn is the instruction; what the assistant says to it is the response.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from pinchtune.data.values import expect_list, expect_text, name_kind
from pinchtune.errors import DataError
from pinchtune.records import Message

ROLES = {
    "system": "system",
    "developer": "system",
    "user": "user",
    "human": "user",
    "assistant": "assistant",
    "gpt": "assistant",
    "model": "assistant",
}
"""The names of the three roles in the shapes that hold conversations."""


class Conversation(NamedTuple):
    """What a list of turns says, in the words of an `Example`."""

    system: str
    history: tuple[tuple[str, str], ...]
    instruction: str
    response: str | None
    leftovers: list[dict[str, Any]]
    """Keys of the turns beside role and content, one object a turn; empty if there are none."""


def read_turns(turns: object, field: str) -> Conversation:
    """Return the conversation of a list of {role, content} or {from, value} objects."""
    parsed = [_read_turn(turn, f"{field}[{i}]") for i, turn in enumerate(expect_list(turns, field))]
    messages = [message for message, _ in parsed]
    system = ""
    if messages and messages[0].role == "system":
        system = messages.pop(0).content
    _check_order(messages, field, offset=len(parsed) - len(messages))
    response = messages.pop().content if messages[-1].role == "assistant" else None
    instruction = messages.pop().content
    texts = [message.content for message in messages]
    history = tuple(zip(texts[::2], texts[1::2], strict=True))
    leftovers = [rest for _, rest in parsed]
    return Conversation(system, history, instruction, response, leftovers if any(leftovers) else [])


def _read_turn(turn: object, field: str) -> tuple[Message, dict[str, Any]]:
    if not isinstance(turn, dict):
        raise DataError(
            f"is {name_kind(turn)} where an object was expected; correct it", field=field
        )
    rest = {key: value for key, value in turn.items() if value is not None}
    role = rest.pop("role", None) or rest.pop("from", None)
    if role not in ROLES:
        message = f"has the role {role!r}; use system, user or assistant, and leave tools out"
        raise DataError(message, field=field)
    key = "content" if "content" in turn else "value"
    content = _read_content(rest.pop(key, None), f"{field}.{key}")
    if rest.get("tool_calls"):
        raise DataError("calls a tool; only text can be tuned on, remove the row", field=field)
    return Message(ROLES[role], content), rest


def _read_content(content: object, field: str) -> str:
    """Return the text of a content, which may be a list of parts of type text."""
    if not isinstance(content, list):
        return expect_text(content, field)
    return "".join(_read_part(part, field) for part in content)


def _read_part(part: object, field: str) -> str:
    if isinstance(part, dict) and part.get("type") == "text":
        return expect_text(part.get("text"), field)
    kind = part.get("type") if isinstance(part, dict) else name_kind(part)
    message = f"has a part that is {kind}; only text can be tuned on, remove the row"
    raise DataError(message, field=field)


def _check_order(messages: list[Message], field: str, offset: int) -> None:
    for i, message in enumerate(messages):
        expected = ("user", "assistant")[i % 2]
        if message.role != expected:
            raise DataError(
                f"is of the {message.role} where the {expected} was expected; "
                "after an optional system message, user and assistant take turns",
                field=f"{field}[{i + offset}]",
            )
    if not messages:
        raise DataError("has no turn of the user; add one or remove the row", field=field)


def write_turns(
    messages: Iterator[Message], keys: tuple[str, str] = ("role", "content"), **names: str
) -> list[dict[str, str]]:
    """Return `messages` as objects with these keys; `names` renames roles."""
    role, content = keys
    return [{role: names.get(m.role, m.role), content: m.content} for m in messages]
