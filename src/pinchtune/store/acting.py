"""One change by one person: a transaction, its time, and its line in the history.

The grants that count are those in the database when the change is made, not those that the
caller holds in the hand.
"""

from __future__ import annotations

import json
import re
import unicodedata
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from pinchtune.store import schema
from pinchtune.store.database import Store
from pinchtune.store.errors import Forbidden, Invalid
from pinchtune.store.records import Grant, Person, Role

_TAG = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*")


class Act(NamedTuple):
    """A change that is being made."""

    connection: Connection
    actor: Person
    """As the database knows the person now."""
    now: datetime

    def note(self, action: str, subject: str, **detail: Any) -> None:
        """Add a line to the history."""
        note(self.connection, self.now, self.actor.id, action, subject, **detail)

    def need(self, role: Role, language: str | None = None, site: str = "") -> None:
        """Refuse unless the person holds the role, for the language if one is named."""
        holds = self.actor.has(role) if language is None else self.actor.may(role, language, site)
        if not holds:
            raise refused(role, language, site)


def refused(role: Role, language: str | None = None, site: str = "") -> Forbidden:
    """Return what a person is told who lacks a role."""
    if language is None:
        return Forbidden(_NEEDED[role])
    return Forbidden(_NEEDED_FOR[role], language=language, site=site)


_NEEDED: dict[Role, str] = {
    "administrator": "Only an administrator can do this.",
    "approver": "Only an approver can do this.",
    "author": "Only an author can do this.",
    "reader": "You may not see this.",
}
_NEEDED_FOR: dict[Role, str] = {
    "administrator": "Only an administrator can do this.",
    "approver": "Only an approver for {language} can do this.",
    "author": "Only an author for {language} can do this.",
    "reader": "You may not see this.",
}


@contextmanager
def acting(store: Store, actor: Person) -> Iterator[Act]:
    """Yield a change by a person who is still active; all of it is kept, or nothing."""
    with store.begin() as connection:
        yield Act(connection, load_actor(connection, actor), store.now())


def load_actor(connection: Connection, actor: Person) -> Person:
    """Return the person as the database knows them now; refuse one who was removed."""
    found = load_people(connection, schema.people.c.id == actor.id)
    if not found or not found[0].active:
        raise Forbidden("This person is not active any more.")
    return found[0]


def load_people(connection: Connection, *conditions: sa.ColumnElement[bool]) -> list[Person]:
    """Return the people that meet the conditions, with their grants, by name."""
    people, grants = schema.people.c, schema.grants.c
    query = (
        sa.select(
            *(people[name] for name in ("id", "name", "email", "active", "locale", "name_key")),
            *(grants[name] for name in ("role", "language", "site")),
        )
        .join_from(schema.people, schema.grants, isouter=True)
        .where(*conditions)
        .order_by(people.name_key, grants.role, grants.language, grants.site)
    )
    found: dict[str, Person] = {}
    given: dict[str, list[Grant]] = {}
    for row in connection.execute(query):
        found[row.id] = Person(row.id, row.name, row.email, (), row.active, row.locale)
        given.setdefault(row.id, [])
        if row.role is not None:
            given[row.id].append(Grant(row.role, row.language, row.site))
    return [
        Person(p.id, p.name, p.email, tuple(given[p.id]), p.active, p.locale)
        for p in found.values()
    ]


def note(
    connection: Connection,
    now: datetime,
    person: str | None,
    action: str,
    subject: str,
    **detail: Any,
) -> None:
    """Add a line to the history, in the same transaction as what it tells."""
    row = {"at": now, "person": person, "action": action, "subject": subject, "detail": detail}
    connection.execute(sa.insert(schema.history).values(row))


def new_id() -> str:
    """Return a fresh id: 32 hex digits."""
    return uuid.uuid4().hex


def fold(text: str) -> str:
    """Return a text as it is compared: compatibility forms and letter case do not count."""
    return unicodedata.normalize("NFKC", text).casefold()


def check_tag(language: str) -> str:
    """Return a language tag, or refuse what is none."""
    if len(language) > 35 or not _TAG.fullmatch(language):
        raise Invalid(
            "{language} is not a language tag; write one such as ja or pt-BR.",
            language=json.dumps(language)[:60],
        )
    return language


def check_length(name: str, text: str, most: int) -> str:
    """Return a text, or refuse one that is too long."""
    schema.check_characters(text)
    if len(text) > most:
        raise Invalid(
            "The field {field} holds {length} characters; at most {most} are possible.",
            field=name,
            length=len(text),
            most=most,
        )
    return text
