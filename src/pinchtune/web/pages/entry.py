"""Coming in and going out: log in, accept an invitation, choose the language of the pages."""

from __future__ import annotations

from starlette.responses import RedirectResponse, Response

from pinchtune.store import Conflict, Forbidden, Invalid, StoreError, TooMany, people
from pinchtune.web import security
from pinchtune.web.security import LOCALE, SESSION
from pinchtune.web.visit import Route, Visit
from pinchtune.web.wording import choose_locale, list_locales
from pinchtune.web.wording import mark as _


def show_log_in(visit: Visit) -> Response:
    """The form to log in."""
    if visit.person:
        return visit.go("/")
    return visit.page("log-in.html.j2", error=None, name="", next=visit.asked("next"))


def log_in(visit: Visit) -> Response:
    """Begin a session, with a cookie that was never used before."""
    name, target = visit.sent("name"), visit.sent("next")
    try:
        person = people.log_in(visit.store, name, visit.sent("password"), visit.client)
    except (Forbidden, TooMany) as error:
        status = 429 if isinstance(error, TooMany) else 403
        return visit.page("log-in.html.j2", status, error=error, name=name, next=target)
    if visit.person:
        people.end_session(visit.store, visit.secret)
    token = people.start_session(visit.store, person)
    return visit.log_in(token, target if security.is_local(target) else "/")


def log_out(visit: Visit) -> Response:
    """End the session; the page after it empties what the browser kept."""
    people.end_session(visit.store, visit.secret)
    response = RedirectResponse("/log-in?done=logged-out", 303)
    visit.web.cookies.drop(response, SESSION)
    return response


def show_invitation(visit: Visit) -> Response:
    """What an invitation link leads to."""
    invitation = people.open_invitation(visit.store, visit.path("token"))
    return visit.page("welcome.html.j2", invitation=invitation, error=None, name=invitation.name)


def accept(visit: Visit) -> Response:
    """Become a person of this workplace, and be logged in."""
    token, name = visit.path("token"), visit.sent("name")
    password = visit.sent("password")
    try:
        if password != visit.sent("again"):
            raise Invalid(_("The two passwords differ."))
        person = people.accept(visit.store, token, name, password, visit.say.locale)
    except (Invalid, Conflict) as error:
        invitation = people.open_invitation(visit.store, token)
        return visit.page(
            "welcome.html.j2", _status(error), invitation=invitation, error=error, name=name
        )
    return visit.log_in(people.start_session(visit.store, person), "/")


def _status(error: StoreError) -> int:
    return 409 if isinstance(error, Conflict) else 422


def choose_language(visit: Visit) -> Response:
    """Change the language of the pages, here and for the next visit."""
    locale = visit.sent("locale")
    if locale not in list_locales():
        raise Invalid(_("There are no pages in this language."))
    if visit.person:
        people.set_locale(visit.store, visit.person, choose_locale([locale]))
    target = visit.sent("next")
    response = visit.go(target if security.is_local(target) else "/")
    visit.web.cookies.write(response, LOCALE, locale, security.YEAR)
    return response


ROUTES = (
    Route("/log-in", show_log_in, public=True),
    Route("/log-in", log_in, "POST", public=True),
    Route("/log-out", log_out, "POST"),
    Route("/welcome/{token}", show_invitation, public=True),
    Route("/welcome/{token}", accept, "POST", public=True),
    Route("/locale", choose_language, "POST", public=True),
)
