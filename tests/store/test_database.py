"""Many at once, and killed at any moment: nothing acknowledged is lost, nothing is half-written."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from team import CHEAP, Team, found_team

from pinchtune.store import Conflict, Forbidden, Row, Store, Text, open_store
from pinchtune.store import examples as ex

THREADS = 12


def in_threads(work: Callable[[int], object], number: int = THREADS) -> list[object]:
    """Run `work` with each number at the same moment."""
    gate = threading.Barrier(number)

    def start(n: int) -> object:
        gate.wait(60)
        return work(n)

    with ThreadPoolExecutor(number) as pool:
        return list(pool.map(start, range(number)))


def test_many_who_save_their_own_all_get_through(store: Store, team: Team):
    rows = [ex.create(store, team.ana, "es", Text(f"q {n}", "")) for n in range(THREADS)]

    def write(number: int) -> Row:
        row = rows[number]
        for turn in range(10):
            text = Text(row.text.instruction, f"turn {turn}")
            row = ex.save(store, team.ana, row.id, text, row.revision)
            ex.find(store, team.cai, language="es")
        return row

    saved = in_threads(write)
    assert saved == [ex.get(store, team.ana, row.id) for row in rows]
    assert {row.revision for row in saved} == {11}


def test_no_update_is_lost_on_one_row(store: Store, team: Team):
    row = ex.create(store, team.ana, "es", Text("q", "0"))

    def add_one(_: int) -> int:
        done = 0
        while done < 5:
            seen = ex.get(store, team.ana, row.id)
            text = Text("q", str(int(seen.text.response) + 1))
            try:
                ex.save(store, team.ana, row.id, text, seen.revision)
                done += 1
            except Conflict as conflict:
                assert conflict.row and conflict.row.revision > seen.revision
        return done

    in_threads(add_one, 6)
    assert ex.get(store, team.ana, row.id).text.response == "30"


def test_the_same_key_at_the_same_moment_makes_one_row(store: Store, team: Team):
    rows = in_threads(lambda n: ex.create(store, team.ana, "es", Text("q", str(n)), key="k"))
    assert len({row.id for row in rows}) == len(ex.everything(store)) == 1


def test_of_two_approvers_one_approves(store: Store, team: Team, submitted: Row):
    def approve(number: int) -> str:
        person = (team.ben, team.cai)[number % 2]
        try:
            return ex.approve(store, person, submitted.id, submitted.revision).status
        except Conflict:
            return "conflict"

    answers = in_threads(approve)
    assert sorted(set(answers)) == ["approved", "conflict"]
    assert answers.count("approved") == 1
    assert len(ex.versions(store, team.ana, submitted.id)[0].decisions) == 1


def test_an_edit_never_slips_past_an_approval(store: Store, team: Team):
    """Whatever the order, the text that is approved is one its approver has not written."""
    for number in range(6):
        row = ex.create(store, team.ana, "es", Text(f"q {number}", "r"))
        row = ex.submit(store, team.ana, row.id, row.revision)

        def act(turn: int, row: Row = row) -> None:
            try:
                if turn:
                    ex.edit(store, team.cai, row.id, row.revision, Text("other", "text"))
                    ex.approve(store, team.cai, row.id, row.revision + 1)
                else:
                    ex.approve(store, team.ben, row.id, row.revision)
            except (Conflict, Forbidden):
                pass

        in_threads(act, 2)
    for approval in ex.approvals(store):
        assert approval.person not in ex.get(store, team.ana, approval.example).editors


def test_the_same_sheet_at_the_same_moment_comes_in_once(store: Store, team: Team):
    items = [("es", Text(f"q {n}", "r"), f"k{n}") for n in range(50)]

    def add(number: int) -> int:
        person = (team.ana, team.ben)[number % 2]
        return sum(row is not None for row in ex.add_many(store, person, items, "sheet"))

    assert sum(in_threads(add, 4)) == 50
    assert len(ex.everything(store)) == 50


def test_another_process_that_writes_is_waited_for(new_database: Callable[..., str]):
    url = new_database("sqlite", migrated=True)
    one, two = open_store(url, hasher=CHEAP), open_store(url, hasher=CHEAP)
    team = found_team(one)

    def write(number: int) -> None:
        for turn in range(10):
            ex.create((one, two)[number % 2], team.ana, "es", Text(f"{number} {turn}", ""))

    in_threads(write, 8)
    assert len(ex.everything(one)) == 80
    one.close()
    two.close()


def test_a_change_that_fails_half_way_leaves_nothing(
    store: Store, team: Team, submitted: Row, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("pinchtune.store.acting.note", lambda *a, **k: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        ex.approve(store, team.cai, submitted.id, submitted.revision)
    assert ex.versions(store, team.ana, submitted.id)[0].decisions == ()
    assert ex.get(store, team.ana, submitted.id) == submitted


WRITER = """
import sys, threading
from pinchtune.store import Text, open_store
from pinchtune.store import examples as ex, people as pe

store = open_store(sys.argv[1])
ana, ids = pe.find_person(store, "Ana"), sys.argv[2:]

def write(id):
    row = ex.get(store, ana, id)
    number = int(row.text.response)
    while True:
        number += 1
        row = ex.save(store, ana, id, Text(f"{number} " * 500, str(number)), row.revision)
        sys.stdout.write(f"{id} {number}\\n")
        sys.stdout.flush()

for id in ids:
    threading.Thread(target=write, args=(id,)).start()
"""


def test_killed_at_random_moments_every_acknowledged_save_is_there(database_url: str):
    store = open_store(database_url, hasher=CHEAP)
    team = found_team(store)
    ids = [ex.create(store, team.ana, "es", Text(f"{n}", "0")).id for n in range(4)]
    luck = random.Random(7)
    environment = os.environ | {"PYTHONPATH": str(Path(ex.__file__).parents[2])}
    command = [sys.executable, "-c", WRITER, database_url, *ids]
    for _ in range(5):
        writer = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
        assert writer.stdout
        lines = [writer.stdout.readline()]
        time.sleep(luck.random() / 2)
        writer.send_signal(signal.SIGKILL)
        lines += writer.stdout.read().splitlines()
        writer.stdout.close()
        writer.wait()
        acknowledged = {}
        for line in lines:
            id, _, number = line.strip().partition(" ")
            if number:
                acknowledged[id] = int(number)
        for id, number in acknowledged.items():
            row = ex.get(store, team.ana, id)
            found = int(row.text.response)
            # One more may have been saved whose acknowledgement the kill swallowed.
            assert found in (number, number + 1)
            assert row.text.instruction == f"{found} " * 500
            assert row.revision == found + 1
    if store.is_sqlite:
        with store.read() as connection:
            assert connection.exec_driver_sql("PRAGMA integrity_check").scalar() == "ok"
    store.close()


@pytest.mark.parametrize(
    ("library", "code", "extra"),
    [
        ("argon2", "from pinchtune.store import Text", "web"),
        ("sqlalchemy", "from pinchtune.store.rows import find", "web"),
        (
            "psycopg",
            "from pinchtune.store import open_store; open_store('postgresql://h/x')",
            "postgres",
        ),
    ],
)
def test_a_missing_library_is_one_sentence(library: str, code: str, extra: str):
    environment = os.environ | {"PYTHONPATH": str(Path(ex.__file__).parents[2])}
    program = f"import sys; sys.modules[{library!r}] = None; {code}"
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True
    )
    expected = f"{library} is not installed; run: pip install 'pinchtune[{extra}]'"
    assert done.stderr.strip().endswith(expected)
