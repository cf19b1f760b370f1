"""Migrations: from nothing, and from the first schema with rows, on both databases."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa
from team import CHEAP, PASSWORD, found_team

from pinchtune.store import Invalid, NotFound, Store, StoreError, Text, open_store
from pinchtune.store import examples as ex
from pinchtune.store import people as pe
from pinchtune.store.database import connect
from pinchtune.store.schema import REVISION, metadata
from pinchtune.store.upgrade import make_config, migrate, read_revision

KINDS = ("sqlite", "postgresql")
FIRST_ROWS = (
    "INSERT INTO people (id, name, name_key, active, created) "
    "VALUES ('p', 'Ana', 'ana', {true}, '2026-01-01 00:00:00')",
    "INSERT INTO people (id, name, name_key, active, created) "
    "VALUES ('c', 'Cai', 'cai', {true}, '2026-01-01 00:00:00')",
    "INSERT INTO grants VALUES ('c', 'approver', 'es', '')",
    "INSERT INTO examples (id, language, status, version, revision, instruction, response, "
    "author, content, folded, created, updated) VALUES ('e', 'es', 'submitted', 1, 2, 'q', 'r', "
    "'p', 'h', 'q\nr', '2026-01-01 00:00:00', '2026-01-01 00:00:00')",
    "INSERT INTO editors VALUES ('e', 'p')",
    "INSERT INTO versions (example, version, instruction, response, editor, created) "
    "VALUES ('e', 1, 'q', 'r', 'p', '2026-01-01 00:00:00')",
    "INSERT INTO reviews (id, example, version, person, approved, created) "
    "VALUES ('r', 'e', 1, 'c', {true}, '2026-01-01 00:00:00')",
    "UPDATE examples SET status = 'approved'",
)


@pytest.mark.parametrize("kind", KINDS)
def test_from_nothing_the_tables_are_the_ones_of_the_schema(
    new_database: Callable[..., str], kind: str
):
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext
    from alembic.script import ScriptDirectory

    store = open_store(new_database(kind), hasher=CHEAP)
    with store.read() as connection, warnings.catch_warnings():
        # Alembic compares no conditions of indexes by expression, and says so.
        warnings.simplefilter("ignore")
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []
        scripts = ScriptDirectory.from_config(make_config(connection))
        assert scripts.get_heads() == [REVISION] == [read_revision(connection)]
    store.close()


@pytest.mark.parametrize("kind", KINDS)
def test_from_the_first_schema_rows_and_rules_stay(new_database: Callable[..., str], kind: str):
    url = new_database(kind)
    store, _ = connect(url, hasher=CHEAP)
    with store.begin() as connection:
        migrate(connection, "0001")
        for statement in FIRST_ROWS:
            connection.execute(sa.text(statement.format(true="1" if store.is_sqlite else "TRUE")))
        assert read_revision(connection) == "0001"
    store.close()
    store = open_store(url, hasher=CHEAP)
    [row] = ex.approved(store)
    assert (row.text, row.author_name, row.sampled) == (Text("q", "r"), "Ana", False)
    with pytest.raises(sa.exc.DBAPIError, match="somebody else"), store.begin() as connection:
        connection.execute(sa.text("UPDATE examples SET response = 'x'"))
    with pytest.raises(sa.exc.DBAPIError, match="only grows"), store.begin() as connection:
        connection.execute(sa.text("DELETE FROM reviews"))
    store.close()


@pytest.mark.parametrize("kind", KINDS)
def test_many_that_open_at_once_migrate_once(new_database: Callable[..., str], kind: str):
    url = new_database(kind)

    def opened(_: int) -> Store:
        return open_store(url, hasher=CHEAP)

    with ThreadPoolExecutor(6) as pool:
        stores = list(pool.map(opened, range(6)))
    from pinchtune.store.templates import list_templates

    assert {len(list_templates(store, "es")) for store in stores} == {10}
    for store in stores:
        store.close()


@pytest.mark.parametrize("kind", KINDS)
def test_a_newer_database_is_refused(new_database: Callable[..., str], kind: str):
    url = new_database(kind, migrated=True)
    store, _ = connect(url)
    with store.begin() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    store.close()
    with pytest.raises(StoreError, match="newer pinchtune"):
        open_store(url)


@pytest.mark.parametrize("kind", KINDS)
def test_a_migration_that_fails_leaves_nothing(
    new_database: Callable[..., str], kind: str, monkeypatch: pytest.MonkeyPatch
):
    url = new_database(kind)
    store, _ = connect(url)
    with pytest.raises(ZeroDivisionError), store.begin() as connection:
        migrate(connection)
        _ = 1 / 0
    with store.read() as connection:
        assert sa.inspect(connection).get_table_names() == []
    store.close()
    open_store(url).close()


def test_an_empty_database_is_not_made_where_none_is_wanted(
    new_database: Callable[..., str], tmp_path
):
    with pytest.raises(NotFound, match="is empty"):
        open_store(new_database("postgresql"), create=False)
    with pytest.raises(NotFound, match="There is no database"):
        open_store(tmp_path / "none.db", create=False)
    assert not (tmp_path / "none.db").exists()


def test_the_file_is_for_its_owner_alone_and_safe_against_power_cuts(tmp_path):
    store = open_store(tmp_path / "50% off" / "c.db")
    path = tmp_path / "50% off" / "c.db"
    assert path.stat().st_mode & 0o077 == 0
    with store.begin() as connection:
        for pragma, value in {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}.items():
            assert connection.exec_driver_sql(f"PRAGMA {pragma}").scalar() == value
    store.close()


SECRET = "s3cret-word"


@pytest.mark.parametrize(
    "url",
    [
        f"postgresql://me:{SECRET}@127.0.0.1:1/x",
        f"postgresql://me@127.0.0.1:1/x?password={SECRET}",
        f"postgresql://me:{SECRET}@127.0.0.1:port/x",
        f"mysql://me:{SECRET}@127.0.0.1/x",
        "sqlite://",
        f"://{SECRET}",
    ],
)
def test_an_address_that_cannot_be_used_is_one_sentence_without_password(url: str):
    with pytest.raises(StoreError) as caught:
        open_store(url)
    error: BaseException | None = caught.value
    assert isinstance(error, Invalid | StoreError) and "\n" not in str(error)
    assert SECRET not in str(error)
    assert error.__suppress_context__ or SECRET not in str(error.__context__)


def test_a_file_that_is_no_database_is_one_sentence(tmp_path):
    path = tmp_path / "notes.db"
    path.write_text("not a database, but long enough to be taken for one " * 20)
    with pytest.raises(StoreError, match="cannot be used: file is not a database"):
        open_store(path)


def test_the_name_of_a_store_has_no_password(store: Store):
    assert "secret" not in store.name and "pinch:" not in store.name


def test_people_can_log_in_again_after_reopening(database_url: str):
    store = open_store(database_url, hasher=CHEAP)
    found_team(store)
    store.close()
    store = open_store(database_url, hasher=CHEAP)
    assert pe.log_in(store, "Ana", PASSWORD, "c").name == "Ana"
    store.close()
