"""What a project has decided about its collecting: goals, languages, name, licence."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from pinchtune.store import schema
from pinchtune.store.acting import acting, check_length, check_tag
from pinchtune.store.database import Store
from pinchtune.store.errors import Invalid
from pinchtune.store.records import Person, Settings

_PROJECT = "project"
MOST = 1_000_000
"""A goal beyond this is a slip of the keyboard."""


def read_settings(store: Store) -> Settings:
    """Return what the project has decided."""
    with store.read() as connection:
        return _load(connection)


def _load(connection: Connection) -> Settings:
    values = dict(read_value(connection, _PROJECT) or {})
    return Settings(**values | {"languages": tuple(values.get("languages", ()))})


def write_settings(store: Store, actor: Person, settings: Settings) -> Settings:
    """Decide anew; for administrators."""
    for language in (*settings.languages, *settings.goals):
        check_tag(language)
    if any(not 0 <= goal <= MOST for goal in settings.goals.values()):
        raise Invalid("A goal is a number from 0 to {most}.", most=MOST)
    check_length("name", settings.name, 200)
    check_length("license", settings.license, 200)
    with acting(store, actor) as act:
        act.need("administrator")
        write_value(act.connection, _PROJECT, asdict(settings))
        act.note("changed the settings", _PROJECT, **asdict(settings))
        return _load(act.connection)


def check_offered(connection: Connection, language: str) -> None:
    """Refuse a language that the project does not collect."""
    offered = _load(connection).languages
    if offered and language not in offered:
        raise Invalid("This project does not collect {language}.", language=language)


def read_value(connection: Connection, name: str) -> Any:
    """Return one stored value, or None."""
    query = sa.select(schema.settings.c.value).where(schema.settings.c.name == name)
    return connection.scalar(query)


def write_value(connection: Connection, name: str, value: object) -> None:
    """Store one value."""
    connection.execute(sa.delete(schema.settings).where(schema.settings.c.name == name))
    connection.execute(sa.insert(schema.settings).values(name=name, value=value))
