"""Whether a test runs, and who takes part: its plan and its stops alone.

The journal is not needed for it: a test can be stopped, and none is started beside it, however
damaged its journal is or full its disk.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from time import time
from typing import Any

from pinchtune.abtest.plan import ALL, DAY, read_plan
from pinchtune.abtest.stops import Stops
from pinchtune.errors import UsageError
from pinchtune.files import read_json


class Course:
    """A test as its plan and its stops tell it."""

    def __init__(self, folder: Path, clock: Callable[[], float] = time) -> None:
        self.folder, self.clock = folder, clock
        self.plan, facts = read_plan(folder / "plan.json")
        self.started = float(facts["started"])
        self.ends = self.started + self.plan.days * DAY
        self.stops = Stops(folder / "stops")

    def is_over(self) -> bool:
        """True once everything is stopped, or the days are over."""
        return ALL in self.stops.now() or self.clock() >= self.ends

    def takes_part(self, user: str, language: str) -> bool:
        """True for a user with a name, in a language that takes part and is not stopped."""
        if not user or language not in self.plan.languages or self.is_over():
            return False
        return language not in self.stops.now()

    def stop(self, why: str, by: str, what: str = ALL, **more: Any) -> bool:
        """Stop the test, or a language of it, at once; False if it was stopped before.

        The last language stops the test; `more` is kept with the stop.
        """
        if what not in (ALL, *self.plan.languages):
            known = ", ".join(self.plan.languages)
            raise UsageError(f"{what!r} takes no part in the test; use one of: {known}")
        facts = {"time": self.clock(), "by": by, "why": why, **more}
        if ALL in self.stops.now() or not self.stops.write(what, facts):
            return False
        if what != ALL and not set(self.plan.languages) - set(self.stops.now()):
            self.stops.write(ALL, facts)
        return True


def tests_folder(project: Path) -> Path:
    """Return where the tests of a project lie."""
    return project / "abtest"


def pointer_path(project: Path) -> Path:
    """Return the file that names the test that was started last."""
    return tests_folder(project) / "current.json"


def current_folder(project: Path) -> Path | None:
    """Return the folder of the test that was started last; None if there never was one."""
    pointer = pointer_path(project)
    if not pointer.is_file():
        return None
    return tests_folder(project) / str(read_json(pointer)["name"])


def running_course(project: Path, clock: Callable[[], float] = time) -> Course | None:
    """Return the test that runs in a project; None if none does."""
    folder = current_folder(project)
    if folder is None or ALL in Stops(folder / "stops").now():
        return None
    course = Course(folder, clock)
    return None if course.is_over() else course
