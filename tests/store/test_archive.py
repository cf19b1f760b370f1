"""Backup and restore, from either database into the other."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from team import CHEAP, PASSWORD, Clock, Team, found_team

from pinchtune.errors import DataError, RunError
from pinchtune.store import (
    Conflict,
    Settings,
    Store,
    StoreError,
    Term,
    Text,
    backup,
    glossary,
    history,
    judging,
    open_store,
    restore,
    reviews,
    rounds,
)
from pinchtune.store import examples as ex
from pinchtune.store import people as pe
from pinchtune.store.settings import read_settings, write_settings


def fill(store: Store, team: Team) -> None:
    row = ex.create(store, team.ana, "es", Text("¿Qué?", 'Así "es" \u2028 🙂'), key="k")
    row = ex.submit(store, team.ana, row.id, row.revision)
    row = ex.approve(store, team.cai, row.id, row.revision)
    ex.hand_over(store, team.cai, row.id, "ja", team.kei.id)
    reviews.sample(store, team.cai, 1)
    reviews.rate(store, team.cai, row.id, "unsure", "note")
    ex.add_many(store, team.ana, [("es", Text("a", "b"), "")], "sheet", submit=True)
    glossary.add_many(store, team.admin, [Term("", "es", "IVA", ("iva",), "tax", 7)])
    write_settings(store, team.admin, Settings("Shop", ("es", "ja"), {"es": 40}))
    pe.create_token(store, team.ana, "t")
    material = rounds.Material("p", "x", "es", [("user", "¿Qué?")], ("Así", "Así no"))
    round = rounds.open_round(store, team.admin, [material], "answers")
    shown = judging.sit_down(store, team.ana, round.id, "es").shown
    assert shown
    judging.judge(store, team.ana, shown.id, "first", (False, True))


@pytest.fixture
def full(new_database: Callable[..., str], clock: Clock) -> tuple[str, Team]:
    url = new_database("sqlite", migrated=True)
    store = open_store(url, clock=clock, hasher=CHEAP)
    team = found_team(store)
    fill(store, team)
    store.close()
    return url, team


def save(url: str, path: Path) -> bytes:
    store = open_store(url)
    backup(store, path)
    store.close()
    return path.read_bytes()


def test_sqlite_to_postgresql_to_sqlite_is_equal(
    full: tuple[str, Team], new_database: Callable[..., str], tmp_path: Path
):
    url, team = full
    first = save(url, tmp_path / "1.gz")
    server, file = new_database("postgresql"), new_database("sqlite")
    count = restore(tmp_path / "1.gz", server)
    assert count == len(gzip.decompress(first).splitlines()) - 1 > 30
    assert save(server, tmp_path / "2.gz") == first
    restore(tmp_path / "2.gz", file)
    assert save(file, tmp_path / "3.gz") == first
    for address in (server, file):
        store = open_store(address, hasher=CHEAP)
        assert pe.log_in(store, "Ana", PASSWORD, "c") == team.ana
        [row] = ex.approved(store)
        assert (row.sampled, row.text.response) == (True, 'Así "es" \u2028 🙂')
        assert read_settings(store) == Settings("Shop", ("es", "ja"), {"es": 40})
        assert [(j.rater, len(j.wrong)) for j in judging.judgements(store)] == [(1, 1)]
        # What is added next must not meet an id that was restored.
        newest = history.read(store, team.admin, limit=1000)[-1]
        ex.create(store, team.ana, "es", Text("new", ""))
        assert history.read(store, team.admin, after=newest.id)[-1].action == "created"
        store.close()


def test_a_store_that_was_opened_but_not_used_can_be_restored_into(
    full: tuple[str, Team], new_database: Callable[..., str], tmp_path: Path
):
    first = save(full[0], tmp_path / "1.gz")
    url = new_database("postgresql", migrated=True)
    restore(tmp_path / "1.gz", url)
    assert save(url, tmp_path / "2.gz") == first


def test_a_database_that_is_in_use_is_left_alone(
    full: tuple[str, Team], database_url: str, tmp_path: Path
):
    save(full[0], tmp_path / "1.gz")
    store = open_store(database_url, hasher=CHEAP)
    found_team(store)
    store.close()
    before = save(database_url, tmp_path / "before.gz")
    with pytest.raises(Conflict, match="not empty"):
        restore(tmp_path / "1.gz", database_url)
    assert save(database_url, tmp_path / "after.gz") == before


def forge(path: Path, change: Callable[[list[dict]], None]) -> None:
    rows = [json.loads(line) for line in gzip.decompress(path.read_bytes()).splitlines()]
    change(rows)
    path.write_bytes(gzip.compress("".join(json.dumps(r) + "\n" for r in rows).encode()))


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_an_approval_cannot_be_smuggled_in(
    full: tuple[str, Team], new_database: Callable[..., str], tmp_path: Path, kind: str
):
    save(full[0], tmp_path / "1.gz")

    def approve(rows: list[dict]) -> None:
        for line in rows:
            if line.get("table") == "examples":
                line["row"]["status"] = "approved"

    forge(tmp_path / "1.gz", approve)
    url = new_database(kind)
    with pytest.raises(StoreError, match="somebody else has approved"):
        restore(tmp_path / "1.gz", url)
    if kind == "sqlite":
        assert not Path(url).exists()
    else:
        open_store(url).close()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda rows: rows.pop(0), "no backup"),
        (lambda rows: rows[0].update(revision="9999"), "newer pinchtune"),
        (lambda rows: rows[1].update(table="sessions"), "no row of a table"),
        (lambda rows: rows[1]["row"].update({"x) --": 1}), "no row of a table"),
        (lambda rows: rows.clear(), "no backup"),
    ],
)
def test_a_file_that_is_no_backup(full: tuple[str, Team], tmp_path: Path, change, message: str):
    save(full[0], tmp_path / "1.gz")
    forge(tmp_path / "1.gz", change)
    with pytest.raises(DataError, match=message):
        restore(tmp_path / "1.gz", tmp_path / "new.db")
    assert not list(tmp_path.glob("new.db*"))


def test_half_a_file_restores_nothing(full: tuple[str, Team], tmp_path: Path):
    data = save(full[0], tmp_path / "1.gz")
    (tmp_path / "1.gz").write_bytes(data[: len(data) // 2])
    with pytest.raises(DataError, match="not a whole gzip"):
        restore(tmp_path / "1.gz", tmp_path / "new.db")
    assert not list(tmp_path.glob("new.db*"))


def test_the_file_is_private_and_replaces_an_old_one_only_when_whole(
    full: tuple[str, Team], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    path = tmp_path / "1.gz"
    first = save(full[0], path)
    assert path.stat().st_mode & 0o077 == 0
    monkeypatch.setattr("pinchtune.store.archive._line", lambda value: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        save(full[0], path)
    assert path.read_bytes() == first
    assert list(tmp_path.iterdir()) == [path]


def test_sessions_are_not_in_it_and_a_bad_place_is_one_sentence(
    full: tuple[str, Team], tmp_path: Path
):
    store = open_store(full[0])
    pe.start_session(store, full[1].ana)
    (tmp_path / "file").write_text("")
    with pytest.raises(RunError, match="cannot be written"):
        backup(store, tmp_path / "file" / "x.gz")
    store.close()
    text = gzip.decompress(save(full[0], tmp_path / "1.gz")).decode()
    assert '"sessions"' not in text
