"""People: who is here, who is invited, who may do what."""

from __future__ import annotations

from typing import cast

from starlette.responses import Response

from pinchtune.store import Grant, Invalid, NotFound, Person, Role, people
from pinchtune.store.acting import refused
from pinchtune.store.records import ROLES
from pinchtune.store.settings import read_settings
from pinchtune.web.visit import Route, Visit
from pinchtune.web.wording import mark as _

LINES = 12
"""Most roles of one person that a form can hold."""


def show_people(visit: Visit) -> Response:
    """Everybody, and the invitations that nobody has accepted yet."""
    if not visit.actor.has("administrator"):
        raise refused("administrator")
    return visit.page(
        "people.html.j2",
        people=people.list_people(visit.store, visit.actor),
        invitations=people.list_invitations(visit.store, visit.actor),
        roles=ROLES,
        offered=read_settings(visit.store).languages,
    )


def invite(visit: Visit) -> Response:
    """Make an invitation; its link is shown once."""
    grants, name = read_grants(visit), visit.sent("name")
    if not grants:
        raise Invalid(_("Choose at least one role."))
    token = people.invite(visit.store, visit.actor, grants, name, visit.sent("email"))
    return _show_link(visit, token, name, 14)


def read_grants(visit: Visit) -> list[Grant]:
    """Return the roles that a form names, a line each."""
    return [
        Grant(
            cast(Role, visit.sent(f"role-{i}")),
            visit.sent(f"language-{i}"),
            visit.sent(f"site-{i}").strip(),
        )
        for i in range(LINES)
        if visit.sent(f"role-{i}")
    ]


def _show_link(visit: Visit, token: str, name: str, days: int) -> Response:
    """Show a secret link; it stands in no address and in no log of ours."""
    address = visit.web.settings.address or str(visit.request.base_url)
    link = f"{address.rstrip('/')}/welcome/{token}"
    return visit.page("link.html.j2", link=link, name=name, days=days)


def revoke(visit: Visit) -> Response:
    """Make an invitation invalid."""
    people.revoke_invitation(visit.store, visit.actor, visit.path("id"))
    return visit.go("/people", "removed")


def show_person(visit: Visit) -> Response:
    """What one person may do."""
    everybody = people.list_people(visit.store, visit.actor)
    if not visit.actor.has("administrator"):
        raise refused("administrator")
    person = _find(everybody, visit.path("id"))
    return visit.page(
        "person.html.j2", shown=person, roles=ROLES, offered=read_settings(visit.store).languages
    )


def _find(everybody: list[Person], id: str) -> Person:
    for person in everybody:
        if person.id == id:
            return person
    raise NotFound(_("There is no such person."))


def change(visit: Visit) -> Response:
    """Change the roles of a person."""
    id = visit.path("id")
    people.set_grants(visit.store, visit.actor, id, read_grants(visit))
    # Whoever changes their own roles is logged out by it.
    return visit.go("/people" if id != visit.actor.id else "/log-in", "roles")


def deactivate(visit: Visit) -> Response:
    """Let a person in no more."""
    people.deactivate(visit.store, visit.actor, visit.path("id"))
    return visit.go("/people", "deactivated")


def reactivate(visit: Visit) -> Response:
    """Let a person in again."""
    people.reactivate(visit.store, visit.actor, visit.path("id"))
    return visit.go("/people", "saved")


def reset(visit: Visit) -> Response:
    """Make a link for a new password."""
    person = _find(people.list_people(visit.store, visit.actor), visit.path("id"))
    token = people.reset_link(visit.store, visit.actor, person.id)
    return _show_link(visit, token, person.name, 1)


ROUTES = (
    Route("/people", show_people),
    Route("/people", invite, "POST"),
    Route("/people/{id}", show_person),
    Route("/people/{id}", change, "POST"),
    Route("/people/{id}/deactivate", deactivate, "POST"),
    Route("/people/{id}/reactivate", reactivate, "POST"),
    Route("/people/{id}/reset", reset, "POST"),
    Route("/invitations/{id}/revoke", revoke, "POST"),
)
