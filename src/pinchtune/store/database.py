"""Opening the database, and the two ways to speak to it: reading, and one writer at a time.

SQLite runs in WAL mode with synchronous=FULL, so that what a save has acknowledged is on the
disk, and takes the write lock when a change begins, so that no change fails half-way because
another one was quicker. PostgreSQL gives the same by its own means.
"""

from __future__ import annotations

import secrets
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path

import sqlalchemy as sa
from argon2 import PasswordHasher
from sqlalchemy.engine import URL, Connection, Engine, make_url
from sqlalchemy.pool import ConnectionPoolEntry

from pinchtune.errors import MissingExtra
from pinchtune.store.errors import Invalid, NotFound, StoreError

BUSY_SECONDS = 30
"""How long a writer waits for another process."""
UNREACHABLE: tuple[type[Exception], ...] = (sa.exc.OperationalError, sa.exc.InterfaceError)
"""What is raised while the database does not answer; whoever asked may try again."""
HASHINGS = 2
"""Passwords hashed at a time; each takes 19 MB."""


def utc_now() -> datetime:
    """Return the time in UTC."""
    return datetime.now(UTC)


class Store:
    """An open database of collected examples; shared by all threads."""

    def __init__(
        self, engine: Engine, clock: Callable[[], datetime], hasher: PasswordHasher
    ) -> None:
        self.engine, self.now, self.hasher = engine, clock, hasher
        self.hashing = threading.Semaphore(HASHINGS)
        self._writer = engine.execution_options(pinchtune_writes=True)
        # Threads of one process queue here; SQLite's own waiting is by sleeping, and unfair.
        self._lock = threading.RLock() if self.is_sqlite else _NoLock()

    @property
    def is_sqlite(self) -> bool:
        """True for the embedded database."""
        return self.engine.dialect.name == "sqlite"

    @property
    def name(self) -> str:
        """The database as it may be shown: never with a password."""
        return describe(self.engine.url)

    @cached_property
    def nobody(self) -> str:
        """A hash that no password has: a log-in of an unknown name takes as long as any."""
        return self.hasher.hash(secrets.token_hex(16))

    @contextmanager
    def begin(self) -> Iterator[Connection]:
        """Yield a connection that writes: all of it, or after an exception nothing."""
        with self._lock, self._writer.begin() as connection:
            yield connection

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Yield a connection that reads one state of the database."""
        with self.engine.connect() as connection:
            yield connection

    def close(self) -> None:
        """Close all connections."""
        self.engine.dispose()


class _NoLock:
    def __enter__(self) -> None:
        pass

    def __exit__(self, *_: object) -> None:
        pass


def open_store(
    url: str | Path,
    *,
    create: bool = True,
    clock: Callable[[], datetime] = utc_now,
    hasher: PasswordHasher | None = None,
) -> Store:
    """Open the database at a path or a postgresql:// address, and bring it up to date.

    Tests hand in a `clock`, and a `hasher` that costs less than the default's 19 MB.
    """
    from pinchtune.store import templates
    from pinchtune.store.upgrade import upgrade

    store, _ = connect(url, create=create, clock=clock, hasher=hasher)
    try:
        upgrade(store, create=create)
        templates.seed(store)
    except sa.exc.DBAPIError as error:
        store.close()
        raise cannot_use(store.engine.url, error) from None
    except StoreError:
        store.close()
        raise
    return store


def connect(
    url: str | Path,
    *,
    create: bool = True,
    clock: Callable[[], datetime] = utc_now,
    hasher: PasswordHasher | None = None,
) -> tuple[Store, Path | None]:
    """Return a store whose schema is as it is, and the file if one had to be made."""
    address = parse_address(url)
    made = None
    if address.get_backend_name() == "sqlite":
        made = _prepare_file(Path(address.database or ""), create=create)
    hasher = hasher or PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
    return Store(make_engine(address), clock, hasher), made


def parse_address(url: str | Path) -> URL:
    """Return the address that a path, sqlite:// or postgresql:// text means."""
    text = str(url)
    if "://" not in text:
        return URL.create("sqlite", database=text)
    try:
        address = make_url(text)
    except (sa.exc.ArgumentError, ValueError):
        raise Invalid(
            "The address of the database cannot be read; write postgresql://user@host/name."
        ) from None
    if address.get_backend_name() in ("postgresql", "postgres"):
        return address.set(drivername="postgresql+psycopg")
    if address.get_backend_name() == "sqlite" and address.database:
        return URL.create("sqlite", database=address.database)
    raise Invalid(
        "A database of the kind {kind} cannot be used; name a file or postgresql://user@host/name.",
        kind=address.get_backend_name(),
    )


def describe(address: URL) -> str:
    """Return an address without user, password and options."""
    if address.get_backend_name() == "sqlite":
        return address.database or ""
    host = address.host or "localhost"
    return f"postgresql://{host}{f':{address.port}' if address.port else ''}/{address.database}"


def cannot_use(address: URL, error: sa.exc.DBAPIError) -> StoreError:
    """Return what to tell the person, without the password."""
    reason = str(error.orig).strip().splitlines()[0] if str(error.orig).strip() else "no answer"
    for secret in (address.password, address.query.get("password")):
        if secret:
            reason = reason.replace(str(secret), "…")
    return StoreError(
        "The database {database} cannot be used: {reason}.",
        database=describe(address),
        reason=reason.rstrip("."),
    )


def _prepare_file(path: Path, *, create: bool) -> Path | None:
    if path.exists():
        return None
    if not create:
        raise NotFound(
            "There is no database {database}; start `pinch web` to make it.", database=str(path)
        )
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # Only the owner may read it: it holds addresses and hashes of passwords.
        path.touch(mode=0o600)
    except OSError as error:
        raise StoreError(
            "The database {database} cannot be made: {reason}.",
            database=str(path),
            reason=(error.strerror or str(error)).lower(),
        ) from error
    return path


def make_engine(address: URL) -> Engine:
    """Return the engine of an address."""
    if address.get_backend_name() != "sqlite":
        try:
            return sa.create_engine(address, pool_size=10, max_overflow=20, pool_pre_ping=True)
        except ModuleNotFoundError as error:
            raise MissingExtra("psycopg", "postgres") from error
    engine = sa.create_engine(
        address, pool_size=10, max_overflow=40, connect_args={"timeout": BUSY_SECONDS}
    )
    sa.event.listen(engine, "connect", _set_up_sqlite)
    sa.event.listen(engine, "begin", _begin_sqlite)
    return engine


def _set_up_sqlite(connection: sqlite3.Connection, _: ConnectionPoolEntry) -> None:
    # The driver's own transactions begin late and lock late; `_begin_sqlite` begins them.
    connection.isolation_level = None
    for pragma in (
        "journal_mode = WAL",
        "synchronous = FULL",
        "foreign_keys = ON",
        # Without it, INSERT OR REPLACE deletes past the triggers that keep the history.
        "recursive_triggers = ON",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get("pinchtune_writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def serialise(connection: Connection, what: str) -> None:
    """Let one change of this kind happen at a time (SQLite has one writer anyway)."""
    if connection.dialect.name == "postgresql":
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(sa.func.hashtext(what))))
