"""One's own account: password, tokens of the API."""

from __future__ import annotations

from starlette.responses import Response

from pinchtune.store import Forbidden, Invalid, StoreError, TooMany, people
from pinchtune.web.visit import Route, Visit
from pinchtune.web.wording import mark as _


def show(visit: Visit) -> Response:
    """What a person can change about themself."""
    return _page(visit)


def _page(visit: Visit, code: int = 200, **values: object) -> Response:
    shown: dict[str, object] = {"error": None, "secret": "", **values}
    tokens = people.list_tokens(visit.store, visit.actor)
    return visit.page("account.html.j2", code, tokens=tokens, **shown)


def change_password(visit: Visit) -> Response:
    """Change the password; every session ends, and this one begins anew."""
    new = visit.sent("new")
    try:
        if new != visit.sent("again"):
            raise Invalid(_("The two passwords differ."))
        people.change_password(visit.store, visit.actor, visit.sent("old"), new)
    except (Forbidden, Invalid, TooMany) as error:
        return _page(visit, _status(error), error=error)
    token = people.start_session(visit.store, visit.actor)
    return visit.log_in(token, "/account?done=password")


def _status(error: StoreError) -> int:
    return {Forbidden: 403, TooMany: 429}.get(type(error), 422)


def end_sessions(visit: Visit) -> Response:
    """End the sessions on all devices, this one too."""
    people.end_all_sessions(visit.store, visit.actor)
    return visit.go("/log-in", "logged-out")


def make_token(visit: Visit) -> Response:
    """Make a token of the API; it is shown once."""
    secret = people.create_token(
        visit.store, visit.actor, visit.sent("label").strip(), max(0, visit.number("days"))
    )
    return _page(visit, secret=secret)


def revoke_token(visit: Visit) -> Response:
    """Make a token invalid."""
    people.revoke_token(visit.store, visit.actor, visit.path("id"))
    return visit.go("/account", "revoked")


ROUTES = (
    Route("/account", show),
    Route("/account/password", change_password, "POST"),
    Route("/account/sessions", end_sessions, "POST"),
    Route("/account/tokens", make_token, "POST"),
    Route("/account/tokens/{id}/revoke", revoke_token, "POST"),
)
