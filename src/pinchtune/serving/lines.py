"""Connections to another server, each of its own.

httpx's pool looks at all its connections whenever one is taken or given back; with a hundred
streams that takes longer than all the rest. Here the last one that came back is taken, and a new
one is opened if there is none.
"""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Callable

import httpx

IDLE_SECONDS = 2.0
"""Time that an idle connection is used again: shorter than servers keep theirs."""
_ONE = httpx.Limits(max_connections=1, keepalive_expiry=IDLE_SECONDS)


class Lines(httpx.AsyncBaseTransport):
    """A transport to one server."""

    def __init__(self) -> None:
        self._idle: list[httpx.AsyncHTTPTransport] = []
        self._all: set[httpx.AsyncHTTPTransport] = set()
        # Reading the certificates takes a tenth of a second: once, not for each connection.
        self._verify = ssl.create_default_context()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request; its connection comes back when the response is closed."""
        line = self._idle.pop() if self._idle else self._open()
        try:
            response = await line.handle_async_request(request)
        except BaseException:
            # Its connection is closed by now, or in a state that nobody should meet again.
            self._all.discard(line)
            raise
        assert isinstance(response.stream, httpx.AsyncByteStream)
        response.stream = _Returning(response.stream, lambda: self._idle.append(line))
        return response

    async def aclose(self) -> None:
        """Close all connections."""
        for line in self._all:
            await line.aclose()

    def _open(self) -> httpx.AsyncHTTPTransport:
        line = httpx.AsyncHTTPTransport(verify=self._verify, trust_env=False, limits=_ONE)
        self._all.add(line)
        return line


class _Returning(httpx.AsyncByteStream):
    """A reply's bytes; calls `give_back` once it is closed."""

    def __init__(self, inner: httpx.AsyncByteStream, give_back: Callable[[], None]) -> None:
        self._inner, self._give_back = inner, give_back

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for part in self._inner:
            yield part

    async def aclose(self) -> None:
        await self._inner.aclose()
        self._give_back()
