"""Texts whose days are over: gone from the disk in every test, and nobody else's by mistake."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest
from answering import START, answered

from pinchtune.abtest.forgetting import forget_texts
from pinchtune.abtest.journal import Keeping, reading
from pinchtune.abtest.live import Live
from pinchtune.abtest.plan import DAY, Plan
from pinchtune.abtest.running import start_test
from pinchtune.errors import UsageError

SECRET, REASON = "plantedquestiontext", "plantedreasontext"
KEPT = Keeping(text=True, text_days=30)


def on_disk(folder) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(folder.rglob("journal.db*")))


def fill(test, number=1) -> None:
    # Longer than a page of the file: what is freed is not written over by itself.
    test.record(answered(test, number, question=f"{SECRET} " * 2_000, answer=f"{SECRET} ok"))
    test.feedback(f"x-{number}", score=1, thumb=None, reason=REASON, now=test.clock())


def test_texts_are_gone_after_their_days_and_ratings_stay(begin, tmp_path):
    test = begin(KEPT)
    fill(test)
    assert forget_texts(test.folder.parent, KEPT.oldest(START + 29 * DAY))
    assert SECRET.encode() in on_disk(tmp_path) and REASON.encode() in on_disk(tmp_path)
    assert forget_texts(test.folder.parent, KEPT.oldest(START + 31 * DAY))
    held = on_disk(tmp_path)
    assert SECRET.encode() not in held and REASON.encode() not in held
    with closing(sqlite3.connect(test.journal.path)) as db:
        assert db.execute("SELECT score FROM feedback").fetchall() == [(1,)]


def test_a_server_forgets_in_tests_that_are_over_and_in_earlier_ones_too(begin, tmp_path, clock):
    for number in range(2):
        test = begin(KEPT)
        fill(test, number)
        test.stop("enough", "Kim")
    live = Live(tmp_path, KEPT, clock=lambda: clock[0])
    clock[0] = START + 29.9 * DAY
    tend_as_a_server_does(live)
    assert on_disk(tmp_path).count(f"{SECRET} ok".encode()) == 2
    clock[0] = START + 30.1 * DAY
    tend_as_a_server_does(live)
    live.close()
    assert SECRET.encode() not in on_disk(tmp_path) and REASON.encode() not in on_disk(tmp_path)


def tend_as_a_server_does(live) -> None:
    """Let time pass: what is due is done beside, and waited for here."""
    live.look()
    with live._tending:
        pass


def test_consent_that_ends_takes_the_texts_along_when_the_server_starts(begin, tmp_path):
    test = begin(KEPT)
    fill(test)
    Live(tmp_path, Keeping()).close()
    assert SECRET.encode() not in on_disk(tmp_path)


def test_a_second_start_is_refused_and_deletes_nothing(begin, tmp_path):
    test = begin(KEPT)
    fill(test)
    before = on_disk(tmp_path)
    with pytest.raises(UsageError, match="a test is running"):
        start_test(tmp_path, Plan(("a", "b"), ("es",)), "Kim", clock=test.clock)
    test.stop("enough", "Kim")
    start_test(tmp_path, Plan(("a", "b"), ("es",)), "Kim", clock=test.clock)
    assert on_disk(tmp_path).startswith(before) and SECRET.encode() in before


def test_what_a_reader_holds_back_is_told_and_deleted_later(begin, tmp_path, monkeypatch, caplog):
    monkeypatch.setattr("pinchtune.abtest.forgetting._READERS_SECONDS", 0)
    test = begin(KEPT)
    fill(test)
    with reading(test.journal.path) as db:
        assert db.execute("SELECT COUNT(*) FROM exchanges").fetchone() == (1,)
        assert not forget_texts(test.folder.parent, START + 1)
        assert SECRET.encode() in on_disk(tmp_path) and "somebody reads it" in caplog.text
    assert forget_texts(test.folder.parent, START + 1)
    assert SECRET.encode() not in on_disk(tmp_path)


def test_a_damaged_journal_keeps_nobody_from_the_others(begin, tmp_path, caplog):
    damaged = tmp_path / "abtest" / "000-damaged" / "journal.db"
    damaged.parent.mkdir(parents=True)
    damaged.write_bytes(b"no database" * 1_000)
    test = begin(KEPT)
    fill(test)
    assert not forget_texts(test.folder.parent, START + 1)
    assert SECRET.encode() not in on_disk(tmp_path)
    assert "000-damaged" in caplog.text and "could not be deleted" in caplog.text


@pytest.mark.parametrize(
    "odd",
    [{"user": ""}, {"language": "fr"}, {"language": ""}, {"arm": "third"}],
    ids=["without a name", "another language", "an unknown one", "another arm"],
)
def test_of_people_who_take_no_part_no_text_is_kept(begin, tmp_path, odd):
    test = begin(KEPT)
    test.record(answered(test, 1, question=SECRET, answer=SECRET, **odd))
    test.feedback("x-1", score=1, thumb=None, reason=REASON, now=START)
    assert SECRET.encode() not in on_disk(tmp_path) and REASON.encode() not in on_disk(tmp_path)
    with reading(test.journal.path) as db:
        assert db.execute("SELECT counted, score FROM exchanges, feedback").fetchone() == (0, 1)


@pytest.mark.parametrize("heard", ["", "unknown"])
def test_an_answer_in_an_unknown_language_is_cleaned_as_one_in_the_questions(begin, heard):
    seen = []
    test = begin(Keeping(text=True, clean=lambda text, language: seen.append(language) or text))
    test.record(answered(test, 1, "ja", answer_language=heard))
    test.journal.flush()
    assert seen == ["ja", "ja"]
