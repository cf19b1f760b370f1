"""One request from its head to its last byte: who asks, which arm, the answer, what is noted."""

from __future__ import annotations

import asyncio
import logging
from contextlib import aclosing, suppress
from time import perf_counter, time
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from starlette.datastructures import Headers

from pinchtune.abtest.records import Exchange
from pinchtune.errors import trace_of
from pinchtune.listening import is_loopback
from pinchtune.serving.asking import Asked, Kind, read_asked
from pinchtune.serving.errors import ApiError, unforeseen
from pinchtune.serving.guard import ID, send_error
from pinchtune.serving.keys import ANYBODY
from pinchtune.serving.replies import Shape, event

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

    from pinchtune.serving.arms import Answering, Arm
    from pinchtune.serving.keys import Holder
    from pinchtune.serving.service import Service

LEFT = 499
"""Status that is noted where the client left."""
_PREFIX = {"chat": "chatcmpl-", "completion": "cmpl-"}
_log = logging.getLogger("pinchtune.serving")


def let_in(service: Service, scope: Scope, has_body: bool) -> Holder:
    """Return who asks; ApiError if nobody may, or the request could come from a web page."""
    headers = Headers(scope=scope)
    holder = service.keys.find(headers.get("authorization"))
    if holder is ANYBODY and not _is_here(scope, headers):
        raise ApiError(401, "without an API key only this machine may ask", "missing_api_key")
    if has_body and headers.get("content-type", "").partition(";")[0].strip() != "application/json":
        # Other types can be sent by any web page that somebody on this machine looks at.
        raise ApiError(415, "Content-Type: expected application/json", "bad_content_type")
    return holder


def _is_here(scope: Scope, headers: Headers) -> bool:
    """Say whether somebody on this machine asks, and no page under a name that leads here."""
    client = (scope.get("client") or ("",))[0]
    try:
        host = urlsplit(f"//{headers.get('host', '')}").hostname or ""
    except ValueError:
        return False
    return is_loopback(client) and is_loopback(host)


async def read_body(receive: Receive) -> bytes:
    """Return a request's body."""
    parts = []
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ApiError(LEFT, "the client left", "client_left")
        parts.append(message.get("body", b""))
        if not message.get("more_body", False):
            return b"".join(parts)


class Answers:
    """The address of chats, or that of completions."""

    def __init__(self, service: Service, kind: Kind) -> None:
        self.service, self.kind = service, kind

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        service, is_read = self.service, False
        try:
            holder = let_in(service, scope, has_body=True)
            with service.limits.of(holder.name).enter(), service.metrics.running.track_inprogress():
                data = await read_body(receive)
                is_read = True
                asked = read_asked(data, self.kind)
                language = service.ear.hear_question(asked.question)
                arm = service.choose(asked, language)
                turn = _Turn(service, arm, asked, language, scope[ID])
                await turn.take(receive, send)
        except ApiError as error:
            service.metrics.refuse(self.kind, error.status)
            # Of whoever is turned away, no body is read.
            await send_error(send, error, close=not is_read)


class _Turn:
    """One answer that is given."""

    def __init__(
        self, service: Service, arm: Arm, asked: Asked, language: str, request: str
    ) -> None:
        self.service, self.arm, self.asked, self.language = service, arm, asked, language
        self.when, self.start = time(), perf_counter()
        self.id = request
        self.status = 200
        self.begun = self.whole = self.left = False
        self.answering: Answering | None = None

    async def take(self, receive: Receive, send: Send) -> None:
        """Send the answer until its end, or until the client leaves or time is up."""
        limit = asyncio.timeout(self.service.config.serve.answer_seconds)
        watch = asyncio.create_task(self._watch(receive, limit))
        try:
            async with limit:
                await self._send(send)
        except TimeoutError:
            await self._break_off(send)
        except ApiError as error:
            await self._fail(send, error)
        except asyncio.CancelledError:
            # The server stops and has waited long enough.
            self.status = 503
            raise
        except Exception as error:
            _log.error("an answer failed: %s", trace_of(error))
            await self._fail(send, unforeseen())
        finally:
            watch.cancel()
            await self._end()

    async def _watch(self, receive: Receive, limit: asyncio.Timeout) -> None:
        """End the answer when the client leaves."""
        while (await receive())["type"] != "http.disconnect":
            pass
        if not self.whole:
            self.left = True
            # It may be over in this very moment.
            with suppress(RuntimeError):
                limit.reschedule(asyncio.get_running_loop().time())

    async def _send(self, send: Send) -> None:
        shape = Shape(
            self.asked.kind,
            _PREFIX[self.asked.kind] + self.id,
            int(self.when),
            self.asked.model,
            "",
        )
        self.answering = answering = await self.arm.answer(self.asked, shape)
        async with aclosing(answering.parts()) as parts:
            async for part in parts:
                if not self.begun:
                    await self._begin(send, answering, part)
                await send({"type": "http.response.body", "body": part, "more_body": True})
        self.whole = True
        await send({"type": "http.response.body", "body": b""})

    async def _begin(self, send: Send, answering: Answering, part: bytes) -> None:
        """Send the head, now that the first part is there."""
        self.status = answering.status
        headers = list(answering.headers)
        # nginx would hold a stream back until it is whole.
        more = (b"x-accel-buffering", b"no")
        if not answering.stream:
            more = (b"content-length", str(len(part)).encode())
        headers.append(more)
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
        self.begun = True

    async def _break_off(self, send: Send) -> None:
        if self.left:
            self.status = LEFT
            return
        seconds = self.service.config.serve.answer_seconds
        await self._fail(send, ApiError(504, f"the answer took over {seconds} s", "timeout"))

    async def _fail(self, send: Send, error: ApiError) -> None:
        """Tell the client what went wrong: as the reply, or as the last event of a stream."""
        self.status = error.status
        if not self.begun:
            await send_error(send, error)
            return
        # The blank line ends an event that was broken off.
        body = b"\n\n" + event(error.body())
        await send({"type": "http.response.body", "body": body})

    async def _end(self) -> None:
        if self.answering is not None:
            await self.answering.close()
        self.service.note(self.asked.kind, self._exchange(self.answering))

    def _exchange(self, answering: Answering | None) -> Exchange:
        text, tokens = answering.said() if answering else ("", 0)
        first = answering.first if answering else 0.0
        return Exchange(
            id=self.id,
            time=self.when,
            user=self.asked.user,
            arm=self.arm.name,
            version=answering.version if answering else "",
            language=self.language,
            answer_language=self.service.ear.hear(text),
            question=self.asked.question,
            answer=text,
            tokens=tokens,
            seconds=perf_counter() - self.start,
            first_seconds=first - self.start if first else 0.0,
            status=self.status,
        )
