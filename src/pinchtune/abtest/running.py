"""The running test: a Router that says who gets which arm, a Recorder that keeps what happened.

PROJECT/abtest/current.json        {"name"}: the test that was started last
PROJECT/abtest/NAME/plan.json      what was promised
PROJECT/abtest/NAME/salt           what user hashes are made with
PROJECT/abtest/NAME/stops/         a file for each stop
PROJECT/abtest/NAME/journal.db     what happened
"""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from time import thread_time, time
from typing import Any

from pinchtune.abtest.analysis import describe_shown, look_at_claims
from pinchtune.abtest.assignment import assigned_arm, hide_user, make_salt
from pinchtune.abtest.guards import Alarm, look_at_guards
from pinchtune.abtest.journal import Journal, Keeping
from pinchtune.abtest.plan import ALL, DAY, PRODUCTION, Plan, read_plan, write_plan
from pinchtune.abtest.records import Exchange
from pinchtune.abtest.stops import GUARD, PLAN, Stops
from pinchtune.errors import PinchError, UsageError
from pinchtune.files import read_json, write_json

Json = dict[str, Any]
CHECK_SECONDS = 10.0
"""Least time between two looks at the guards; they take a twentieth of the time at most."""
LONGEST_REASON = 2_000
THUMBS = ("up", "down")
_BUSY = 20
_log = logging.getLogger("pinchtune.abtest")


class Test:
    """One test: made for one process, used by many threads."""

    __test__ = False  # pytest takes a class of this name for one of its own

    def __init__(
        self,
        folder: Path,
        keeping: Keeping | None = None,
        *,
        on_stop: Callable[[str], None] | None = None,
        clock: Callable[[], float] = time,
        check_seconds: float = CHECK_SECONDS,
    ) -> None:
        self.folder, self.clock = folder, clock
        self.plan, facts = read_plan(folder / "plan.json")
        self.started = float(facts["started"])
        self.ends = self.started + self.plan.days * DAY
        self.stops = Stops(folder / "stops")
        self.on_stop: Callable[[str], None] = on_stop or (lambda reason: None)
        self._salt = (folder / "salt").read_bytes()
        self._check_seconds, self._next_check = check_seconds, clock() + check_seconds
        self._looking, self._is_new = threading.Lock(), True
        self.journal = Journal(folder / "journal.db", keeping or Keeping())
        self.journal.forget_texts(clock())

    def is_over(self) -> bool:
        """True once everything is stopped, or the days are over."""
        return ALL in self.stops.now() or self.clock() >= self.ends

    def takes_part(self, user: str, language: str) -> bool:
        """True for a user with a name, in a language that takes part and is not stopped."""
        if not user or language not in self.plan.languages or self.is_over():
            return False
        return language not in self.stops.now()

    def route(self, user: str, language: str) -> str:
        """Return the arm of a user in a language: production for who takes no part."""
        if not self.takes_part(user, language):
            return PRODUCTION
        return assigned_arm(self.plan, self._salt, user, language)

    def record(self, exchange: Exchange) -> None:
        """Keep an exchange; never waits for the disk, never raises."""
        counted = self.takes_part(exchange.user, exchange.language)
        assigned = self.route(exchange.user, exchange.language)
        row = asdict(exchange) | {
            "user": hide_user(self._salt, exchange.user) if counted else "",
            "assigned": assigned,
            "counted": int(counted and assigned == exchange.arm),
        }
        self.journal.record(row)
        self._is_new = True
        self.look()

    def feedback(
        self, exchange_id: str, *, score: int | None, thumb: str | None, reason: str, now: float
    ) -> None:
        """Keep feedback: it is on the disk when this returns; UsageError for what is none."""
        check_feedback(score, thumb, reason)
        given = {"exchange": exchange_id, "score": score, "thumb": thumb, "reason": reason}
        self.journal.feedback({**given, "time": now})
        self._is_new = True

    def look(self) -> None:
        """Look at the guards beside what goes on, if it is time to and anything has happened.

        A server calls it now and then, so that what came last is looked at, too.
        """
        if self._is_new and self.clock() >= self._next_check and not self.is_over():
            self.check_soon()

    def check_soon(self) -> None:
        """Look at the guards in a thread of its own, unless one is looking."""
        if self._looking.acquire(blocking=False):
            self._next_check = self.clock() + self._check_seconds
            threading.Thread(target=self._check_and_release, daemon=True).start()

    def _check_and_release(self) -> None:
        try:
            begun = thread_time()
            self.check()
            pause = max(self._check_seconds, _BUSY * (thread_time() - begun))
            self._next_check = self.clock() + pause
        except Exception:
            _log.exception("%s: the guards could not be looked at", self.folder)
        finally:
            self._looking.release()

    def check(self) -> list[Alarm]:
        """Look at the guards now, stop what they say, and return what they see.

        A test that ends once a difference is shown is ended here too.
        """
        now, self._is_new = self.clock(), False
        self.journal.flush()
        self.journal.forget_texts(now)
        alarms = look_at_guards(self.plan, self.journal.path, self.stops.now(), now)
        for alarm in alarms:
            if alarm.is_broken:
                by_language = self.plan.guard_stops == "language" and alarm.group != ALL
                what = alarm.group if by_language else ALL
                self.stop(alarm.reason, GUARD, what, guard=alarm.place)
        if self.plan.until_shown and not self.is_over():
            self._stop_if_shown(now)
        return alarms

    def _stop_if_shown(self, now: float) -> None:
        shown = describe_shown(look_at_claims(self.plan, self.journal.path, now))
        # The moment of the look, so that whoever reads the result looks at the same answers.
        if shown and self.stop(shown, PLAN, time=now):
            _log.info("%s: the test has ended as planned: %s", self.folder, shown)

    def stop(self, why: str, by: str, what: str = ALL, **more: Any) -> bool:
        """Stop the test, or a language of it, at once; False if it was stopped before.

        A guard's stop of the test, or of its last language, calls `on_stop`; `more` is
        kept with it.
        """
        if what not in (ALL, *self.plan.languages):
            raise UsageError(
                f"{what!r} takes no part in the test; use one of: {', '.join(self.plan.languages)}"
            )
        facts = {"time": self.clock(), "by": by, "why": why, **more}
        if ALL in self.stops.now() or not self.stops.write(what, facts):
            return False
        left = set(self.plan.languages) - set(self.stops.now())
        if what != ALL and not left:
            self.stops.write(ALL, facts)
        if by == GUARD and (what == ALL or not left):
            self.on_stop(why)
        return True

    def close(self) -> None:
        """Wait for what is being looked at and written."""
        with self._looking:
            self.journal.close()


def check_feedback(score: int | None, thumb: str | None, reason: str) -> None:
    """Raise UsageError for feedback that says nothing, or nothing that can be read."""
    if score is None and thumb is None:
        raise UsageError("feedback has neither score nor thumb; send one of them")
    if score is not None and (isinstance(score, bool) or score not in range(1, 6)):
        raise UsageError(f"score: {score!r} is none of 1, 2, 3, 4, 5; correct it")
    if thumb is not None and thumb not in THUMBS:
        raise UsageError(f"thumb: {thumb!r} is neither up nor down; correct it")
    if len(reason) > LONGEST_REASON:
        raise UsageError(f"reason: is longer than {LONGEST_REASON} characters; shorten it")


def tests_folder(project: Path) -> Path:
    """Return where the tests of a project lie."""
    return project / "abtest"


def current_folder(project: Path) -> Path | None:
    """Return the folder of the test that was started last; None if there never was one."""
    pointer = tests_folder(project) / "current.json"
    if not pointer.is_file():
        return None
    return tests_folder(project) / str(read_json(pointer)["name"])


def start_test(project: Path, plan: Plan, by: str, *, clock: Callable[[], float] = time) -> Path:
    """Start a test and return its folder; UsageError while another one runs."""
    running = open_test(project, clock=clock)
    if running is not None:
        running.close()
        raise UsageError(f"{running.folder}: a test is running; stop it first with `pinch ab stop`")
    folder = _new_folder(tests_folder(project), plan)
    make_salt(folder / "salt")
    (folder / "stops").mkdir()
    write_plan(folder / "plan.json", plan, clock(), by)
    write_json(tests_folder(project) / "current.json", {"name": folder.name})
    return folder


def _new_folder(parent: Path, plan: Plan) -> Path:
    number = 1 + sum(1 for p in parent.glob("*/plan.json"))
    while True:
        folder = parent / f"{number:03}-{plan.id[:8]}"
        try:
            folder.mkdir(parents=True)
        except FileExistsError:
            number += 1
        else:
            return folder


def open_test(folder: Path, keeping: Keeping | None = None, **options: Any) -> Test | None:
    """Return the running test of the project in `folder`; None if none runs."""
    found = current_folder(folder)
    if found is None:
        return None
    test = Test(found, keeping, **options)
    if test.is_over():
        test.close()
        return None
    return test


class Live:
    """Router and Recorder of a project, whether a test runs or not: it follows what is started."""

    def __init__(
        self,
        project: Path,
        keeping: Keeping | None = None,
        arm: str = PRODUCTION,
        **options: Any,
    ) -> None:
        self.project, self.arm = project, arm
        self._keeping, self._options = keeping, options
        self._lock, self._seen = threading.Lock(), (0, 0)
        self._test: Test | None = None

    def _current(self) -> Test | None:
        try:
            found = os.stat(tests_folder(self.project) / "current.json")
        except FileNotFoundError:
            return None
        stamp = found.st_ino, found.st_mtime_ns
        if stamp != self._seen:
            with self._lock:
                if stamp != self._seen:
                    self._follow()
                    self._seen = stamp
        return self._test

    def _follow(self) -> None:
        self.close()
        try:
            folder = current_folder(self.project)
            self._test = Test(folder, self._keeping, **self._options) if folder else None
        except (PinchError, OSError):
            # Answering goes on with production whatever is wrong with the files of a test.
            _log.exception("%s: the A/B test cannot be opened", self.project)

    def route(self, user: str, language: str) -> str:
        """Return the arm of a user in a language; the usual arm while no test runs."""
        test = self._current()
        return test.route(user, language) if test else self.arm

    def record(self, exchange: Exchange) -> None:
        """Keep an exchange while a test runs; nothing is kept otherwise."""
        test = self._current()
        if test and not test.is_over():
            test.record(exchange)

    def feedback(
        self, exchange_id: str, *, score: int | None, thumb: str | None, reason: str, now: float
    ) -> None:
        """Keep feedback on an answer of the last test, also after its end."""
        test = self._current()
        if test is None:
            raise UsageError(f"there is no answer {exchange_id!r}; no test has been started")
        test.feedback(exchange_id, score=score, thumb=thumb, reason=reason, now=now)

    def look(self) -> None:
        """Look at the guards of the running test, if it is time to."""
        if test := self._current():
            test.look()

    def close(self) -> None:
        """End what is open."""
        if self._test is not None:
            self._test.close()
            self._test = None
