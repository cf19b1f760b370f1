"""The running test: who gets which arm, what happened, when it stops.

PROJECT/abtest/current.json        {"name"}: the test that was started last
PROJECT/abtest/NAME/plan.json      what was promised
PROJECT/abtest/NAME/salt           what user hashes are made with
PROJECT/abtest/NAME/stops/         a file for each stop
PROJECT/abtest/NAME/journal.db     what happened
PROJECT/abtest/NAME/told           who has to act on a guard's stop was told
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from time import thread_time, time
from typing import Any

from pinchtune.abtest.analysis import describe_shown, look_at_claims
from pinchtune.abtest.assignment import assigned_arm, hide_user, make_salt
from pinchtune.abtest.course import Course, pointer_path, running_course, tests_folder
from pinchtune.abtest.guards import Alarm, look_at_guards
from pinchtune.abtest.journal import Journal, Keeping, prepare
from pinchtune.abtest.plan import ALL, PRODUCTION, Plan, write_plan
from pinchtune.abtest.records import Exchange
from pinchtune.abtest.stops import GUARD, PLAN
from pinchtune.errors import UsageError, loggable
from pinchtune.files import write_json, write_text

CHECK_SECONDS = 10.0
"""Least time between two looks at the guards; they take a twentieth of the time at most."""
LONGEST_REASON = 2_000
THUMBS = ("up", "down")
Verify = Callable[[str, str, str], float | None]
"""Says of a question, its language and its answer which share of its checks the answer follows."""
_BUSY = 20
_log = logging.getLogger("pinchtune.abtest")


class Test(Course):
    """One test: made for one process, used by many threads."""

    __test__ = False  # pytest takes a class of this name for one of its own

    def __init__(
        self,
        folder: Path,
        keeping: Keeping | None = None,
        *,
        on_stop: Callable[[str], None] | None = None,
        verify: Verify = lambda question, language, answer: None,
        clock: Callable[[], float] = time,
        check_seconds: float = CHECK_SECONDS,
    ) -> None:
        super().__init__(folder, clock)
        self.on_stop, self.verify = on_stop, verify
        self._salt = (folder / "salt").read_bytes()
        self._check_seconds, self._next_check = check_seconds, clock() + check_seconds
        self._looking, self._is_new = threading.Lock(), True
        self.journal = Journal(folder / "journal.db", keeping or Keeping())

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
            "followed": self._followed(exchange) if counted else None,
        }
        self.journal.record(row)
        self._is_new = True
        self.look()

    def _followed(self, exchange: Exchange) -> float | None:
        """Return the share of its checks that a whole answer follows; its text is not needed."""
        if exchange.status >= 400:
            return None
        return self.verify(exchange.question, exchange.language, exchange.answer)

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
        except Exception as error:
            _log.error("%s: the guards could not be looked at: %s", self.folder, loggable(error))
        finally:
            self._looking.release()

    def check(self) -> list[Alarm]:
        """Look at the guards now, stop what they say, and return what they see.

        A test that ends once a difference is shown is ended here too.
        """
        now, self._is_new = self.clock(), False
        self.journal.flush()
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

        A guard's stop of the test, or of its last language, calls `on_stop`.
        """
        is_new = super().stop(why, by, what, **more)
        if is_new and by == GUARD:
            self.tell()
        return is_new

    def tell(self) -> None:
        """Call `on_stop` if a guard has stopped the test and it was not called yet.

        A process that opens the test does so too: the one that stopped it may have been killed.
        """
        stop, told = self.stops.now().get(ALL, {}), self.folder / "told"
        if self.on_stop is None or stop.get("by") != GUARD or told.exists():
            return
        try:
            self.on_stop(stop["why"])
            write_text(told, "")
        except Exception as error:
            message = "%s: a guard's stop could not be acted on; the next start tries again: %s"
            _log.error(message, self.folder, loggable(error))

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


def start_test(project: Path, plan: Plan, by: str, *, clock: Callable[[], float] = time) -> Path:
    """Start a test and return its folder; UsageError while another one runs."""
    if running := running_course(project, clock):
        raise UsageError(f"{running.folder}: a test is running; stop it first with `pinch ab stop`")
    folder = _new_folder(tests_folder(project), plan)
    make_salt(folder / "salt")
    (folder / "stops").mkdir()
    prepare(folder / "journal.db")
    write_plan(folder / "plan.json", plan, clock(), by)
    write_json(pointer_path(project), {"name": folder.name})
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


def open_test(
    project: Path,
    keeping: Keeping | None = None,
    *,
    clock: Callable[[], float] = time,
    **options: Any,
) -> Test | None:
    """Return the running test of a project; None if none runs."""
    running = running_course(project, clock)
    return Test(running.folder, keeping, clock=clock, **options) if running else None
