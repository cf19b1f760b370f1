"""Many examples at once."""

from __future__ import annotations

import time

import pytest
from team import Team

from pinchtune.store import Forbidden, Invalid, Store, Text, history
from pinchtune.store import examples as ex


def items(number: int, prefix: str = "q") -> list[tuple[str, Text, str]]:
    return [("es", Text(f"{prefix} {n}", f"r {n}"), f"{prefix}{n}") for n in range(number)]


def test_what_comes_in_is_what_get_returns(store: Store, team: Team):
    rows = ex.add_many(store, team.ana, items(3), "sheet", submit=True)
    assert [row and ex.get(store, team.ana, row.id) for row in rows] == rows
    assert {row.status for row in rows if row} == {"submitted"}
    assert ex.everything(store) == rows
    assert len(ex.versions(store, team.ana, rows[0].id)) == 1
    row = ex.approve(store, team.cai, rows[0].id, 1)
    assert row.origin == "sheet"
    assert history.read(store, team.ana, row.id)[0].action == "imported"


def test_nothing_is_imported_twice(store: Store, team: Team):
    sheet = items(3)
    [*_, last] = ex.add_many(store, team.ana, sheet, "sheet")
    assert last and last.status == "draft"
    assert ex.add_many(store, team.ana, sheet, "sheet") == [None] * 3
    by_another = ex.add_many(store, team.ben, [*sheet, *items(1, "new")], "sheet")
    assert [row is not None for row in by_another] == [False, False, False, True]
    twice = [("es", Text("a", "b"), ""), ("es", Text("a", "b"), ""), ("es", Text("c", "d"), "q0")]
    assert [r is None for r in ex.add_many(store, team.ana, twice, "sheet")] == [False, True, True]


def test_all_or_none(store: Store, team: Team):
    with pytest.raises(Invalid, match="Row 3: Write the response"):
        bad = [*items(2), ("es", Text("x", " "), "")]
        ex.add_many(store, team.ana, bad, "sheet", submit=True)
    with pytest.raises(Forbidden):
        ex.add_many(store, team.ana, [*items(2), ("ja", Text("x", "y"), "")], "sheet")
    with pytest.raises(Forbidden):
        ex.add_many(store, team.cai, items(2), "sheet")
    assert ex.everything(store) == []
    assert ex.add_many(store, team.ana, [], "sheet") == []


def test_ten_thousand_rows_take_seconds(store: Store, team: Team):
    start = time.process_time()
    rows = ex.add_many(store, team.ana, items(10_000), "sheet", submit=True)
    took = time.process_time() - start
    assert len({row.id for row in rows if row}) == 10_000
    assert took < 20
    assert ex.counts(store)["es"]["submitted"] == 10_000
    assert len(ex.queue(store, team.cai, "es").rows) == 50
