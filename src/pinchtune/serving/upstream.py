"""Arms that are other OpenAI-compatible servers: their bytes pass through unchanged.

The address comes from the configuration alone, and a redirect is not followed: no request chooses
where this server connects to. Of the headers, a few pass; a client's key never does, nor does
whatever concerns one connection only.
"""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Iterator
from contextlib import contextmanager
from time import perf_counter
from typing import TYPE_CHECKING

import httpx

from pinchtune.config import UpstreamConfig
from pinchtune.model.endpoint import read_key
from pinchtune.serving.arms import JSON_TYPE
from pinchtune.serving.errors import ApiError
from pinchtune.serving.hearing import hear
from pinchtune.serving.lines import Lines

if TYPE_CHECKING:
    from pinchtune.serving.asking import Asked
    from pinchtune.serving.replies import Shape

PATHS = {"chat": "chat/completions", "completion": "completions"}
CONNECT_SECONDS, SILENCE_SECONDS = 5.0, 120.0
MAX_REPLY_BYTES = 16 * 1024 * 1024
"""Longest reply that is no stream."""
MAX_HEARD_BYTES = 4 * 1024 * 1024
"""So much of a stream is kept to tell its language and count its tokens."""
EVENTS = "text/event-stream"
"""Kind of a reply that passes as it comes; of others only JSON does."""
_PASSED = ("content-type", "content-encoding", "retry-after")
"""Headers of a reply that pass."""
_OURS = (401, 403, 407)
"""Statuses that concern our key, not the client's."""


def make_client() -> httpx.AsyncClient:
    """Return the client of one upstream: no redirects, no settings from the environment."""
    return httpx.AsyncClient(
        transport=Lines(),
        follow_redirects=False,
        trust_env=False,
        timeout=httpx.Timeout(SILENCE_SECONDS, connect=CONNECT_SECONDS),
    )


class UpstreamArm:
    """Another server under a name of ours."""

    version, ready = "", True

    def __init__(self, name: str, config: UpstreamConfig) -> None:
        self.name, self.client, self.model = name, make_client(), config.model
        self.base = config.url.rstrip("/")
        key = read_key((config.key,)) if config.key else ""
        self.headers = {"Content-Type": "application/json", "Accept-Encoding": "identity"}
        self.headers |= {"Authorization": f"Bearer {key}"} if key else {}

    async def answer(self, asked: Asked, shape: Shape) -> UpstreamAnswering:
        """Ask the server; ApiError if it cannot be reached, or redirects."""
        body = json.dumps({**asked.body, "model": self.model}).encode()
        url = f"{self.base}/{PATHS[asked.kind]}"
        request = self.client.build_request("POST", url, content=body, headers=self.headers)
        with _named(self.name):
            response = await self._send(request)
        answering = UpstreamAnswering(self.name, response, asked.stream)
        if 300 <= response.status_code < 400 or response.status_code in _OURS:
            await answering.close()
            raise _refused(self.name, response.status_code)
        return answering

    async def close(self) -> None:
        """Close all connections."""
        await self.client.aclose()

    async def _send(self, request: httpx.Request) -> httpx.Response:
        try:
            return await self.client.send(request, stream=True)
        except (httpx.RemoteProtocolError, httpx.ReadError, httpx.WriteError):
            # The server closed an idle connection just as it was taken again.
            return await self.client.send(request, stream=True)


class UpstreamAnswering:
    """A reply on its way through."""

    version, first = "", 0.0

    def __init__(self, name: str, response: httpx.Response, stream: bool) -> None:
        self.name, self.response, self.status = name, response, response.status_code
        self.kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
        self.stream = stream and self.status == 200 and self.kind == EVENTS
        self.headers = [
            (header.encode(), response.headers[header].encode("latin-1"))
            for header in _PASSED
            if header in response.headers
        ]
        self._heard = bytearray()

    def parts(self) -> AsyncGenerator[bytes, None]:
        """Yield the bytes as they come; a reply that is no stream in one part."""
        return self._flow() if self.stream else self._whole()

    async def _flow(self) -> AsyncGenerator[bytes, None]:
        with _named(self.name):
            async for part in self.response.aiter_raw():
                self.first = self.first or perf_counter()
                if len(self._heard) < MAX_HEARD_BYTES:
                    self._heard += part
                yield part

    async def _whole(self) -> AsyncGenerator[bytes, None]:
        with _named(self.name):
            async for part in self.response.aiter_raw():
                self._heard += part
                if len(self._heard) > MAX_REPLY_BYTES:
                    raise ApiError(502, f"{self.name}: the reply is too long", "bad_upstream")
        if self.kind != JSON_TYPE.decode():
            message = f"{self.name}: the server behind it replied with no JSON"
            raise ApiError(502, message, "bad_upstream")
        self.first = perf_counter()
        yield bytes(self._heard)

    async def close(self) -> None:
        """Let go of the connection."""
        await self.response.aclose()

    def said(self) -> tuple[str, int]:
        """Return text and tokens that came."""
        return hear(bytes(self._heard), self.stream)


def _refused(name: str, status: int) -> ApiError:
    message = f"{name}: the server behind it replied with status {status}"
    return ApiError(502, message, "bad_upstream")


@contextmanager
def _named(name: str) -> Iterator[None]:
    """Turn what goes wrong with a server into an error that names it, and no address."""
    try:
        yield
    except httpx.TimeoutException as error:
        message = f"{name}: the server behind it did not reply in time"
        raise ApiError(504, message, "upstream_timeout") from error
    except httpx.HTTPError as error:
        message = f"{name}: the server behind it cannot be reached, or broke off"
        raise ApiError(502, message, "bad_upstream") from error
