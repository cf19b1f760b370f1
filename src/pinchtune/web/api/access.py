"""Who calls, how often, and how much they send.

A token acts for the person who made it, with what that person may do at this moment. Cookies
count for nothing here, so that no page of another site can call the API in somebody's name.
"""

from __future__ import annotations

import json
import threading
from collections import OrderedDict
from collections.abc import Callable
from time import monotonic
from typing import Annotated

from fastapi import Depends, Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pinchtune.store import Person, Store, TooMany
from pinchtune.store.entry import find_token

BODY_BYTES = 1024 * 1024
"""Largest body: ten times the longest example."""
BURST, PER_SECOND = 300, 20.0
"""Requests that a caller may send at once, and how many more each second."""
GUESSES, GUESSES_PER_SECOND = 20, 0.2
"""The same for requests without a valid token, by the address that they come from."""
CALLERS = 10_000
"""Callers that are remembered; the one not seen for longest is forgotten first."""

_bearer = HTTPBearer(auto_error=False, description="A token of `pinch collect token`.")


class Limiter:
    """Lets each caller send a burst, and then a steady rate."""

    def __init__(
        self, burst: float, per_second: float, clock: Callable[[], float] = monotonic
    ) -> None:
        self.burst, self.per_second, self.clock = burst, per_second, clock
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()
        self._lock = threading.Lock()

    def take(self, caller: str, amount: float = 1.0) -> None:
        """Count a request; TooMany if the caller has to wait."""
        with self._lock:
            now = self.clock()
            left, before = self._left.pop(caller, (self.burst, now))
            left = min(self.burst, left + (now - before) * self.per_second)
            enough = left >= 1
            self._left[caller] = (left - amount if enough else left, now)
            if len(self._left) > CALLERS:
                self._left.popitem(last=False)
        if not enough:
            wait = int((1 - left) / self.per_second) + 1
            raise TooMany("Too many requests; try again in {wait} seconds.", wait=wait)


def get_store(request: Request) -> Store:
    """Return the database of the server."""
    store: Store = request.app.state.store
    return store


StoreHere = Annotated[Store, Depends(get_store)]


def get_caller(
    request: Request,
    store: StoreHere,
    given: Annotated[HTTPAuthorizationCredentials | None, Security(_bearer)],
) -> Person:
    """Return the person that the token acts for; 401 if it is none, 429 if it calls too often."""
    client = request.client.host if request.client else ""
    guesses: Limiter = request.app.state.guesses
    guesses.take(client, 0)
    person = find_token(store, given.credentials) if given and given.credentials else None
    if person is None:
        guesses.take(client)
        said = "Send a valid token: Authorization: Bearer …; `pinch collect token` makes one."
        raise HTTPException(401, said, {"WWW-Authenticate": "Bearer"})
    limiter: Limiter = request.app.state.limiter
    limiter.take(person.id)
    return person


Caller = Annotated[Person, Depends(get_caller)]


class BodyLimit:
    """Answers 413 to a body that is too large, without reading more of it than that."""

    def __init__(self, app: ASGIApp, most: int = BODY_BYTES) -> None:
        self.app, self.most = app, most

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Read the body up to the limit, and pass the request on with it."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        try:
            body = await self._read(scope, receive)
        except HTTPException:
            await _too_large(send)
            return
        await self.app(scope, _replay(body, receive), send)

    async def _read(self, scope: Scope, receive: Receive) -> bytes:
        length = Headers(scope=scope).get("content-length", "0")
        if length.isdecimal() and int(length[:12]) > self.most:
            raise HTTPException(413)
        body = bytearray()
        more = True
        while more:
            message = await receive()
            body += message.get("body", b"")
            more = message.get("more_body", False)
            if len(body) > self.most:
                raise HTTPException(413)
        return bytes(body)


def _replay(body: bytes, receive: Receive) -> Receive:
    waiting = [{"type": "http.request", "body": body, "more_body": False}]

    async def again() -> Message:
        return waiting.pop() if waiting else await receive()

    return again


async def _too_large(send: Send) -> None:
    error = {"error": {"code": "too_large", "message": "The body is larger than 1 MB."}}
    headers = [(b"content-type", b"application/json"), (b"connection", b"close")]
    await send({"type": "http.response.start", "status": 413, "headers": headers})
    await send({"type": "http.response.body", "body": json.dumps(error).encode()})
