"""A project folder with a running test, and a clock that stands still."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from answering import SALT, START

from pinchtune.abtest.journal import Keeping
from pinchtune.abtest.plan import Plan
from pinchtune.abtest.running import Test, open_test, start_test

Begin = Callable[..., Test]


@pytest.fixture
def clock() -> list[float]:
    return [START]


@pytest.fixture
def begin(tmp_path: Path, clock: list[float]) -> Iterator[Begin]:
    """Start a test with some plan; the guards are looked at when they are asked."""
    begun: list[Test] = []

    def start(keeping: Keeping | None = None, on_stop=None, **planned) -> Test:
        plan = Plan(**{"arms": ("production", "candidate"), "languages": ("es", "ja"), **planned})
        folder = start_test(tmp_path, plan, "Kim", clock=lambda: clock[0])
        (folder / "salt").write_bytes(SALT)
        test = open_test(
            tmp_path, keeping, on_stop=on_stop, clock=lambda: clock[0], check_seconds=math.inf
        )
        assert test is not None
        begun.append(test)
        return test

    yield start
    for test in begun:
        test.close()
