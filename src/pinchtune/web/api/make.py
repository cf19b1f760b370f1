"""Making the API."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import version

from fastapi import FastAPI

from pinchtune.records import Example
from pinchtune.store import Store
from pinchtune.web.api import project, rows
from pinchtune.web.api.access import (
    BURST,
    GUESSES,
    GUESSES_PER_SECOND,
    PER_SECOND,
    BodyLimit,
    Limiter,
)
from pinchtune.web.api.errors import install

ABOUT = """\
Write, check, hand in and approve examples from a program of your own. A token acts for the
person who made it. Every change names the revision that was seen; after a 409 the answer holds
the example as it is now (`current`) beside what you sent (`yours`). Nobody can approve an example
that holds words of their own."""


def make_api(
    store: Store,
    *,
    evaluated: Sequence[Example] = (),
    limiter: Limiter | None = None,
    guesses: Limiter | None = None,
) -> FastAPI:
    """Return the API over a store; `evaluated` are the prompts that no example may repeat."""
    # The pages that show the documentation would load scripts from elsewhere.
    app = FastAPI(
        title="pinchtune",
        description=ABOUT,
        version=version("pinchtune"),
        docs_url=None,
        redoc_url=None,
    )
    app.state.store, app.state.evaluated = store, evaluated
    app.state.limiter = limiter or Limiter(BURST, PER_SECOND)
    app.state.guesses = guesses or Limiter(GUESSES, GUESSES_PER_SECOND)
    app.include_router(rows.router)
    app.include_router(project.router)
    app.add_middleware(BodyLimit)
    install(app)
    return app
