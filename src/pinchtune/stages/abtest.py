"""pinch ab: a project's A/B test started, stopped, looked at, reported."""

from __future__ import annotations

import getpass
from collections.abc import Callable, Iterable
from datetime import datetime
from pathlib import Path
from time import time
from typing import Any, NamedTuple

from pinchtune.abtest.analysis import analyse
from pinchtune.abtest.checking import (
    Answered,
    Mark,
    count_marks,
    draw_sample,
    find_answer,
    keep_marks,
    next_answer,
    read_marks,
    write_sample,
)
from pinchtune.abtest.course import current_folder, running_course, tests_folder
from pinchtune.abtest.forgetting import forget_texts
from pinchtune.abtest.journal import DAY, Journal, Keeping, prepare
from pinchtune.abtest.live import Live
from pinchtune.abtest.plan import ALL, Plan, read_plan
from pinchtune.abtest.poor import find_poor
from pinchtune.abtest.running import start_test
from pinchtune.abtest.stops import GUARD, Stops
from pinchtune.config import CANDIDATE
from pinchtune.data.personal import replace_personal
from pinchtune.errors import PinchError, UsageError
from pinchtune.files import write_json, write_jsonl, write_text
from pinchtune.stages.canaries import make_verify
from pinchtune.stages.project import Project
from pinchtune.stages.switching import rollback_version
from pinchtune.stages.versions import open_registry

Json = dict[str, Any]


def keeping(project: Project) -> Keeping:
    """Return what the project's configuration says may be kept."""
    return Keeping(project.config.ab.keep_text, project.config.ab.text_days, _clean)


def _clean(text: str, language: str) -> str:
    """Take out what mining takes out too: names beside a title, bare telephone numbers."""
    from pinchtune.mining.private import find_private

    return replace_personal(text, find_private(text, language))


def live(project: Project, on_stop: Callable[[str], None] | None = None) -> Live:
    """Return the Router and Recorder of a server: it follows what is started and stopped."""
    return Live(
        project.folder,
        keeping(project),
        project.config.serve.arm,
        on_stop=on_stop,
        verify=make_verify(project),
    )


def take_back(project: Project, why: str) -> None:
    """Take away the candidate of a test that a guard stopped, on record with the reason.

    A candidate that was named after the stop stays: somebody has decided since.
    """
    folder, registry = last_folder(project), open_registry(project)
    plan, _ = read_plan(folder / "plan.json")
    if CANDIDATE not in plan.arms[1:] or not registry.pointer(CANDIDATE):
        return
    named = datetime.fromisoformat(registry.read_pointer(CANDIDATE)["since"]).timestamp()
    stop = Stops(folder / "stops").now().get(ALL)
    if stop is None or named <= stop["time"]:
        rollback_version(project, of=CANDIDATE, by=GUARD, why=why, smoke=False)


def start(project: Project, plan: Plan, by: str = "") -> Path:
    """Start a test and return its folder; UsageError while another one runs."""
    return start_test(project.folder, plan, by or who())


def stop(project: Project, why: str, language: str = "", by: str = "") -> bool:
    """Stop the running test, or a language of it, at once; False if it was stopped before."""
    try:
        course = running_course(project.folder)
    except PinchError:
        if language:
            raise
        # Whatever has become of the plan, the kill switch works.
        facts = {"time": time(), "by": by or who(), "why": why}
        return Stops(last_folder(project) / "stops").write(ALL, facts)
    if course is None:
        raise UsageError("no A/B test is running; start one with `pinch ab start`")
    return course.stop(why, by or who(), language or ALL)


def last_folder(project: Project) -> Path:
    """Return the folder of the test that was started last; UsageError if there is none."""
    folder = current_folder(project.folder)
    if folder is None:
        raise UsageError("there has been no A/B test; start one with `pinch ab start`")
    return folder


def result(project: Project) -> Json:
    """Return the result of the last test as it stands."""
    return analyse(_journal(project).parent, time())


def report(project: Project) -> Path:
    """Write result.json and report.html of the last test, and return the page's path."""
    folder, found = last_folder(project), result(project)
    write_json(folder / "result.json", found)
    write_text(folder / "report.html", page(project, found))
    return folder / "report.html"


def live_page(project: Project | None) -> Callable[[str], str]:
    """Return what makes the page of the last test as it stands; empty if there is none."""

    def make(locale: str) -> str:
        if project is None or current_folder(project.folder) is None:
            return ""
        return page(project, result(project), locale)

    return make


def page(project: Project, found: Json, locale: str = "en") -> str:
    """Return the page of a result."""
    from pinchtune.reporting.abtest import build_page

    return build_page(project.config.name, found, locale)


def export(project: Project, path: Path) -> int:
    """Write the poor answers whose text was kept, for `pinch mine`; return how many."""
    rows = find_poor(_journal(project))
    if not rows and not project.config.ab.keep_text:
        raise UsageError(
            "no text was kept, so there is nothing to learn from: where people have agreed, set "
            "ab.keep_text = true"
        )
    return write_jsonl(path, rows)


def sample(project: Project, path: Path, count: int, seed: int = 0) -> int:
    """Write answers for people to mark, without their arms; return how many."""
    journal = _journal(project)
    plan, _ = read_plan(journal.parent / "plan.json")
    return write_sample(path, draw_sample(journal, plan, count, seed))


def mark(project: Project, path: Path, by: str = "") -> int:
    """Keep the marks of a sample that came back; return how many."""
    return _keep(project, read_marks(path), by or who())


def _keep(project: Project, marks: Iterable[Mark], by: str) -> int:
    journal = Journal(last_folder(project) / "journal.db", keeping(project))
    try:
        return keep_marks(journal, marks, by, time())
    finally:
        journal.close()


class Desk(NamedTuple):
    """What lies before somebody who checks answers."""

    languages: tuple[str, ...]
    """Languages of the test."""
    shown: Answered | None
    """None if there is nothing to check."""
    marks: dict[str, int]
    """How many answers are checked, by language."""


def has_test(project: Project) -> bool:
    """True if an A/B test was ever started."""
    return current_folder(project.folder) is not None


def checked_languages(project: Project) -> tuple[str, ...]:
    """Return the languages of the last test."""
    return read_plan(last_folder(project) / "plan.json")[0].languages


def desk(project: Project, language: str, after: str = "") -> Desk:
    """Return the answer of the last test to check next in a language."""
    journal = _journal(project)
    folder = journal.parent
    plan, _ = read_plan(folder / "plan.json")
    shown = next_answer(journal, plan, (folder / "salt").read_bytes(), language, after)
    return Desk(plan.languages, shown, count_marks(journal))


def checkable(project: Project, id: str) -> Answered | None:
    """Return an answer of the last test that can be marked."""
    return find_answer(_journal(project), id)


def keep_mark(project: Project, id: str, correct: bool, by: str) -> None:
    """Keep what somebody says of one answer."""
    _keep(project, [Mark(id, correct)], by)


def _journal(project: Project) -> Path:
    """Return the journal of the last test, once texts whose days are over are deleted everywhere.

    Whether texts are kept at all is for the server to say: it keeps them.
    """
    path = last_folder(project) / "journal.db"
    prepare(path)
    forget_texts(tests_folder(project.folder), time() - project.config.ab.text_days * DAY)
    return path


def who() -> str:
    """Return the name of the person at the machine."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"
