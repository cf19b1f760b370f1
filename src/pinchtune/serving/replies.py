"""Answers in the shapes of OpenAI's API: whole, or as a stream of events."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

from pinchtune.serving.asking import Kind

DONE = b"data: [DONE]\n\n"


class Usage(NamedTuple):
    """Tokens that were read and written."""

    prompt: int
    answer: int

    def to_json(self) -> dict[str, int]:
        """Return what clients read."""
        return {
            "prompt_tokens": self.prompt,
            "completion_tokens": self.answer,
            "total_tokens": self.prompt + self.answer,
        }


class Shape(NamedTuple):
    """What all parts of one answer have in common."""

    kind: Kind
    id: str
    created: int
    model: str
    """As the client named it."""
    version: str
    """Version that answers, as the fingerprint of the system."""

    def whole(self, text: str, finish: str, usage: Usage) -> bytes:
        """Return an answer that is not streamed."""
        row = self._row("text_completion" if self.kind == "completion" else "chat.completion")
        said: dict[str, Any] = (
            {"text": text}
            if self.kind == "completion"
            else {"message": {"role": "assistant", "content": text, "refusal": None}}
        )
        choice = {"index": 0, **said, "logprobs": None, "finish_reason": finish}
        return _dump({**row, "choices": [choice], "usage": usage.to_json()})

    def first(self) -> bytes:
        """Return the event that a chat begins with; a completion has none."""
        if self.kind == "completion":
            return b""
        return self._event([self._choice({"role": "assistant", "content": ""}, None)])

    def part(self, text: str) -> bytes:
        """Return the event of the next words."""
        return self._event([self._choice({"content": text}, None)])

    def last(self, finish: str) -> bytes:
        """Return the event that says why the answer ends."""
        return self._event([self._choice({}, finish)])

    def usage(self, usage: Usage) -> bytes:
        """Return the event that counts."""
        return self._event([], usage=usage.to_json())

    def _choice(self, delta: dict[str, str], finish: str | None) -> dict[str, Any]:
        said: dict[str, Any] = (
            {"text": delta.get("content", "")} if self.kind == "completion" else {"delta": delta}
        )
        return {"index": 0, **said, "logprobs": None, "finish_reason": finish}

    def _event(self, choices: list[dict[str, Any]], **more: Any) -> bytes:
        name = "text_completion" if self.kind == "completion" else "chat.completion.chunk"
        return event({**self._row(name), "choices": choices, **more})

    def _row(self, name: str) -> dict[str, Any]:
        return {
            "id": self.id,
            "object": name,
            "created": self.created,
            "model": self.model,
            "system_fingerprint": self.version,
        }


def event(value: dict[str, Any]) -> bytes:
    """Return one event of a stream."""
    return b"data: " + _dump(value) + b"\n\n"


def _dump(value: dict[str, Any]) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
