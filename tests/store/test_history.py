"""The history only grows, on both databases."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from team import Clock, Team

from pinchtune.store import Forbidden, NotFound, Row, Store, Text, history
from pinchtune.store import examples as ex
from pinchtune.store import people as pe


@pytest.mark.parametrize("table", ["history", "versions", "editors", "reviews"])
@pytest.mark.parametrize("change", ["UPDATE {} SET {} = {}", "DELETE FROM {}"])
def test_nothing_of_it_can_be_changed(store: Store, approved: Row, table: str, change: str):
    column = "subject" if table == "history" else "example"
    with pytest.raises(sa.exc.DBAPIError, match=f"{table} only grows"), store.begin() as connection:
        connection.execute(sa.text(change.format(table, column, column)))


def test_nothing_of_it_can_be_replaced_or_emptied(store: Store, approved: Row):
    statement = "TRUNCATE history"
    if store.is_sqlite:
        statement = "INSERT OR REPLACE INTO history SELECT id, at, person, 'x', subject, detail "
        statement += "FROM history"
    with pytest.raises(sa.exc.DBAPIError, match="only grows"), store.begin() as connection:
        connection.execute(sa.text(statement))


def test_a_change_that_fails_leaves_no_line(store: Store, team: Team, approved: Row):
    before = history.read(store, team.admin)
    with pytest.raises(Forbidden):
        ex.create(store, team.cai, "es", Text("a", "b"))
    with pytest.raises(ZeroDivisionError), store.begin() as connection:
        history.note(connection, store.now(), team.ana.id, "lied", "x")
        _ = 1 / 0
    assert history.read(store, team.admin) == before


def test_it_is_read_in_order_and_on_from_where_one_was(
    store: Store, team: Team, clock: Clock, approved: Row
):
    events = history.read(store, team.admin)
    ids = [event.id for event in events]
    assert ids == sorted(ids)
    assert history.read(store, team.admin, after=ids[2], limit=2) == events[3:5]
    last = events[-1]
    assert (last.action, last.person_name, last.subject) == ("approved", "Cai", approved.id)
    assert (last.at, last.detail) == (clock.time, {"version": 1})


def test_others_read_only_of_what_they_see(store: Store, team: Team, approved: Row):
    assert history.read(store, team.ana, approved.id)
    with pytest.raises(NotFound):
        history.read(store, team.kei, approved.id)
    with pytest.raises(NotFound):
        history.read(store, team.ana, team.ben.id)


def test_no_text_and_no_password_stands_in_it(store: Store, team: Team, approved: Row):
    pe.change_password(store, team.ana, "correct horse battery", "another good one")
    told = repr(history.read(store, team.admin))
    assert approved.text.instruction not in told
    assert "another good one" not in told


def test_its_newest_line_tells_that_something_changed(store: Store, team: Team, approved: Row):
    before = history.newest(store)
    assert before == history.read(store, team.admin)[-1].id
    ex.send_back(store, team.cai, approved.id, approved.revision, "no")
    assert history.newest(store) > before
