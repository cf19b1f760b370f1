"""Running the server: one process, one port, until it is told to stop; then answers end first."""

from __future__ import annotations

import logging
import sys
from contextlib import closing
from functools import partial
from typing import TYPE_CHECKING

from pinchtune.errors import MissingExtra, UsageError
from pinchtune.listening import (
    BACKLOG,
    KEEP_ALIVE,
    AccessLog,
    bind,
    http_address,
    is_loopback,
    set_up_log,
    stopping_is_no_failure,
)

if TYPE_CHECKING:
    from pinchtune.stages.project import Project

_log = logging.getLogger("pinchtune.serving")


def serve(project: Project, host: str, port: int, quiet: bool = False) -> None:
    """Serve the project until SIGTERM or Ctrl-C; answers that have begun are ended."""
    try:
        import uvicorn

        from pinchtune.serving.keys import Keys, keys_file
        from pinchtune.serving.making import make_server
        from pinchtune.serving.patience import PatientProtocol
        from pinchtune.stages.abtest import live
    except ModuleNotFoundError as error:
        if error.name is None or error.name.startswith("pinchtune"):
            raise
        raise MissingExtra(error.name, "serve") from error
    has_keys = Keys(keys_file(project)).needed
    if not has_keys and not is_loopback(host):
        raise UsageError(
            f"--host {host}: without an API key only this machine may ask; make one with "
            "`pinch serve key NAME`"
        )
    set_up_log()
    with bind(host, port) as listener, closing(live(project, partial(_guarded, project))) as test:
        app = make_server(project, router=test, recorder=test)
        # Only now: whoever connects while a model is loaded is refused, not left waiting.
        listener.listen(BACKLOG)
        _greet(http_address(host, listener.getsockname()[1]), has_keys)
        config = uvicorn.Config(
            app if quiet else AccessLog(app),
            http=PatientProtocol,
            ws="none",
            access_log=False,
            log_config=None,
            server_header=False,
            timeout_graceful_shutdown=project.config.serve.drain_seconds,
            timeout_keep_alive=KEEP_ALIVE,
        )
        with stopping_is_no_failure():
            uvicorn.Server(config).run([listener])
    sys.stderr.write("stopped\n")


def _guarded(project: Project, why: str) -> None:
    """Say that a guard has stopped the A/B test, and take the candidate away."""
    from pinchtune.stages.abtest import take_back

    _log.warning("a guard stopped the A/B test; nobody gets its second arm any more: %s", why)
    take_back(project, why)


def _greet(address: str, has_keys: bool) -> None:
    sys.stdout.write(f"Serving at {address}/v1; stop it with Ctrl-C\n")
    if not has_keys:
        sys.stdout.write(
            "There is no API key: everybody on this machine can ask, and nobody else. Make a\n"
            "key with `pinch serve key NAME`.\n"
        )
    sys.stdout.flush()
