"""What every request meets first: no doubtful head, no body that is too large or too slow.

A request whose length can be read in two ways could smuggle a second one past a proxy; it is
refused, and its connection closed. The size is counted while the body comes in: a sender need not
say its length. Whatever nobody foresaw is told as any other error is, and logged without its words.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING
from uuid import uuid4

from starlette.datastructures import MutableHeaders

from pinchtune.errors import trace_of
from pinchtune.serving.errors import LAST, ApiError, unforeseen

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

BODY_SECONDS = 30
"""Longest time that a body takes to come in."""
HEADERS = {"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store"}
ID = "pinch.id"
"""Where the scope holds a request's id."""
_log = logging.getLogger("pinchtune.serving")


class Guard:
    """Gives each request its id, and turns away what is no clean request."""

    def __init__(self, app: ASGIApp, body_bytes: int, body_seconds: float = BODY_SECONDS) -> None:
        self.app, self.body_bytes, self.body_seconds = app, body_bytes, body_seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a clean request on."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        scope[ID] = uuid4().hex

        async def send_marked(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers["X-Request-Id"] = scope[ID]
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        try:
            _check_head(scope, self.body_bytes)
        except ApiError as error:
            await send_error(send_marked, error, close=True)
            return
        body = _Body(receive, self.body_bytes, self.body_seconds)
        await self.app(scope, body.receive, send_marked)


def _check_head(scope: Scope, body_bytes: int) -> None:
    lengths = [value for name, value in scope["headers"] if name == b"content-length"]
    codings = [value for name, value in scope["headers"] if name == b"transfer-encoding"]
    if (lengths and codings) or len(lengths) > 1 or len(codings) > 1:
        raise ApiError(400, "the request says its length in two ways", "bad_request")
    if lengths and not (lengths[0].isdigit() and len(lengths[0]) < 20):
        raise ApiError(400, "Content-Length: expected a whole number", "bad_request")
    if lengths and int(lengths[0]) > body_bytes:
        raise _too_large(body_bytes)


def _too_large(limit: int) -> ApiError:
    return ApiError(413, f"the body is longer than {limit // 1024} KB", "request_too_large")


class _Body:
    """A body that comes in by pieces, with a limit on size and time."""

    def __init__(self, receive: Receive, limit: int, seconds: float) -> None:
        self._receive, self._limit = receive, limit
        self._size, self._whole = 0, False
        self._end = asyncio.get_running_loop().time() + seconds

    async def receive(self) -> Message:
        """Return the next message; ApiError 408 or 413 if the body takes too long or too much."""
        if self._whole:
            return await self._receive()
        try:
            async with asyncio.timeout_at(self._end):
                message = await self._receive()
        except TimeoutError as error:
            raise ApiError(408, "the body came in too slowly", "request_timeout") from error
        self._size += len(message.get("body", b""))
        if self._size > self._limit:
            raise _too_large(self._limit)
        self._whole = not message.get("more_body", False)
        return message


class Net:
    """Catches what the application did not: the client reads an error of the usual shape."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        begun = False

        async def watch(message: Message) -> None:
            nonlocal begun
            await send(message)
            begun = True

        try:
            await self.app(scope, receive, watch)
        except Exception as error:
            _log.error("a request failed: %s", trace_of(error))
            if not begun:
                await send_error(send, unforeseen())


async def send_error(send: Send, error: ApiError, close: bool = False) -> None:
    """Send an error as the whole reply; `close` ends the connection with it."""
    data = error.data()
    headers = [*error.headers(), (b"content-length", str(len(data)).encode())]
    if close and error.status not in LAST:
        headers.append((b"connection", b"close"))
    await send({"type": "http.response.start", "status": error.status, "headers": headers})
    await send({"type": "http.response.body", "body": data})
