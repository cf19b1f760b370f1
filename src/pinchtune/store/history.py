"""Who did what: a table that only grows (triggers refuse the rest, on both databases)."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from pinchtune.store import schema
from pinchtune.store.acting import load_actor, note, refused
from pinchtune.store.database import Store
from pinchtune.store.records import Event, Person
from pinchtune.store.rows import load_visible

__all__ = ["newest", "note", "read"]


def read(
    store: Store, actor: Person, subject: str = "", after: int = 0, limit: int = 100
) -> list[Event]:
    """Return lines of the history, the oldest first, from after the id `after`.

    Administrators read everything, others the history of an example that they may see.
    """
    lines, people = schema.history.c, schema.people.c
    limit = max(1, min(limit, 1000))
    query = (
        sa.select(schema.history, people.name)
        .outerjoin_from(schema.history, schema.people)
        .where(lines.id > after)
        .order_by(lines.id)
        .limit(limit)
    )
    if subject:
        query = query.where(lines.subject == subject)
    with store.read() as connection:
        person = load_actor(connection, actor)
        if not person.has("administrator"):
            if not subject:
                raise refused("administrator")
            load_visible(connection, person, subject)
        return [_to_event(row) for row in connection.execute(query)]


def _to_event(row: sa.Row[Any]) -> Event:
    return Event(
        row.id, row.at, row.person or "", row.name or "", row.action, row.subject, row.detail
    )


def newest(store: Store) -> int:
    """Return the id of the newest line; 0 if there is none.

    It grows with every change, but a person who goes on saving one draft adds no further line.
    """
    with store.read() as connection:
        return connection.scalar(sa.select(sa.func.max(schema.history.c.id))) or 0
