"""One request of one visitor: who it is, what was sent, in which locale, and how to answer."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlencode

from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response

from pinchtune.stages.abtest import has_test
from pinchtune.store import Person, Store, StoreError
from pinchtune.web import security
from pinchtune.web.hints import explain_refusal
from pinchtune.web.insight import Insight
from pinchtune.web.notices import NOTICES
from pinchtune.web.runs import Runs
from pinchtune.web.security import LOCALE, SESSION, VISIT, Cookies
from pinchtune.web.settings import WebSettings
from pinchtune.web.texts import read_text
from pinchtune.web.views import Views
from pinchtune.web.wording import Translator, choose_locale, read_accepted, translator
from pinchtune.web.words import Link, list_links

if TYPE_CHECKING:
    from pinchtune.stages.project import Project


@dataclass(frozen=True)
class Web:
    """What all requests of one server share."""

    store: Store
    settings: WebSettings
    views: Views
    insight: Insight
    languages: tuple[str, ...] = ()
    """Languages that the project tunes: those to collect until somebody decides otherwise."""
    runs: Runs = field(default_factory=Runs)
    """What was mined and chosen in the project."""
    project: Project | None = None
    """The project, whose answers people judge."""
    abtest: Callable[[str], str] = lambda locale: ""
    """The page of the A/B test in a locale; empty if there never was one."""
    generating: threading.Lock = field(default_factory=threading.Lock)
    """Held while the model writes: it answers one person at a time."""

    @property
    def tested(self) -> bool:
        """True if an A/B test was ever started in the project."""
        return self.project is not None and has_test(self.project)

    @property
    def cookies(self) -> Cookies:
        """How cookies are written."""
        return Cookies(self.settings.https)


@dataclass(frozen=True)
class Visit:
    """One request and its answer."""

    web: Web
    request: Request
    person: Person | None
    secret: str
    """The session's token, or the secret of a visit without log-in."""
    form: FormData = field(default_factory=FormData)

    @property
    def store(self) -> Store:
        """The database."""
        return self.web.store

    @property
    def actor(self) -> Person:
        """The person who is logged in; pages that are not public always have one."""
        assert self.person is not None
        return self.person

    @cached_property
    def say(self) -> Translator:
        """The words of this visitor's locale."""
        chosen = self.web.cookies.read(self.request, LOCALE)
        accepted = read_accepted(self.request.headers.get("accept-language", ""))
        own = self.person.locale if self.person else ""
        return translator(choose_locale([own or chosen, *accepted]))

    @property
    def wants_json(self) -> bool:
        """True for a request of our script."""
        return self.request.headers.get("accept", "").startswith("application/json")

    @property
    def token(self) -> str:
        """The token of this visitor's forms."""
        return security.form_token(self.secret)

    @property
    def client(self) -> str:
        """The address that the request came from."""
        return self.request.client.host if self.request.client else ""

    @property
    def links(self) -> list[Link]:
        """The pages that the person has a use for."""
        return list_links(self.actor, self.request.url.path, self.web.tested)

    @property
    def here(self) -> str:
        """The address of this page, to come back to; a form's own answer has none."""
        if self.request.method != "GET":
            return "/"
        query = self.request.url.query
        return self.request.url.path + (f"?{query}" if query else "")

    def path(self, name: str) -> str:
        """Return a named part of the path."""
        return str(self.request.path_params[name])

    def asked(self, name: str) -> str:
        """Return a value of the query."""
        return self.request.query_params.get(name, "")

    def sent(self, name: str) -> str:
        """Return a field of the form; empty if it is missing or a file."""
        value = self.form.get(name)
        return read_text(value) if isinstance(value, str) else ""

    def number(self, name: str) -> int:
        """Return a field of the form as a whole number; -1 if it is none."""
        value = self.sent(name)
        return int(value) if value.isascii() and value.isdecimal() and len(value) < 10 else -1

    def upload(self, name: str) -> tuple[str, bytes]:
        """Return name and content of a file of the form; empty ones if none was chosen."""
        value = self.form.get(name)
        if not isinstance(value, UploadFile):
            return "", b""
        return value.filename or "", value.file.read()

    def page(self, template: str, code: int = 200, /, **values: object) -> Response:
        """Return a page made from a template."""
        text = self.web.views.render(template, self, notice=self._notice(), **values)
        response = HTMLResponse(text, code, {"Content-Language": self.say.locale})
        return self._keep_visit(response)

    def fragment(self, template: str, **values: object) -> str:
        """Return a piece of a page, for our script to put in."""
        return self.web.views.render(template, self, **values)

    def go(self, path: str, done: str = "") -> Response:
        """Send the visitor on to a page of ours, which says what was done."""
        join = "&" if "?" in path else "?"
        target = f"{path}{join}{urlencode({'done': done})}" if done else path
        return self._keep_visit(RedirectResponse(target, 303))

    def json(self, content: Mapping[str, Any], status: int = 200) -> Response:
        """Return an answer to our script."""
        return JSONResponse(dict(content), status)

    def file(self, content: bytes, name: str, kind: str) -> Response:
        """Return a file to download; `name` is ASCII."""
        return Response(
            content,
            media_type=kind,
            headers={"Content-Disposition": f'attachment; filename="{name}"'},
        )

    def refusal(self, error: StoreError, status: int) -> Response:
        """Return what the store refused, for our script or as a page."""
        if self.wants_json:
            sentence = explain_refusal(self.say, error).unescape()
            answer: dict[str, Any] = {"error": sentence}
            row = getattr(error, "row", None)
            return self.json(answer | ({"revision": row.revision} if row else {}), status)
        return self.page("error.html.j2", status, error=error, status=status)

    def log_in(self, token: str, path: str) -> Response:
        """Give the visitor a new session, and a cookie that was never used before."""
        response = RedirectResponse(path, 303)
        self.web.cookies.write(response, SESSION, token, security.WEEK)
        self.web.cookies.drop(response, VISIT)
        return response

    def with_form(self, form: FormData) -> Visit:
        """Return the visit with what was sent."""
        return replace(self, form=form)

    def _notice(self) -> str:
        return NOTICES.get(self.asked("done"), "")

    def _keep_visit(self, response: Response) -> Response:
        cookies = self.web.cookies
        if self.person is None and cookies.read(self.request, VISIT) != self.secret:
            cookies.write(response, VISIT, self.secret, security.WEEK)
        return response


class Route(NamedTuple):
    """One page: where it is, and what makes it."""

    path: str
    act: Callable[[Visit], Response]
    method: str = "GET"
    public: bool = False
    """True if it is for visitors who are not logged in."""
