"""People: who is invited, who may do what. How they enter stands in `entry`.

The first administrator comes by a one-time link, everybody else by an administrator's
invitation. The last administrator cannot be removed.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from pinchtune.store import schema
from pinchtune.store.acting import (
    Act,
    acting,
    check_length,
    check_tag,
    fold,
    load_actor,
    load_people,
    new_id,
    note,
    refused,
)
from pinchtune.store.database import Store, serialise
from pinchtune.store.entry import (
    change_password,
    create_token,
    drop_sessions,
    end_all_sessions,
    end_session,
    find_session,
    find_token,
    hash_password,
    hash_secret,
    list_tokens,
    log_in,
    new_secret,
    revoke_token,
    start_session,
)
from pinchtune.store.errors import Conflict, Invalid, NotFound
from pinchtune.store.records import ROLES, Grant, Invitation, Person

__all__ = [
    "accept",
    "bootstrap",
    "change_password",
    "create_token",
    "deactivate",
    "end_all_sessions",
    "end_session",
    "find_person",
    "find_session",
    "find_token",
    "invite",
    "list_invitations",
    "list_people",
    "list_tokens",
    "log_in",
    "open_invitation",
    "reactivate",
    "reset_link",
    "revoke_invitation",
    "revoke_token",
    "set_grants",
    "set_locale",
    "start_session",
]

_JOINERS = "\u200c\u200d"
"""Hidden characters that names are spelled with in Persian and Hindi."""
_FIRST = (Grant("administrator"),)
_USED = "This link is not valid any more; ask for a new one."


def bootstrap(store: Store) -> str | None:
    """Return the secret of a link that makes the first administrator; None if there is one.

    A new one voids the ones before.
    """
    with store.begin() as connection:
        serialise(connection, "people")
        if _administrators(connection):
            return None
        invitations = schema.invitations.c
        connection.execute(
            sa.delete(schema.invitations).where(
                invitations.created_by.is_(None), invitations.used.is_(None)
            )
        )
        return _invite(store, connection, None, _FIRST, days=1)


def invite(
    store: Store,
    actor: Person,
    grants: Sequence[Grant],
    name: str = "",
    email: str = "",
    days: int = 14,
) -> str:
    """Return the secret of an invitation link; whoever accepts it gets the grants."""
    checked = check_grants(grants)
    name = _check_name(name, optional=True)
    _check_email(email)
    if not 1 <= days <= 90:
        raise Invalid("An invitation is valid for 1 to 90 days.")
    with acting(store, actor) as act:
        act.need("administrator")
        return _invite(store, act.connection, act, checked, name=name, email=email, days=days)


def reset_link(store: Store, actor: Person, person: str, days: int = 1) -> str:
    """Return the secret of a link by which a person gives themself a new password."""
    with acting(store, actor) as act:
        act.need("administrator")
        found = _find(act.connection, person)
        return _invite(store, act.connection, act, (), name=found.name, person=person, days=days)


def _invite(
    store: Store,
    connection: Connection,
    act: Act | None,
    grants: Sequence[Grant],
    *,
    name: str = "",
    email: str = "",
    person: str | None = None,
    days: int,
) -> str:
    secret, id, now = new_secret(), new_id(), store.now()
    by, given = act.actor.id if act else None, [list(grant) for grant in grants]
    row = {
        "id": id,
        "token": hash_secret(secret),
        "name": name,
        "email": email,
        "grants": given,
        "person": person,
        "created_by": by,
        "created": now,
        "expires": now + timedelta(days=days),
    }
    connection.execute(sa.insert(schema.invitations).values(row))
    action = "made a link for a new password" if person else "invited"
    note(connection, now, by, action, person or id, name=name, grants=given)
    return secret


def open_invitation(store: Store, token: str) -> Invitation:
    """Return what a link invites to, so that the page can greet by name."""
    with store.read() as connection:
        return _to_invitation(_find_invitation(store, connection, token))


def list_invitations(store: Store, actor: Person) -> list[Invitation]:
    """Return the invitations that can still be accepted, the newest first."""
    invitations = schema.invitations
    with store.read() as connection:
        if not load_actor(connection, actor).has("administrator"):
            raise refused("administrator")
        query = (
            sa.select(invitations)
            .where(invitations.c.used.is_(None), invitations.c.expires > store.now())
            .order_by(invitations.c.created.desc(), invitations.c.id)
        )
        return [_to_invitation(row) for row in connection.execute(query)]


def revoke_invitation(store: Store, actor: Person, id: str) -> None:
    """Make an invitation invalid."""
    with acting(store, actor) as act:
        act.need("administrator")
        here = sa.and_(schema.invitations.c.id == id, schema.invitations.c.used.is_(None))
        if not act.connection.execute(sa.delete(schema.invitations).where(here)).rowcount:
            raise NotFound("There is no such invitation.")
        act.note("revoked an invitation", id)


def _find_invitation(store: Store, connection: Connection, token: str) -> sa.Row[Any]:
    invitations = schema.invitations
    query = sa.select(invitations).where(invitations.c.token == hash_secret(token))
    row = connection.execute(query).first()
    if row is None or row.used is not None or row.expires <= store.now():
        raise NotFound(_USED)
    return row


def _to_invitation(row: sa.Row[Any]) -> Invitation:
    grants = tuple(Grant(*grant) for grant in row.grants)
    return Invitation(row.id, row.name, row.email, grants, row.expires)


def accept(
    store: Store, token: str, name: str = "", password: str = "", locale: str = "en"
) -> Person:
    """Make the invited person, or give the person of a reset link the new password; once."""
    open_invitation(store, token)  # a link that is void is refused before anything is hashed
    hashed = hash_password(store, password)
    with store.begin() as connection:
        serialise(connection, "people")
        row = _find_invitation(store, connection, token)
        now = store.now()
        here = schema.invitations.c.id == row.id
        connection.execute(sa.update(schema.invitations).where(here).values(used=now))
        if row.person is None:
            person = _add_person(store, connection, row, name, hashed, locale)
            note(connection, now, person, "joined", person, invitation=row.id)
        else:
            person = row.person
            _update_person(connection, person, password=hashed)
            drop_sessions(connection, person)
            note(connection, now, person, "set a new password", person)
        return _find(connection, person)


def _add_person(
    store: Store, connection: Connection, row: sa.Row[Any], name: str, hashed: str, locale: str
) -> str:
    name = _check_name(name if name.strip() else row.name)
    people = schema.people.c
    email = fold(row.email) or None
    taken = people.name_key == fold(name)
    if email:
        taken = sa.or_(taken, people.email_key == email)
    if connection.execute(sa.select(people.id).where(taken)).first():
        raise Invalid("The name {name} or its address of mail is taken.", name=name)
    person = {
        "id": new_id(),
        "name": name,
        "name_key": fold(name),
        "email": row.email,
        "email_key": email,
        "password": hashed,
        "active": True,
        "locale": check_length("locale", locale, 35),
        "created": store.now(),
    }
    connection.execute(sa.insert(schema.people).values(person))
    _write_grants(connection, person["id"], [Grant(*grant) for grant in row.grants])
    return str(person["id"])


def set_grants(store: Store, actor: Person, person: str, grants: Sequence[Grant]) -> Person:
    """Replace what a person may do; ends their sessions."""
    checked = check_grants(grants)
    with acting(store, actor) as act:
        act.need("administrator")
        serialise(act.connection, "people")
        before = _find(act.connection, person).grants
        act.connection.execute(sa.delete(schema.grants).where(schema.grants.c.person == person))
        _write_grants(act.connection, person, checked)
        _keep_one_administrator(act.connection)
        drop_sessions(act.connection, person)
        act.note("changed the roles", person, before=before, after=checked)
        return _find(act.connection, person)


def deactivate(store: Store, actor: Person, person: str) -> None:
    """Let a person in no more; what they wrote stays, and stays theirs."""
    with acting(store, actor) as act:
        act.need("administrator")
        serialise(act.connection, "people")
        _find(act.connection, person)
        _update_person(act.connection, person, active=False)
        _keep_one_administrator(act.connection)
        drop_sessions(act.connection, person)
        tokens = schema.tokens
        act.connection.execute(sa.delete(tokens).where(tokens.c.person == person))
        act.note("deactivated", person)


def reactivate(store: Store, actor: Person, person: str) -> None:
    """Let a person in again, with the roles that they had."""
    with acting(store, actor) as act:
        act.need("administrator")
        _find(act.connection, person)
        _update_person(act.connection, person, active=True)
        act.note("reactivated", person)


def set_locale(store: Store, actor: Person, locale: str) -> Person:
    """Choose the language of one's own pages."""
    check_tag(locale)
    with acting(store, actor) as act:
        _update_person(act.connection, actor.id, locale=locale)
        return _find(act.connection, actor.id)


def list_people(store: Store, actor: Person) -> list[Person]:
    """Return everybody by name; for administrators, and approvers, who assign tasks."""
    with store.read() as connection:
        acting_now = load_actor(connection, actor)
        if not (acting_now.has("administrator") or acting_now.has("approver")):
            raise refused("approver")
        return load_people(connection)


def find_person(store: Store, name: str) -> Person:
    """Return the active person of this name, address of mail, or id.

    For the command line, where whoever can open the database is trusted to say who they are.
    """
    people = schema.people.c
    key = fold(name.strip())
    with store.read() as connection:
        found = load_people(
            connection,
            sa.or_(people.name_key == key, people.email_key == key, people.id == name),
            people.active,
        )
    if not found:
        raise NotFound("There is no active person {name}.", name=name)
    return found[0]


def check_grants(grants: Sequence[Grant]) -> list[Grant]:
    """Return grants each once, or refuse one that does not exist."""
    found = []
    for grant in dict.fromkeys(Grant(*grant) for grant in grants):
        if grant.role not in ROLES:
            raise Invalid("There is no role {role}.", role=str(grant.role)[:60])
        if grant.language:
            check_tag(grant.language)
        check_length("site", grant.site, 100)
        found.append(grant)
    return found


def _write_grants(connection: Connection, person: Any, grants: Sequence[Grant]) -> None:
    rows = [{"person": person, **grant._asdict()} for grant in grants]
    if rows:
        connection.execute(sa.insert(schema.grants), rows)


def _find(connection: Connection, person: str) -> Person:
    found = load_people(connection, schema.people.c.id == person)
    if not found:
        raise NotFound("There is no such person.")
    return found[0]


def _update_person(connection: Connection, person: str, **values: object) -> None:
    connection.execute(sa.update(schema.people).where(schema.people.c.id == person).values(values))


def _administrators(connection: Connection) -> int:
    people, grants = schema.people.c, schema.grants.c
    query = (
        sa.select(sa.func.count())
        .select_from(schema.people.join(schema.grants))
        .where(people.active, grants.role == "administrator")
    )
    return connection.scalar(query) or 0


def _keep_one_administrator(connection: Connection) -> None:
    if not _administrators(connection):
        raise Conflict("The last administrator cannot be removed; name another one first.")


def _check_name(name: str, *, optional: bool = False) -> str:
    name = " ".join(check_length("name", name, 100).split())
    if not optional and not name:
        raise Invalid("Give a name.")
    if "@" in name or any(c not in _JOINERS and not c.isprintable() for c in name):
        raise Invalid("A name cannot hold @ or hidden characters.")
    return name


def _check_email(email: str) -> None:
    check_length("email", email, 200)
    if email and (email.count("@") != 1 or any(letter.isspace() for letter in email)):
        raise Invalid("{email} is not an address of mail.", email=email)
