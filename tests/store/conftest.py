"""A store on SQLite and on a throw-away PostgreSQL, with people who may do different things."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from team import CHEAP, Clock, Team, found_team

from pinchtune.store import Row, Store, Text, open_store
from pinchtune.store import examples as ex
from throwaway import Make


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, new_database: Make) -> str:
    return new_database(request.param, migrated=True)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(database_url: str, clock: Clock) -> Iterator[Store]:
    opened = open_store(database_url, clock=clock, hasher=CHEAP)
    yield opened
    opened.close()


@pytest.fixture
def team(store: Store) -> Team:
    return found_team(store)


@pytest.fixture
def submitted(store: Store, team: Team) -> Row:
    """An example by Ana that waits."""
    row = ex.create(store, team.ana, "es", Text("¿Qué es el IVA?", "Un impuesto."))
    return ex.submit(store, team.ana, row.id, row.revision)


@pytest.fixture
def approved(store: Store, team: Team, submitted: Row) -> Row:
    """An example by Ana that Cai has approved."""
    return ex.approve(store, team.cai, submitted.id, submitted.revision)
