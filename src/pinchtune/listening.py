"""What a server of ours needs whatever it serves: its socket, its end, its log.

The log names who asked for what and how it ended, and nothing secret: no query, no header, no
body. Nothing is sent anywhere.
"""

from __future__ import annotations

import errno
import logging
import re
import signal
import socket
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from ipaddress import ip_address
from time import perf_counter
from typing import TYPE_CHECKING

from pinchtune.errors import UsageError

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

KEEP_ALIVE = 75
"""Seconds that an idle connection stays: longer than browsers and proxies keep theirs, so that
none is closed at the moment at which a request is sent."""
BACKLOG = 1024
"""Connections that wait to be taken."""
_KEY = re.compile(r"pinch-[\w-]{20,}")
"""An API key of ours, which somebody took for a part of the path."""
_log = logging.getLogger("pinchtune.access")


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens; the sentence if it cannot says what to do."""
    taken = bind(host, port)
    taken.listen(BACKLOG)
    return taken


def bind(host: str, port: int) -> socket.socket:
    """Return a socket that has its port and does not listen yet: whoever connects is refused."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # Only where the protocol is named does asyncio send small parts at once (TCP_NODELAY).
    taken = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind((host, port))
    except OSError as error:
        taken.close()
        if error.errno == errno.EADDRINUSE:
            raise UsageError(
                f"port {port} is taken by another program; choose one with --port"
            ) from error
        reason = (error.strerror or str(error)).lower()
        raise UsageError(
            f"{host}:{port} cannot be listened on ({reason}); check --host and --port"
        ) from error
    return taken


def http_address(host: str, port: int) -> str:
    """Return where a server is reached."""
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"


def is_loopback(host: str) -> bool:
    """Return True if only this machine reaches the host."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


@contextmanager
def stopping_is_no_failure() -> Iterator[None]:
    """Let SIGTERM and Ctrl-C end the server, and then nothing else: it has ended by itself.

    uvicorn raises the signal once more after its shutdown; this is what it then meets.
    """
    before = {s: signal.signal(s, lambda *_: None) for s in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def set_up_log() -> None:
    """Write our lines, and uvicorn's warnings, to stderr."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    for name in ("pinchtune", "uvicorn.error"):
        log = logging.getLogger(name)
        log.handlers, log.propagate = [handler], False
    logging.getLogger("pinchtune").setLevel(logging.INFO)
    logging.getLogger("uvicorn.error").setLevel(logging.WARNING)


class AccessLog:
    """Writes a line for each request: from where, what, how it ended, how long it took.

    `secret` are beginnings of paths that go on with a secret.
    """

    def __init__(self, app: ASGIApp, secret: Sequence[str] = ()) -> None:
        self.app, self.secret = app, secret

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on and log its end."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        start, status = perf_counter(), 500

        async def watch(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self.app(scope, receive, watch)
        finally:
            client = (scope.get("client") or ("-",))[0]
            spent = 1000 * (perf_counter() - start)
            path = hide_secrets(scope["path"], self.secret)
            _log.info("%s %s %s %d %.0f ms", client, scope["method"], path, status, spent)


def hide_secrets(path: str, secret: Sequence[str] = ()) -> str:
    """Return a path as the log may hold it: one line, no token, no API key."""
    path = _KEY.sub("pinch-…", path)
    for beginning in secret:
        if path.startswith(beginning):
            path = f"{beginning}…"
    return (
        path[:200].encode("unicode_escape").decode("ascii")
        if not path.isprintable()
        else path[:200]
    )
