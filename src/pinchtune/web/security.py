"""What keeps the pages safe: cookies, form tokens, origins, sizes, headers.

A form token is bound to the secret of its visitor's cookie, so a token of one session is worth
nothing in another one, and no secret of the server's own is needed. Before log-in the cookie is
one of the visit; logging in replaces it, so a cookie that was planted beforehand is of no use.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from typing import NamedTuple
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

SESSION, VISIT, LOCALE = "pinch-session", "pinch-visit", "pinch-locale"
API = "/api/"
WEEK, YEAR = 7 * 24 * 3600, 365 * 24 * 3600
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # With no-referrer, browsers would hide the origin of our own forms from us.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}


class Cookies(NamedTuple):
    """How this server writes its cookies."""

    https: bool

    def name(self, name: str) -> str:
        """Return the name; behind https no other host of the domain can plant it."""
        return f"__Host-{name}" if self.https else name

    def read(self, request: Request, name: str) -> str:
        """Return a cookie's value; empty if there is none."""
        return request.cookies.get(self.name(name), "")

    def write(self, response: Response, name: str, value: str, seconds: int) -> None:
        """Set a cookie that scripts and other sites cannot use."""
        response.set_cookie(
            self.name(name),
            value,
            max_age=seconds,
            path="/",
            httponly=True,
            samesite="lax",
            secure=self.https,
        )

    def drop(self, response: Response, name: str) -> None:
        """Remove a cookie."""
        response.delete_cookie(self.name(name), path="/", httponly=True, secure=self.https)


def new_secret() -> str:
    """Return a secret for the cookie of a visit."""
    return secrets.token_urlsafe(24)


def form_token(secret: str) -> str:
    """Return the token of the forms of whoever holds this cookie."""
    return hmac.new(secret.encode(), b"pinchtune form", hashlib.sha256).hexdigest()


def is_own_form(request: Request, secret: str, token: str) -> bool:
    """Say whether a POST comes from a page that this server gave to this visitor."""
    if not secret or not hmac.compare_digest(form_token(secret).encode(), token.encode()):
        return False
    origin = request.headers.get("origin")
    if origin is not None:
        return urlsplit(origin).netloc == request.headers.get("host", "")
    return request.headers.get("sec-fetch-site", "same-origin") in ("same-origin", "none")


def is_local(path: str) -> bool:
    """Say whether a path leads to a page of this server, and to no other."""
    plain = path.isprintable() and "\\" not in path
    return plain and path.startswith("/") and not path.startswith("//")


class Guard:
    """Adds the headers to every answer, and refuses bodies that are too large before reading.

    The size is counted while the body comes in, too: a sender need not say its length.
    """

    def __init__(self, app: ASGIApp, form_bytes: int, upload_bytes: int) -> None:
        self.app, self.form_bytes, self.upload_bytes = app, form_bytes, upload_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, with a limit on what it can send."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        body = _Body(receive, Headers(scope=scope), self._limit(scope))
        stale = scope["path"].startswith("/static/")

        async def send_safely(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
                if not stale:
                    headers.setdefault("Cache-Control", "no-store")
            await send(message)

        await self.app(scope, body.receive, send_safely)

    def _limit(self, scope: Scope) -> int:
        if scope["method"] in _SAFE:
            return 0
        uploads = scope["path"] in UPLOADS or scope["path"].startswith(API)
        return self.upload_bytes if uploads else self.form_bytes


UPLOADS = frozenset({"/sheets", "/glossary/import"})
"""Paths that take a file."""


class _Body:
    """A body that may not be larger than `limit`."""

    def __init__(self, receive: Receive, headers: Headers, limit: int) -> None:
        self._receive, self._limit, self._size = receive, limit, 0
        length = headers.get("content-length", "0")
        self._announced = int(length) if length.isdecimal() else 0

    async def receive(self) -> Message:
        """Return the next piece; HTTPException 413 if it is too much."""
        if self._announced > self._limit:
            raise HTTPException(413)
        message = await self._receive()
        self._size += len(message.get("body", b""))
        if self._size > self._limit:
            raise HTTPException(413)
        return message
