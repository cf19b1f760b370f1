"""The whole store in one file, and back: gzipped JSON lines, the same from SQLite and PostgreSQL.

The first line tells the schema's revision, every other one a table and one of its rows.
Sessions and counters of failed log-ins stay out: nobody is to be logged in by a restored file.
The file holds hashes of passwords, so only its owner may read it.

A restored approval is checked like any other, so a file cannot smuggle one in.
"""

from __future__ import annotations

import gzip
import json
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from itertools import groupby, islice
from pathlib import Path
from typing import IO, Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from pinchtune.errors import DataError
from pinchtune.files import UNFINISHED, name_write_errors, read_jsonl
from pinchtune.store import schema
from pinchtune.store.database import Store, cannot_use, connect
from pinchtune.store.errors import Conflict
from pinchtune.store.upgrade import migrate, read_revision

FORMAT = "pinchtune collected examples 1"
TABLES = [t for t in schema.metadata.sorted_tables if t.name not in ("sessions", "attempts")]
_BY_NAME = {table.name: table for table in TABLES}
_CHUNK = 500


def backup(store: Store, path: str | Path) -> int:
    """Write the whole store to a file and return how many rows there are."""
    path = Path(path)
    with name_write_errors(path), store.read() as connection, _write_private(path) as file:
        if not store.is_sqlite:
            # One state of all tables; SQLite's reading is one anyway.
            connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        # Neither a time nor a name goes into gzip's header: the same store, the same bytes.
        with gzip.GzipFile("", "wb", fileobj=file, mtime=0) as packed:
            packed.write(_line({"format": FORMAT, "revision": read_revision(connection)}))
            count = 0
            for table in TABLES:
                for row in connection.execute(sa.select(table).order_by(*table.primary_key)):
                    packed.write(_line({"table": table.name, "row": row._asdict()}))
                    count += 1
    return count


def _line(value: object) -> bytes:
    text = json.dumps(value, ensure_ascii=False, default=datetime.isoformat)
    return f"{text}\n".encode()


@contextmanager
def _write_private(path: Path) -> Iterator[IO[bytes]]:
    """Yield a file that only its owner may read, and that stands there whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=UNFINISHED)
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(name, path)
    finally:
        Path(name).unlink(missing_ok=True)


def restore(path: str | Path, url: str | Path) -> int:
    """Fill an empty database from a file and return how many rows there are: all or none."""
    path = Path(path)
    lines = read_jsonl(path)
    revision = _read_head(path, next(lines, (1, {}))[1])
    store, made = connect(url)
    try:
        with store.begin() as connection:
            _need_empty(store, connection)
            migrate(connection, revision)
            for table in ("templates", "settings"):
                connection.execute(sa.delete(_BY_NAME[table]))
            count = _load(connection, _read_rows(path, lines))
            migrate(connection)
    except BaseException as error:
        store.close()
        _remove(made)
        if isinstance(error, sa.exc.DBAPIError):
            raise cannot_use(store.engine.url, error) from None
        raise
    store.close()
    return count


def _read_head(path: Path, head: Mapping[str, Any]) -> str:
    if head.get("format") != FORMAT:
        raise DataError("is no backup of collected examples", path, 1)
    revision = str(head.get("revision"))
    if revision > schema.REVISION:
        raise DataError("was made by a newer pinchtune; update this one", path, 1)
    return revision


def _need_empty(store: Store, connection: Connection) -> None:
    if read_revision(connection) == "":
        return
    for name in ("people", "examples", "history"):
        if connection.execute(sa.select(sa.literal(1)).select_from(_BY_NAME[name])).first():
            raise Conflict(
                "The database {database} is not empty; restore into a new one.",
                database=store.name,
            )


def _remove(made: Path | None) -> None:
    if made:
        for ending in ("", "-wal", "-shm"):
            made.with_name(made.name + ending).unlink(missing_ok=True)


def _read_rows(
    path: Path, lines: Iterator[tuple[int, dict[str, Any]]]
) -> Iterator[tuple[str, dict[str, Any]]]:
    for number, line in lines:
        table = _BY_NAME.get(str(line.get("table")))
        row = line.get("row")
        if table is None or not isinstance(row, dict) or not row.keys() <= set(table.c.keys()):
            raise DataError("is no row of a table that this pinchtune knows", path, number)
        yield table.name, {name: _to_value(table.c[name], value) for name, value in row.items()}


def _to_value(column: sa.Column[Any], value: Any) -> Any:
    if value is None or not isinstance(column.type, schema.Moment):
        return value
    return datetime.fromisoformat(value)


def _load(connection: Connection, rows: Iterator[tuple[str, dict[str, Any]]]) -> int:
    count, later = 0, []
    for name, group in groupby(rows, key=lambda entry: entry[0]):
        plain = (row for _, row in group)
        while part := list(islice(plain, _CHUNK)):
            count += len(part)
            if name == "examples":
                later += [_put_off(row) for row in part]
            connection.execute(sa.insert(_BY_NAME[name]), part)
    examples = schema.examples
    if later:
        here = examples.c.id == sa.bindparam("one")
        change = sa.update(examples).where(here)
        change = change.values(status=sa.bindparam("stands"), source_id=sa.bindparam("from_"))
        connection.execute(change, later)
    if connection.dialect.name == "postgresql":
        newest = sa.select(sa.func.coalesce(sa.func.max(schema.history.c.id), 0) + 1)
        sequence = sa.func.pg_get_serial_sequence("history", "id")
        connection.execute(sa.select(sa.func.setval(sequence, newest.scalar_subquery(), False)))
    return count


def _put_off(row: dict[str, Any]) -> dict[str, Any]:
    """Leave for later what refers to rows that are not there yet: approvals, and sources."""
    later = {"one": row["id"], "stands": row["status"], "from_": row["source_id"]}
    row["source_id"] = None
    if row["status"] == "approved":
        row["status"] = "submitted"
    return later
