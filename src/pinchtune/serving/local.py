"""Arms of local weights: a request becomes a job of the engine, its pieces the answer."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncGenerator
from concurrent.futures import Executor
from time import perf_counter
from typing import TYPE_CHECKING, Any, NamedTuple

from pinchtune.config import GenerateConfig
from pinchtune.serving.arms import JSON_TYPE, STREAM_TYPE
from pinchtune.serving.asking import Asked, Wanted, read_wanted
from pinchtune.serving.errors import ApiError, bad_value
from pinchtune.serving.jobs import FAILED, Job, Piece
from pinchtune.serving.replies import DONE, Shape, Usage
from pinchtune.serving.writing import Writing

if TYPE_CHECKING:
    from pinchtune.model.pick import Draw
    from pinchtune.serving.batch import Batch
    from pinchtune.serving.engine import Engine


class Loaded(NamedTuple):
    """A version in memory."""

    version: str
    seal: str
    """Names its files."""
    tokenizer: Any
    batch: Batch


class LocalArm:
    """The weights that a pointer names; they can be exchanged while answers are written.

    What a request does not say is as in [generate]: people get what was evaluated.
    """

    def __init__(
        self, name: str, engine: Engine, defaults: GenerateConfig, context: int, reader: Executor
    ) -> None:
        self.name, self.engine, self.defaults, self.context = name, engine, defaults, context
        self.reader = reader
        """Turns prompts into tokens, one at a time: tokenizers bear no two threads."""
        self.loaded: Loaded | None = None

    @property
    def version(self) -> str:
        """The version that answers; empty if there is none."""
        return self.loaded.version if self.loaded else ""

    @property
    def ready(self) -> bool:
        """True if a version is loaded."""
        return self.loaded is not None

    async def answer(self, asked: Asked, shape: Shape) -> LocalAnswering:
        """Queue the request; ApiError if it asks for what cannot be, or the queue is full."""
        loaded, wanted = self.loaded, read_wanted(asked)
        if loaded is None:
            raise ApiError(503, f"{self.name} has no version yet", "no_version")
        loop = asyncio.get_running_loop()
        ids = await loop.run_in_executor(self.reader, _read, loaded.tokenizer, asked)
        pieces: asyncio.Queue[Piece] = asyncio.Queue()

        def tell(piece: Piece) -> None:
            loop.call_soon_threadsafe(pieces.put_nowait, piece)

        writing = Writing(loaded.tokenizer, wanted.stops, strip=asked.kind == "chat")
        limit = self._limit(wanted, len(ids))
        draw = self._draw(wanted, loaded.batch.decoder.device)
        job = Job(ids, limit, writing, tell, draw)
        self.engine.submit(loaded.batch, job)
        shape = shape._replace(version=loaded.version)
        return LocalAnswering(job, pieces, shape, asked.stream, wanted.include_usage)

    def _limit(self, wanted: Wanted, read: int) -> int:
        """Return the most tokens of the answer."""
        room = self.context - read
        if room < 1 or (wanted.limit or 0) > room:
            asked = f" and an answer of {wanted.limit}" if wanted.limit else ""
            raise ApiError(
                400,
                f"a prompt of {read} tokens{asked} is more than the {self.context} that fit",
                "context_length_exceeded",
                "max_tokens" if room > 0 else "messages",
            )
        return wanted.limit or min(room, self.defaults.max_new_tokens)

    def _draw(self, wanted: Wanted, device: Any) -> Draw | None:
        import torch

        from pinchtune.model.pick import Draw

        chosen = wanted.temperature
        temperature = self.defaults.temperature if chosen is None else chosen
        if not temperature:
            return None
        seed = secrets.randbits(63) if wanted.seed is None else wanted.seed
        return Draw(temperature, torch.Generator(device).manual_seed(seed))


def _read(tokenizer: Any, asked: Asked) -> list[int]:
    """Return the tokens of a request's prompt."""
    from jinja2 import TemplateError

    from pinchtune.model.chat import encode_conversation, encode_text

    if asked.kind == "completion":
        if ids := encode_text(tokenizer, asked.question):
            return ids
        raise bad_value("prompt", "is empty")
    try:
        return encode_conversation(tokenizer, asked.messages)
    except TemplateError as error:
        message = "the model's chat template does not take this order of roles"
        raise ApiError(400, message, "invalid_value", "messages") from error


class LocalAnswering:
    """An answer that the engine writes."""

    status, first = 200, 0.0

    def __init__(
        self, job: Job, pieces: asyncio.Queue[Piece], shape: Shape, stream: bool, counts: bool
    ) -> None:
        self.job, self.pieces, self.shape = job, pieces, shape
        self.stream, self.counts = stream, counts
        self.headers = [(b"content-type", STREAM_TYPE if stream else JSON_TYPE)]
        self.version = shape.version
        self._texts: list[str] = []
        self._tokens = 0

    def parts(self) -> AsyncGenerator[bytes, None]:
        """Yield events as the words come, or the whole answer."""
        return self._events() if self.stream else self._whole()

    async def _events(self) -> AsyncGenerator[bytes, None]:
        head = self.shape.first()
        async for piece in self._read():
            if piece.text:
                yield head + self.shape.part(piece.text)
                head = b""
            if piece.finish:
                tail = self.shape.usage(self._usage()) if self.counts else b""
                yield head + self.shape.last(piece.finish) + tail + DONE

    async def _whole(self) -> AsyncGenerator[bytes, None]:
        finish = ""
        async for piece in self._read():
            finish = piece.finish
        yield self.shape.whole("".join(self._texts), finish, self._usage())

    async def _read(self) -> AsyncGenerator[Piece, None]:
        """Yield the pieces, the last one with its reason; ApiError if the model fails."""
        while True:
            piece = await self.pieces.get()
            if piece.finish == FAILED:
                raise ApiError(500, "the model failed; the log says why", "model_failed")
            self.first = self.first or perf_counter()
            self._texts.append(piece.text)
            self._tokens = piece.tokens
            yield piece
            if piece.finish:
                return

    def _usage(self) -> Usage:
        return Usage(len(self.job.ids), self._tokens)

    async def close(self) -> None:
        """Free its slot."""
        self.job.ended = True

    def said(self) -> tuple[str, int]:
        """Return text and tokens so far."""
        return "".join(self._texts), self._tokens
