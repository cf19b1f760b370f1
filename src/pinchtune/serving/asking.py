"""What a client asks: read from JSON, checked, and never half understood.

`read_asked` takes what every arm needs. `read_wanted` is for arms of local weights: whatever they
cannot do is refused by name. Another server gets the client's parameters as they came.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Literal

from pinchtune.records import Message
from pinchtune.serving.errors import ApiError, bad_value, unsupported

Kind = Literal["chat", "completion"]
LONGEST_STOP, MOST_STOPS = 256, 4
MOST_USER = 256
"""Characters of the name that a client gives its user."""
_HOSTS = ("kv_transfer_params", "ec_transfer_params", "bootstrap_host", "bootstrap_port")
"""Parameters by which engines (vLLM, SGLang) fetch from a host that the request names."""
_ROLES = {"developer": "system", "system": "system", "user": "user", "assistant": "assistant"}


@dataclass(frozen=True)
class Asked:
    """One request."""

    kind: Kind
    model: str
    """Arm that is to answer, as the client names it."""
    messages: tuple[Message, ...]
    """The conversation; of a completion its prompt as one message."""
    stream: bool
    user: str
    """Who asks, as the client names the user; empty if it does not."""
    body: dict[str, Any]
    """Everything that came."""

    @property
    def question(self) -> str:
        """The last message of the user."""
        return next((m.content for m in reversed(self.messages) if m.role == "user"), "")


@dataclass(frozen=True)
class Wanted:
    """What is asked of local weights; None where the client says nothing."""

    limit: int | None
    """Most tokens of the answer."""
    temperature: float | None
    seed: int | None
    stops: tuple[str, ...]
    """Texts that the answer ends before."""
    include_usage: bool
    """True if a stream is to end with the count of tokens."""


def read_asked(data: bytes, kind: Kind) -> Asked:
    """Return the request in a body; ApiError if it is none."""
    body = read_object(data)
    for name in _HOSTS:
        if body.get(name) is not None:
            raise unsupported(name)
    messages = _read_messages(body) if kind == "chat" else _read_prompt(body)
    return Asked(
        kind,
        check_text(body.get("model"), "model"),
        messages,
        _flag(body.get("stream"), "stream"),
        _read_user(body),
        body,
    )


def read_object(data: bytes) -> dict[str, Any]:
    """Return the JSON object of a body; ApiError if it holds none."""
    try:
        body = json.loads(data, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise ApiError(400, "the body is not valid JSON in UTF-8", "invalid_json") from error
    if not isinstance(body, dict):
        raise ApiError(400, "the body is no JSON object", "invalid_json")
    return body


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is no JSON")


def _read_user(body: dict[str, Any]) -> str:
    for name in ("user", "safety_identifier"):
        if body.get(name) is not None:
            user = check_text(body[name], name)
            if len(user) > MOST_USER:
                raise bad_value(name, f"has more than {MOST_USER} characters")
            return user
    return ""


def _read_messages(body: dict[str, Any]) -> tuple[Message, ...]:
    rows = body.get("messages")
    if not isinstance(rows, list) or not rows:
        raise bad_value("messages", "expected a list of at least one message")
    return tuple(_read_message(row, f"messages[{i}]") for i, row in enumerate(rows))


def _read_message(row: Any, place: str) -> Message:
    if not isinstance(row, dict):
        raise bad_value(place, "expected an object with role and content")
    role = check_text(row.get("role"), f"{place}.role")
    if role not in (*_ROLES, "tool"):
        raise bad_value(f"{place}.role", f"expected one of: {', '.join((*_ROLES, 'tool'))}")
    content = row.get("content")
    if content is None and role == "assistant" and row.get("tool_calls"):
        content = ""
    return Message(_ROLES.get(role, role), _content(content, f"{place}.content"))


def _content(value: Any, place: str) -> str:
    """Return a message's text: other kinds of content could make a server fetch an address."""
    if not isinstance(value, list):
        return check_text(value, place)
    for i, part in enumerate(value):
        if not isinstance(part, dict) or part.get("type") != "text":
            raise unsupported(f"{place}[{i}].type", "is not supported; only text is")
        for name in part:
            if name not in ("type", "text"):
                raise unsupported(f"{place}[{i}].{name}")
    return "".join(
        check_text(part.get("text"), f"{place}[{i}].text") for i, part in enumerate(value)
    )


def _read_prompt(body: dict[str, Any]) -> tuple[Message, ...]:
    prompt = body.get("prompt")
    if isinstance(prompt, list) and len(prompt) == 1:
        prompt = prompt[0]
    if isinstance(prompt, list):
        raise unsupported("prompt", "as a list is not supported; send one text")
    return (Message("user", check_text(prompt, "prompt")),)


def check_text(value: Any, place: str) -> str:
    """Return a value that is text; ApiError if it is none."""
    if not isinstance(value, str):
        raise bad_value(place, "expected text")
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise bad_value(place, "holds half a surrogate pair, which is no text") from error
    return value


def _flag(value: Any, place: str) -> bool:
    if value is not None and not isinstance(value, bool):
        raise bad_value(place, "expected true or false")
    return bool(value)


def read_wanted(asked: Asked) -> Wanted:
    """Return what is asked of local weights; ApiError names what they cannot do."""
    body = {name: value for name, value in asked.body.items() if value is not None}
    read = _READ - {"prompt" if asked.kind == "chat" else "messages"}
    for name, value in body.items():
        if name not in read and not _asks_nothing(name, value):
            raise unsupported(name)
    if asked.kind == "completion" and "max_completion_tokens" in body:
        raise unsupported("max_completion_tokens", "is not supported here; use max_tokens")
    if asked.kind == "chat":
        _check_conversation(asked)
    return Wanted(
        _read_limit(body),
        _real(body, "temperature", 0, 2),
        _whole(body, "seed", -(2**63), 2**63 - 1),
        _read_stops(body.get("stop")),
        _read_stream_options(asked, body.get("stream_options")),
    )


_READ = frozenset(
    {"model", "messages", "prompt", "stream", "stream_options", "max_tokens", "temperature"}
    | {"max_completion_tokens", "seed", "stop", "user", "safety_identifier"}
)
_NEUTRAL: dict[str, tuple[Any, ...]] = {
    "n": (1,),
    "best_of": (1,),
    "top_p": (1,),
    "presence_penalty": (0,),
    "frequency_penalty": (0,),
    "logprobs": (False,),
    "top_logprobs": (0,),
    "logit_bias": ({},),
    "echo": (False,),
    "suffix": ("",),
    "tools": ([],),
    "store": (False,),
    "metadata": ({},),
    "response_format": ({"type": "text"},),
}
"""Parameters that ask for nothing with these values."""


def _asks_nothing(name: str, value: Any) -> bool:
    # To Python, 0 is False: yet a completion with 0 logprobs asks for some.
    same = (n for n in _NEUTRAL.get(name, ()) if isinstance(n, bool) == isinstance(value, bool))
    return value in same


def _check_conversation(asked: Asked) -> None:
    for i, (message, row) in enumerate(zip(asked.messages, asked.body["messages"], strict=True)):
        for name in row:
            if name not in ("role", "content") and row[name] is not None:
                raise unsupported(f"messages[{i}].{name}")
        if message.role == "tool":
            raise unsupported(f"messages[{i}].role", "tool is not supported by this model")
    last = len(asked.messages) - 1
    if asked.messages[last].role != "user":
        raise bad_value(f"messages[{last}].role", "the last message has to be the user's")


def _read_limit(body: dict[str, Any]) -> int | None:
    limits = [_whole(body, n, 1, 10**9) for n in ("max_completion_tokens", "max_tokens")]
    return next((limit for limit in limits if limit is not None), None)


def _whole(body: dict[str, Any], name: str, least: int, most: int) -> int | None:
    value = body.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise bad_value(name, f"expected a whole number from {least} to {most}")
    return value


def _real(body: dict[str, Any], name: str, least: float, most: float) -> float | None:
    value = body.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= most:
        raise bad_value(name, f"expected a number from {least} to {most}")
    return float(value)


def _read_stops(value: Any) -> tuple[str, ...]:
    stops = [] if value is None else value if isinstance(value, list) else [value]
    if len(stops) > MOST_STOPS:
        raise bad_value("stop", f"has more than {MOST_STOPS} texts")
    for stop in stops:
        if not 0 < len(check_text(stop, "stop")) <= LONGEST_STOP:
            raise bad_value("stop", f"expected texts of 1 to {LONGEST_STOP} characters")
    return tuple(stops)


def _read_stream_options(asked: Asked, options: Any) -> bool:
    if options is None:
        return False
    if not asked.stream:
        raise bad_value("stream_options", "is only for a stream")
    if not isinstance(options, dict):
        raise bad_value("stream_options", "expected an object")
    for name in options:
        if name != "include_usage":
            raise unsupported(f"stream_options.{name}")
    return _flag(options.get("include_usage"), "stream_options.include_usage")
