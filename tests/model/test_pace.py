from __future__ import annotations

import threading
import time

import pytest

from pinchtune.errors import RunError
from pinchtune.model.pace import Pace, side_by_side


def test_a_pace_spaces_requests_and_holds_them():
    pace = Pace(600)
    found = [pace.seconds() for _ in range(4)]
    assert found == pytest.approx([0, 0.1, 0.2, 0.3], abs=0.05)
    pace.hold(5)
    assert pace.seconds() == pytest.approx(5, abs=0.05)
    pace.hold(1)
    assert pace.seconds() == pytest.approx(5.1, abs=0.05)


def test_a_pace_of_nothing_does_not_wait():
    assert [Pace(0).seconds() for _ in range(9)] == [0.0] * 9


def test_after_a_failure_nothing_new_is_begun():
    begun, ended, stopped = [], [], threading.Event()

    def work(item: int) -> int:
        begun.append(item)
        if item == 2:
            raise RunError("broken")
        stopped.wait(0.2)
        ended.append(item)
        return item

    with pytest.raises(RunError, match="broken"):
        side_by_side(work, range(1000), 3, stopped.set, lambda _: None)
    assert stopped.is_set() and len(begun) < 20
    assert sorted([*ended, 2]) == sorted(begun)


def test_what_failed_first_is_told_and_not_what_it_stopped():
    stopped = threading.Event()

    def work(item: int) -> int:
        if item == 3:
            raise RunError("refused")
        assert stopped.wait(9)
        raise RunError("stopped")

    with pytest.raises(RunError, match="refused"):
        side_by_side(work, range(99), 4, stopped.set, lambda _: None)


def test_nothing_new_is_begun_after_the_work_was_broken_off():
    begun = []

    def work(item: int) -> int:
        begun.append(item)
        time.sleep(0.01)
        return item

    def tick(item: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        side_by_side(work, range(1000), 3, lambda: None, tick)
    assert len(begun) < 50
