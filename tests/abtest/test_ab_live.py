"""A server's view of the tests: what is followed when, without anybody waiting for it."""

from __future__ import annotations

import threading
import time

import pytest
from answering import START, answered

from pinchtune.abtest.analysis import analyse
from pinchtune.abtest.journal import prepare
from pinchtune.abtest.live import RETRY_SECONDS, Live
from pinchtune.abtest.plan import Plan
from pinchtune.abtest.running import open_test, start_test
from pinchtune.errors import RunError, UsageError

PLAN = Plan(("production", "candidate"), ("es",))


@pytest.fixture
def start(tmp_path, clock):
    return lambda plan=PLAN: start_test(tmp_path, plan, "Kim", clock=lambda: clock[0])


@pytest.fixture
def live(tmp_path, clock):
    found = Live(tmp_path, clock=lambda: clock[0])
    yield found
    found.close()


def arms(live):
    return {live.route(f"user-{n}", "es") for n in range(50)}


def rate(live, score=5):
    live.feedback("x-1", score=score, thumb=None, reason="", now=START)


def wait_for(there, seconds=20):
    end = time.monotonic() + seconds
    while not there():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.01)


def test_it_follows_what_is_started_and_stopped(live, start, tmp_path, clock):
    assert live.route("user-1", "es") == "production"
    with pytest.raises(UsageError, match="no test has been started"):
        rate(live)
    start()
    wait_for(lambda: arms(live) == {"production", "candidate"})
    test = open_test(tmp_path, clock=lambda: clock[0])
    live.record(answered(test, 1))
    rate(live)
    test.stop("enough", "Kim")
    test.close()
    assert arms(live) == {"production"}
    rate(live, 4)
    start(Plan(("production", "third"), ("es",)))
    wait_for(lambda: "third" in arms(live))


def test_nobody_waits_for_the_disk_while_a_test_is_opened(live, start, monkeypatch):
    opening, go_on = threading.Event(), threading.Event()

    def slow(path):
        opening.set()
        assert go_on.wait(20)
        prepare(path)

    start()
    monkeypatch.setattr("pinchtune.abtest.journal.prepare", slow)
    assert arms(live) == {"production"} and opening.wait(20)
    assert arms(live) == {"production"}
    with pytest.raises(RunError, match="not open at the moment; send it again later"):
        rate(live)
    go_on.set()
    wait_for(lambda: arms(live) == {"production", "candidate"})


def test_what_was_asked_before_a_test_was_open_is_no_part_of_it(live, start, tmp_path, clock):
    folder = start()
    clock[0] += 1
    live.tend()
    test = open_test(tmp_path, clock=lambda: clock[0])
    live.record(answered(test, 1, arm="production", time=START))
    live.record(answered(test, 2))
    live.close()
    test.close()
    counts = analyse(folder, clock[0])["counts"]
    assert counts["exchanges"] == counts["counted"] == 1


def test_a_broken_test_leaves_everybody_with_production_until_it_is_mended(
    start, tmp_path, clock, caplog
):
    folder = start()
    promised = (folder / "plan.json").read_text("utf-8")
    (folder / "plan.json").write_text("[]", "utf-8")
    live = Live(tmp_path, clock=lambda: clock[0])
    assert arms(live) == {"production"} and "cannot be opened" in caplog.text
    with pytest.raises(RunError, match="send it again later"):
        rate(live)
    (folder / "plan.json").write_text(promised, "utf-8")
    live.tend()
    assert arms(live) == {"production"}, "it is not tried at once"
    clock[0] += RETRY_SECONDS
    wait_for(lambda: arms(live) == {"production", "candidate"})
    live.close()


def test_a_pointer_that_cannot_be_looked_at_changes_nothing(live, start, tmp_path):
    start()
    live.tend()
    pointer = tmp_path / "abtest" / "current.json"
    pointer.unlink()
    pointer.symlink_to(pointer)
    with pytest.raises(OSError, match="symbolic links"):
        pointer.stat()
    assert arms(live) == {"production", "candidate"}
