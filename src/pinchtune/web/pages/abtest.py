"""The A/B test as it stands: the page of its report, made anew at each request."""

from __future__ import annotations

from starlette.responses import HTMLResponse, Response

from pinchtune.store import NotFound, Role
from pinchtune.store.acting import refused
from pinchtune.web.visit import Route, Visit
from pinchtune.web.wording import mark as _

ROLES: tuple[Role, ...] = ("administrator", "reader")
JAPANESE, ENGLISH = "ja", "en"


def show(visit: Visit) -> Response:
    """The last test, for administrators and readers; its own policy allows the style in it."""
    if not any(visit.actor.has(role) for role in ROLES):
        raise refused("reader")
    locale = JAPANESE if visit.say.locale == JAPANESE else ENGLISH
    page = visit.web.abtest(locale)
    if not page:
        raise NotFound(_("There is no such page."))
    from pinchtune.reporting.shell import page_policy

    headers = {"Content-Security-Policy": page_policy(), "Content-Language": locale}
    return HTMLResponse(page, headers=headers)


ROUTES = (Route("/ab", show),)
