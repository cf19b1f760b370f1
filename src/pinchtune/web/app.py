"""The application: its routes, who may enter them, and what a refusal looks like.

A page is a plain function from a Visit to a Response, run in a thread. What stands before and
after every page stands here: finding the session, checking that a form is our own, and
turning what the store refuses into a page with the right status.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from importlib.resources import files
from typing import TYPE_CHECKING
from urllib.parse import quote

from fastapi import FastAPI
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from pinchtune.errors import UsageError
from pinchtune.stages.abtest import live_page
from pinchtune.stages.collect import evaluation_of
from pinchtune.store import (
    Conflict,
    Forbidden,
    Invalid,
    NotFound,
    Store,
    StoreError,
    TooMany,
)
from pinchtune.store.database import UNREACHABLE
from pinchtune.store.people import find_session
from pinchtune.web import security
from pinchtune.web.api import make_api
from pinchtune.web.insight import Insight
from pinchtune.web.pages import ROUTES
from pinchtune.web.runs import Runs
from pinchtune.web.security import API, SESSION, VISIT, Guard
from pinchtune.web.settings import WebSettings
from pinchtune.web.views import load_views
from pinchtune.web.visit import Route, Visit, Web
from pinchtune.web.wording import mark as _

if TYPE_CHECKING:
    from pinchtune.stages.project import Project

STATUSES: tuple[tuple[type[StoreError], int], ...] = (
    (Forbidden, 403),
    (NotFound, 404),
    (Conflict, 409),
    (Invalid, 422),
    (TooMany, 429),
)
REFUSALS = {
    400: _("This request cannot be read. Go back and try again."),
    403: _(
        "This form has expired or does not come from here. Go back, reload the page, try again."
    ),
    404: _("There is no such page."),
    405: _("This address cannot be used like that."),
    413: _("This is too large. A form takes 1 MB, a file 20 MB."),
    500: _("Something went wrong on our side. What was saved is safe. Try again."),
    503: _(
        "The database does not answer at the moment. What was saved is safe. Try again in a minute."
    ),
}
FIELDS, FILES = 400, 1
_log = logging.getLogger("pinchtune.web")


def make_app(
    store: Store, *, project: Project | None = None, settings: WebSettings | None = None
) -> FastAPI:
    """Return the workplace over a store.

    `project` adds its tuned languages, the prompts that no example may repeat, what was mined
    and chosen in it, and the answers that people judge.
    """
    settings = settings or WebSettings()
    evaluated = evaluation_of(project)
    insight = Insight(store, evaluated, settings.refresh)
    tuned = project.config.languages.tuned if project else ()
    runs = Runs(project.path() if project else None)
    live = live_page(project)
    web = Web(store, settings, load_views(), insight, tuned, runs, project, live)
    app = FastAPI(title="pinchtune", docs_url=None, redoc_url=None, openapi_url=None)
    app.state.web = web
    for route in ROUTES:
        app.add_route(route.path, _endpoint(web, route), [route.method], include_in_schema=False)
    app.mount("/static", _Static(directory=str(files("pinchtune.web") / "static")))
    app.mount("/api/v1", make_api(store, evaluated=evaluated))
    app.add_middleware(Guard, form_bytes=settings.form_bytes, upload_bytes=settings.upload_bytes)
    app.add_exception_handler(HTTPException, _refuse(web))
    for kind in (*UNREACHABLE, Exception):
        app.add_exception_handler(kind, _refuse(web))
    return app


def status_of(error: StoreError) -> int:
    """Return the status of an answer that refuses."""
    return next((status for kind, status in STATUSES if isinstance(error, kind)), 400)


class _Static(StaticFiles):
    """Our script and style: kept by browsers, because their address changes with them."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
        return response


def _endpoint(web: Web, route: Route) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        if route.method == "GET":
            return await run_in_threadpool(lambda: _run(route, _enter(web, request)))
        visit = await run_in_threadpool(_enter, web, request)
        # A file is not even read from somebody who is not logged in.
        if visit.person is None and not route.public and request.url.path in security.UPLOADS:
            return _send_away(visit)
        async with request.form(max_files=FILES, max_fields=FIELDS) as form:
            return await run_in_threadpool(_run, route, visit.with_form(form))

    return answer


def _enter(web: Web, request: Request) -> Visit:
    """Return the visit: of a session that has not ended, or of somebody unknown."""
    token = web.cookies.read(request, SESSION)
    person = find_session(web.store, token) if token else None
    secret = token if person else web.cookies.read(request, VISIT) or security.new_secret()
    return Visit(web, request, person, secret)


def _run(route: Route, visit: Visit) -> Response:
    if visit.person is None and not route.public:
        return _send_away(visit)
    if route.method != "GET" and not security.is_own_form(
        visit.request, visit.secret, visit.sent("form_token")
    ):
        raise HTTPException(403)
    try:
        return route.act(visit)
    except StoreError as error:
        return visit.refusal(error, status_of(error))
    except UsageError as error:
        return visit.refusal(StoreError("{reason}", reason=str(error)), 422)


def _send_away(visit: Visit) -> Response:
    """Ask to log in; what was typed into a form is shown, so that it is not lost."""
    if visit.wants_json:
        return visit.json({"error": visit.say(_("Log in again to go on.")).unescape()}, 401)
    if visit.sent("instruction") or visit.sent("response"):
        return visit.page("session-ended.html.j2", 401)
    get = visit.request.method == "GET" and visit.request.url.path != "/"
    query = visit.request.url.query
    here = visit.request.url.path + (f"?{query}" if query else "")
    return visit.go(f"/log-in?next={quote(here, safe='')}" if get else "/log-in")


def _refuse(web: Web) -> Callable[[Request, Exception], Awaitable[Response]]:
    """Return what answers a request that came to no page."""

    async def answer(request: Request, error: Exception) -> Response:
        status = error.status_code if isinstance(error, HTTPException) else 500
        if isinstance(error, UNREACHABLE):
            status = 503
            _log.error("the database does not answer", exc_info=error)
        sentence = REFUSALS.get(status, REFUSALS[400])
        if request.url.path.startswith(API):
            return JSONResponse({"error": {"code": status, "message": sentence}}, status)
        try:
            visit = await run_in_threadpool(_enter, web, request)
        except Exception:
            _log.exception("the database does not answer")
            visit = Visit(web, request, None, security.new_secret())
        response = await run_in_threadpool(visit.refusal, StoreError(sentence), status)
        # After a crash, the answer passes the Guard no more.
        response.headers.update(security.HEADERS | {"Cache-Control": "no-store"})
        return response

    return answer
