"""Running the workplace: one process, one port, until it is told to stop.

The log names who asked for what and how it ended, and nothing secret: no query, no token of an
invitation. Nothing is sent anywhere.
"""

from __future__ import annotations

import errno
import logging
import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import ip_address
from time import perf_counter
from typing import TYPE_CHECKING

from pinchtune.errors import MissingExtra, UsageError

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from pinchtune.stages.project import Project
    from pinchtune.store import Store
    from pinchtune.web.settings import WebSettings

KEEP_ALIVE = 75
"""Seconds that an idle connection stays: longer than browsers and proxies keep theirs, so that
none is closed at the moment at which a form is sent."""
GRACE = 10
"""Seconds that requests have to end when the server is told to stop."""
_SECRET = ("/welcome/",)
"""Paths that go on with a secret."""
_log = logging.getLogger("pinchtune.web.access")


def serve(
    project: Project, host: str, port: int, address: str = "", drafts: str = "", quiet: bool = False
) -> None:
    """Serve the project's workplace until SIGTERM or Ctrl-C; requests that have begun are ended."""
    try:
        import uvicorn

        from pinchtune.web.app import make_app
    except ModuleNotFoundError as error:
        if error.name is None or error.name.startswith("pinchtune"):
            raise
        raise MissingExtra(error.name, "web") from error
    with _listen(host, port) as listener, _opened(project) as store:
        here = address or _address(host, listener.getsockname()[1])
        app = make_app(store, project=project, settings=_settings(project, address, drafts))
        _greet(store, host, here)
        _set_up_log()
        app.state.web.runs.warm()
        config = uvicorn.Config(
            app if quiet else AccessLog(app),
            access_log=False,
            log_config=None,
            server_header=False,
            timeout_graceful_shutdown=GRACE,
            timeout_keep_alive=KEEP_ALIVE,
        )
        with _stopping_is_no_failure():
            uvicorn.Server(config).run([listener])
    sys.stderr.write("stopped\n")


@contextmanager
def _opened(project: Project) -> Iterator[Store]:
    store = project.open_store(create=True)
    try:
        yield store
    finally:
        store.close()


def _listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens; the sentence if it cannot says what to do."""
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        return socket.create_server((host, port), family=family)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise UsageError(
                f"port {port} is taken by another program; choose one with --port"
            ) from error
        reason = (error.strerror or str(error)).lower()
        raise UsageError(
            f"{host}:{port} cannot be listened on ({reason}); check --host and --port"
        ) from error


def _address(host: str, port: int) -> str:
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"


def _settings(project: Project, address: str, drafts: str) -> WebSettings:
    from pinchtune.web.settings import WebSettings

    https = address.startswith("https://")
    if not drafts:
        return WebSettings(address, https)
    from pinchtune.data.mix import ARMS
    from pinchtune.stages.generate import load_generator
    from pinchtune.stages.project import BASE_ARM

    if drafts not in (BASE_ARM, *ARMS):
        raise UsageError(f"--drafts {drafts}: use one of: {', '.join((BASE_ARM, *ARMS))}")
    name = f"{project.config.model.base} ({drafts})"
    generator = load_generator(project, drafts)
    return WebSettings(address, https, generator=generator, generator_name=name)


def _greet(store: Store, host: str, address: str) -> None:
    """Say where the workplace is; the one-time link of the first administrator comes first."""
    from pinchtune.store.people import bootstrap

    token = bootstrap(store)
    if token:
        sys.stdout.write(
            "Nobody administers this workplace yet. Open this link once, within a day, to do so;\n"
            f"it is for you alone:\n\n    {address.rstrip('/')}/welcome/{token}\n\n"
        )
    sys.stdout.write(f"Workplace: {address} (database {store.name}); stop it with Ctrl-C\n")
    if not _is_loopback(host) and not address.startswith("https://"):
        sys.stdout.write(
            f"Warning: {host} is reachable from other machines, and passwords would travel as\n"
            "plain text. Put a server with https in front, and name it: --address https://…\n"
        )
    sys.stdout.flush()


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


@contextmanager
def _stopping_is_no_failure() -> Iterator[None]:
    """Let SIGTERM and Ctrl-C end the server, and then nothing else: it has ended by itself.

    uvicorn raises the signal once more after its shutdown; this is what it then meets.
    """
    before = {s: signal.signal(s, lambda *_: None) for s in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _set_up_log() -> None:
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    for name in ("pinchtune", "uvicorn.error"):
        log = logging.getLogger(name)
        log.handlers, log.propagate = [handler], False
    logging.getLogger("pinchtune").setLevel(logging.INFO)
    logging.getLogger("uvicorn.error").setLevel(logging.WARNING)


class AccessLog:
    """Writes a line for each request: from where, what, how it ended, how long it took."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

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
            path = hide_secrets(scope["path"])
            _log.info("%s %s %s %d %.0f ms", client, scope["method"], path, status, spent)


def hide_secrets(path: str) -> str:
    """Return a path as the log may hold it: one line, no token."""
    for beginning in _SECRET:
        if path.startswith(beginning):
            path = f"{beginning}…"
    return (
        path[:200].encode("unicode_escape").decode("ascii")
        if not path.isprintable()
        else path[:200]
    )
