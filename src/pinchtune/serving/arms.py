"""What answers: an arm gives an answer as parts of bytes, and keeps what they say."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from time import perf_counter
from typing import Protocol

from pinchtune.serving.asking import Asked
from pinchtune.serving.errors import ApiError
from pinchtune.serving.replies import DONE, Shape, Usage

JSON_TYPE, STREAM_TYPE = b"application/json", b"text/event-stream; charset=utf-8"


class Answering(Protocol):
    """One answer on its way to the client."""

    status: int
    stream: bool
    """False if the body comes in one part."""
    headers: list[tuple[bytes, bytes]]
    version: str
    """Version that answers; empty if it is none of ours."""
    first: float
    """When its first token came, by `perf_counter`; 0 as long as there is none."""

    def parts(self) -> AsyncGenerator[bytes, None]:
        """Yield the body; an ApiError before the first part is the reply instead."""
        ...

    async def close(self) -> None:
        """Let go of it: the client has all, or has left."""
        ...

    def said(self) -> tuple[str, int]:
        """Return text and tokens, as far as they were sent."""
        ...


class Arm(Protocol):
    """Anything that answers."""

    name: str

    @property
    def version(self) -> str:
        """Version behind the arm; empty if it has none of ours."""
        ...

    @property
    def ready(self) -> bool:
        """False as long as nothing stands behind it."""
        ...

    async def answer(self, asked: Asked, shape: Shape) -> Answering:
        """Return the answer; ApiError if there will be none."""
        ...


class ScriptedArm:
    """A fake for tests: answers from a table, in parts of a word."""

    ready = True

    def __init__(self, name: str, answers: Mapping[str, str], version: str = "scripted") -> None:
        self.name, self.answers, self.version = name, answers, version

    async def answer(self, asked: Asked, shape: Shape) -> Answering:
        """Return the scripted answer; ApiError 500 where there is none."""
        if asked.question not in self.answers:
            raise ApiError(500, "the script has no answer", "no_script")
        return ScriptedAnswering(
            self.answers[asked.question], asked, shape._replace(version=self.version)
        )


class ScriptedAnswering:
    """An answer of the fake."""

    status, first = 200, 0.0

    def __init__(self, text: str, asked: Asked, shape: Shape) -> None:
        self.words, self.stream, self.shape = text.split(" "), asked.stream, shape
        self.headers = [(b"content-type", STREAM_TYPE if asked.stream else JSON_TYPE)]
        self.version, self.sent = shape.version, list[str]()

    async def parts(self) -> AsyncGenerator[bytes, None]:
        """Yield an event a word, or the whole."""
        for i, word in enumerate(self.words):
            self.first = self.first or perf_counter()
            self.sent.append(f" {word}" if i else word)
            if self.stream:
                yield self.shape.part(self.sent[-1])
        if self.stream:
            yield self.shape.last("stop") + DONE
        else:
            yield self.shape.whole("".join(self.sent), "stop", Usage(1, len(self.words)))

    async def close(self) -> None:
        """Nothing is held."""

    def said(self) -> tuple[str, int]:
        """Return the words that were sent."""
        return "".join(self.sent), len(self.sent)
