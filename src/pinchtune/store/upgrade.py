"""Bringing a database to the newest schema: once, under a lock, all or nothing."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from pinchtune.store.database import Store, serialise
from pinchtune.store.errors import NotFound, StoreError
from pinchtune.store.schema import REVISION

if TYPE_CHECKING:
    from alembic.config import Config

SCRIPTS = Path(__file__).with_name("migrations")


def upgrade(store: Store, *, create: bool = True) -> None:
    """Bring the database to the newest revision; `create=False` refuses an empty one."""
    with store.read() as connection:
        if read_revision(connection) == REVISION:
            return
    with store.begin() as connection:
        if not create and not read_revision(connection):
            raise NotFound("The database {database} is empty.", database=store.name)
        if read_revision(connection) > REVISION:
            raise StoreError(
                "The database {database} was made by a newer pinchtune; update this one.",
                database=store.name,
            )
        migrate(connection)


def migrate(connection: Connection, revision: str = REVISION) -> None:
    """Bring the database up to a revision, inside a change; one at a time."""
    serialise(connection, "migrations")
    if read_revision(connection) >= revision:
        return
    # Loading Alembic takes longer than opening a database that is up to date.
    from alembic import command

    command.upgrade(make_config(connection), revision)


def read_revision(connection: Connection) -> str:
    """Return the revision of the schema; empty if there is none yet."""
    if not sa.inspect(connection).has_table("alembic_version"):
        return ""
    return connection.scalar(sa.text("SELECT version_num FROM alembic_version")) or ""


def make_config(connection: Connection) -> Config:
    """Return Alembic's configuration, bound to an open transaction."""
    from alembic.config import Config

    config = Config()
    # A percent sign in a folder's name would be taken for a placeholder.
    config.set_main_option("script_location", str(SCRIPTS).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config
