"""One example, being changed by one person: locked, checked, written with its history."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from pinchtune.store import schema
from pinchtune.store.acting import Act, acting, new_id
from pinchtune.store.database import Store
from pinchtune.store.errors import Conflict, Forbidden
from pinchtune.store.records import Person, Role, Row, Text
from pinchtune.store.rows import fold_text, hash_text, load, load_visible, text_values
from pinchtune.store.texts import writing_site

_examples = schema.examples.c


def insert(act: Act, language: str, text: Text, **values: Any) -> str:
    """Add an example as a draft; return its id."""
    id = new_id()
    row = {
        "id": id,
        "language": language,
        "status": "draft",
        "version": 1,
        "revision": 1,
        **text_columns(language, text),
        "created": act.now,
        "updated": act.now,
        **values,
    }
    act.connection.execute(sa.insert(schema.examples).values(row))
    return id


def text_columns(language: str, text: Text) -> dict[str, str]:
    """Return the columns of a text, and what is found and compared by."""
    return text_values(text) | {"content": hash_text(language, text), "folded": fold_text(text)}


@contextmanager
def changing(store: Store, actor: Person, id: str, revision: int | None) -> Iterator[Change]:
    """Yield a change of an example that nobody else changes meanwhile."""
    with acting(store, actor) as act:
        act.connection.execute(sa.select(_examples.id).where(_examples.id == id).with_for_update())
        row = load_visible(act.connection, act.actor, id)
        if revision is not None and revision != row.revision:
            raise Conflict("Somebody has changed this example in the meantime.", row=row)
        yield Change(act, row)


class Change:
    """One example, being changed."""

    def __init__(self, act: Act, row: Row) -> None:
        self.act, self.row = act, row

    def need_status(self, *statuses: str) -> None:
        """Refuse unless the example stands where this step begins."""
        if self.row.status not in statuses:
            raise Conflict(
                "The state of the example is: {status}.", row=self.row, status=self.row.status
            )

    def need_role(self, role: Role) -> None:
        """Refuse unless the person holds the role for this example."""
        self.act.need(role, self.row.language, self.row.site)

    def need_own(self) -> str:
        """Refuse unless it is the person's own to write; return the site that it then has."""
        site = writing_site(self.act.actor, self.row)
        own = self.act.actor.id in (self.row.author, self.row.assigned_to)
        if not (own or self.row.is_free):
            raise Forbidden("This example is somebody else's.")
        return site

    def is_kept(self) -> bool:
        """True if this version's text was submitted once, so that it must stay as it is."""
        table = schema.versions.c
        here = sa.and_(table.example == self.row.id, table.version == self.row.version)
        return self.act.connection.execute(sa.select(table.version).where(here)).first() is not None

    def keep_version(self, version: int, text: Text) -> None:
        """Keep a text as it is submitted."""
        values = {
            "example": self.row.id,
            "version": version,
            "editor": self.act.actor.id,
            "created": self.act.now,
        }
        self.act.connection.execute(sa.insert(schema.versions).values(values | text_values(text)))

    def write(self, action: str | None, detail: dict[str, Any], **values: Any) -> Row:
        """Write the columns, and the line of the history; return the example as it is now."""
        connection = self.act.connection
        values |= {"revision": self.row.revision + 1, "updated": self.act.now}
        here = _examples.id == self.row.id
        connection.execute(sa.update(schema.examples).where(here).values(values))
        if action:
            self.act.note(action, self.row.id, **detail)
        return load(connection, self.row.id)


def add_editor(connection: Connection, id: str, person: str) -> None:
    """Note that words of a person are in the example."""
    editors = schema.editors.c
    here = sa.and_(editors.example == id, editors.person == person)
    if connection.execute(sa.select(editors.person).where(here)).first() is None:
        connection.execute(sa.insert(schema.editors).values(example=id, person=person))
