"""Running the workplace: one process, one port, until it is told to stop.

The log holds nothing secret: no query, no token of an invitation.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from pinchtune.errors import MissingExtra, UsageError
from pinchtune.listening import (
    KEEP_ALIVE,
    AccessLog,
    http_address,
    is_loopback,
    listen,
    set_up_log,
    stopping_is_no_failure,
)

if TYPE_CHECKING:
    from pinchtune.stages.project import Project
    from pinchtune.store import Store
    from pinchtune.web.settings import WebSettings

GRACE = 10
"""Seconds that requests have to end when the server is told to stop."""
_SECRET = ("/welcome/",)
"""Paths that go on with a secret."""


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
    with listen(host, port) as listener, _opened(project) as store:
        here = address or http_address(host, listener.getsockname()[1])
        app = make_app(store, project=project, settings=_settings(project, address, drafts))
        _greet(store, host, here)
        set_up_log()
        app.state.web.runs.warm()
        config = uvicorn.Config(
            app if quiet else AccessLog(app, _SECRET),
            access_log=False,
            log_config=None,
            server_header=False,
            timeout_graceful_shutdown=GRACE,
            timeout_keep_alive=KEEP_ALIVE,
        )
        with stopping_is_no_failure():
            uvicorn.Server(config).run([listener])
    sys.stderr.write("stopped\n")


@contextmanager
def _opened(project: Project) -> Iterator[Store]:
    store = project.open_store(create=True)
    try:
        yield store
    finally:
        store.close()


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
    if not is_loopback(host) and not address.startswith("https://"):
        sys.stdout.write(
            f"Warning: {host} is reachable from other machines, and passwords would travel as\n"
            "plain text. Put a server with https in front, and name it: --address https://…\n"
        )
    sys.stdout.flush()
