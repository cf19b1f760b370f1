"""What is kept, what is not, for how long, and what survives."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest
from answering import START, answered

from pinchtune.abtest.analysis import analyse
from pinchtune.abtest.journal import Keeping
from pinchtune.errors import RunError
from pinchtune.files import write_text

SECRET, REASON = "plantedquestiontext", "plantedreasontext"
MAIL = "kim.lee@acme-pumps.com"


def on_disk(folder: Path) -> bytes:
    return b"".join(p.read_bytes() for p in folder.glob("journal.db*"))


def fill(test) -> None:
    question = f"{SECRET} {MAIL} قطع غيار 真空ポンプ 👩‍🔧"
    test.record(answered(test, 1, user="kim-the-user", question=question, answer=f"{SECRET} ok"))
    test.feedback("x-1", score=1, thumb=None, reason=f"{REASON} {MAIL}", now=test.clock())


def test_no_text_and_no_user_by_default(begin):
    test = begin()
    fill(test)
    held = on_disk(test.folder)
    assert b"x-1" in held
    for planted in (SECRET, REASON, "kim", MAIL):
        assert planted.encode() not in held


def test_text_is_kept_with_consent_without_personal_data(begin):
    test = begin(Keeping(text=True))
    fill(test)
    held = on_disk(test.folder)
    assert (
        SECRET.encode() in held and REASON.encode() in held and "真空ポンプ 👩‍🔧".encode() in held
    )
    assert MAIL.encode() not in held and b"[e-mail]" in held
    assert b"kim-the-user" not in held


def test_a_full_disk_refuses_feedback_and_never_an_answer(begin):
    test = begin()
    test.record(answered(test, 0))

    def limit(db, more):
        pages = db.execute("PRAGMA page_count").fetchone()[0]
        db.execute(f"PRAGMA max_page_count = {pages + more}")

    test.journal.write(lambda db: limit(db, 0))
    with pytest.raises(RunError, match=r"disk is full.*free some space"):
        for number in range(1, 1_000):
            test.record(answered(test, number))
            test.feedback(f"x-{number}", score=5, thumb=None, reason="", now=START)
    assert test.journal.lost == 1
    test.journal.write(lambda db: limit(db, 1_000))
    test.feedback("x-0", score=5, thumb=None, reason="", now=START)
    assert analyse(test.folder, START)["deviations"] == [{"what": "lost", "count": 1}]


def test_what_was_lost_last_is_told_when_the_journal_closes(begin, monkeypatch):
    monkeypatch.setattr("pinchtune.abtest.journal._WAIT_SECONDS", 0.05)
    test = begin()
    with closing(sqlite3.connect(test.journal.path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        test.record(answered(test, 1))
        end = time.monotonic() + 20
        while not test.journal.lost:
            assert time.monotonic() < end, "nothing is lost"
            time.sleep(0.01)
    monkeypatch.undo()
    test.close()
    assert analyse(test.folder, START)["counts"]["lost"] == 1


def test_what_cannot_be_kept_stops_nobody_else_and_is_told_without_its_words(begin, caplog):
    def clean(text, language):
        if SECRET in text:
            raise ValueError(text)
        return text

    test = begin(Keeping(text=True, clean=clean))
    test.record(answered(test, 1, question=SECRET))
    test.record(answered(test, 2))
    test.record(answered(test, 3, answer=SECRET))
    with pytest.raises(RunError, match=r"this could not be kept \(ValueError\)"):
        test.feedback("x-2", score=1, thumb=None, reason=SECRET, now=START)
    assert "ValueError at " in caplog.text and SECRET not in caplog.text
    test.close()
    found = analyse(test.folder, START)
    assert found["counts"]["exchanges"] == 1
    assert found["deviations"] == [{"what": "lost", "count": 2}]


CHILD = """
import sys, time
from pathlib import Path
sys.path[:0] = {paths!r}
from answering import answered
from pinchtune.abtest.running import Test
test = Test(Path({folder!r}))
for number in range(100_000):
    test.record(answered(test, number))
    test.feedback(f"x-{{number}}", score=1 + number % 5, thumb=None, reason="", now=time.time())
    print(number, flush=True)
"""


def test_acknowledged_feedback_survives_kill_9(begin, tmp_path):
    test = begin()
    test.close()
    code = CHILD.format(paths=[str(Path(__file__).parent)], folder=str(test.folder))
    write_text(tmp_path / "child.py", code)
    seen = 0
    for wanted in (3, 40, 120):
        last = kill_after(tmp_path / "child.py", wanted)
        with closing(sqlite3.connect(test.folder / "journal.db")) as db:
            kept = db.execute("SELECT COUNT(*) FROM feedback").fetchone()[0]
            assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert last >= wanted and kept - seen >= last + 1
        seen = kept


def kill_after(code: Path, wanted: int) -> int:
    """Run the code, kill it after so many lines, and return the last number that it said."""
    command = [sys.executable, str(code)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        said = [line for _, line in zip(range(wanted + 1), child.stdout, strict=False)]
        os.kill(child.pid, signal.SIGKILL)
        said += child.stdout.readlines()
    return int([line for line in said if line.endswith("\n")][-1])
