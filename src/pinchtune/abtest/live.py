"""What a server asks and tells: a Router and a Recorder that follow the tests of a project."""

from __future__ import annotations

import logging
import math
import os
import threading
from collections.abc import Callable
from pathlib import Path
from time import time
from typing import Any

from pinchtune.abtest.course import current_folder, pointer_path, tests_folder
from pinchtune.abtest.forgetting import forget_texts
from pinchtune.abtest.journal import Keeping
from pinchtune.abtest.plan import PRODUCTION
from pinchtune.abtest.records import Exchange
from pinchtune.abtest.running import Test
from pinchtune.errors import RunError, UsageError, loggable

RETRY_SECONDS = 5.0
"""Time after which a test that could not be opened is tried again."""
FORGET_SECONDS, AGAIN_SECONDS = 3_600.0, 60.0
"""Time after which old texts are looked for, and where some could not be deleted."""
_log = logging.getLogger("pinchtune.abtest")


class Live:
    """Router and Recorder of a project, whether a test runs or not: it follows what is started.

    What waits for the disk is done in a thread of its own: whoever asks is not kept waiting, and
    gets the usual arm until a test that was just started is open. What fails is tried again.
    """

    def __init__(
        self,
        project: Path,
        keeping: Keeping | None = None,
        arm: str = PRODUCTION,
        *,
        clock: Callable[[], float] = time,
        **options: Any,
    ) -> None:
        self.project, self.arm, self.clock = project, arm, clock
        self._keeping, self._options = keeping or Keeping(), options
        self._tending, self._seen = threading.Lock(), (0, 0)
        self._test: Test | None = None
        self._since, self._retry, self._forget = 0.0, -math.inf, -math.inf
        self.tend()

    def tend(self) -> None:
        """Open the test that was started last, and delete texts whose days are over: now."""
        with self._tending:
            self._tend()

    def _stamp(self) -> tuple[int, int]:
        """Return what changes when a test is started; what was seen if it cannot be told."""
        try:
            found = os.stat(pointer_path(self.project))
        except FileNotFoundError:
            return 0, 0
        except OSError:
            return self._seen
        return found.st_ino, found.st_mtime_ns

    def _current(self) -> Test | None:
        """Return the test that is open; see to what has come up, beside what goes on."""
        if self._has_to_follow() or self.clock() >= self._forget:
            self._tend_soon()
        return self._test

    def _has_to_follow(self) -> bool:
        return self.clock() >= self._retry and self._stamp() != self._seen

    def _tend_soon(self) -> None:
        """Do `tend` in a thread of its own, unless that is being done."""
        if self._tending.acquire(blocking=False):
            threading.Thread(target=self._tend_and_release, daemon=True).start()

    def _tend_and_release(self) -> None:
        try:
            self._tend()
        finally:
            self._tending.release()

    def _tend(self) -> None:
        if self._has_to_follow():
            self._follow()
        if (now := self.clock()) >= self._forget:
            self._forget = now + AGAIN_SECONDS
            if forget_texts(tests_folder(self.project), self._keeping.oldest(now)):
                self._forget = now + FORGET_SECONDS

    def _follow(self) -> None:
        stamp, old = self._stamp(), self._test
        try:
            folder = current_folder(self.project)
            opened = self._open(folder) if folder else None
        except Exception as error:
            # Answering goes on with production whatever is wrong with the files of a test.
            _log.error("%s: the A/B test cannot be opened: %s", self.project, loggable(error))
            self._test, self._retry = None, self.clock() + RETRY_SECONDS
        else:
            self._since, self._test, self._seen = self.clock(), opened, stamp
            self._retry = -math.inf
        if old is not None:
            old.close()

    def _open(self, folder: Path) -> Test:
        test = Test(folder, self._keeping, clock=self.clock, **self._options)
        test.tell()
        return test

    def route(self, user: str, language: str) -> str:
        """Return the arm of a user in a language; the usual arm while no test runs."""
        test = self._current()
        return test.route(user, language) if test else self.arm

    def record(self, exchange: Exchange) -> None:
        """Keep an exchange while a test runs; nothing is kept otherwise."""
        test = self._current()
        # What was asked before the test was open was given to no arm of it.
        if test and exchange.time >= self._since and not test.is_over():
            test.record(exchange)

    def feedback(
        self, exchange_id: str, *, score: int | None, thumb: str | None, reason: str, now: float
    ) -> None:
        """Keep feedback on an answer of the last test, also after its end."""
        test = self._current()
        if test is not None:
            test.feedback(exchange_id, score=score, thumb=thumb, reason=reason, now=now)
        elif self._stamp() != self._seen:
            raise RunError("the A/B test is not open at the moment; send it again later")
        else:
            raise UsageError(f"there is no answer {exchange_id!r}; no test has been started")

    def look(self) -> None:
        """Look at the guards of the running test, if it is time to."""
        if test := self._current():
            test.look()

    def close(self) -> None:
        """End what is open."""
        with self._tending:
            if self._test is not None:
                self._test.close()
                self._test = None
