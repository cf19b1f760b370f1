"""pinch costs and the files of the report, on a project that has run."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import pinchtune
from pinchtune.errors import UsageError
from pinchtune.files import read_json, write_json
from pinchtune.stages.costs import cost_facts
from pinchtune.stages.project import Project
from pinchtune.store import Grant, Store, Text, open_store
from pinchtune.store import examples as ex
from pinchtune.store import people as pe
from throwaway import CHEAP

PRICED = ["costs.hourly_rate=30", "costs.machine_rate=1.5", "costs.currency=EUR"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, write_project: Callable[..., Path]) -> Path:
    made = write_project(tmp_path_factory.mktemp("costs") / "project")
    pinchtune.run(Project.open(made))
    return made


def test_before_an_evaluation_it_says_what_to_run(make_project: Callable[..., Path]):
    with pytest.raises(UsageError, match="run `pinch evaluate` first"):
        pinchtune.costs(Project.open(make_project()))


def test_examples_of_a_file_are_assumed_and_the_computing_is_measured(folder: Path):
    costs = pinchtune.costs(Project.open(folder, PRICED))
    found = {(line.name, line.basis): line for line in costs.lines}
    assert found["writing", "assumed"].about == 4
    assert found["writing", "assumed"].money == pytest.approx(4 * 10 / 60 * 30)
    seconds = [read_json(path)["seconds"] for path in folder.glob("runs/*/*/timings.json")]
    assert len(seconds) == 4
    assert found["computing", "measured"].amount == pytest.approx(sum(seconds) / 3600)
    assert costs.worth.shares.source == "alike"


def test_mined_enquiries_weigh_the_languages(folder: Path):
    path = folder / "runs/mine/summary.json"
    write_json(path, {"languages": {"en": 60, "es": 30, "de": 10}})
    try:
        worth = pinchtune.costs(Project.open(folder)).worth
    finally:
        path.unlink()
        path.parent.rmdir()
    assert (worth.shares.source, worth.covered) == ("mined", pytest.approx(0.9))
    assert [row.code for row in worth.languages] == ["en", "es"]


def test_the_report_holds_pages_figures_and_the_record(folder: Path):
    runs = folder / "runs/report"
    names = {p.relative_to(runs).as_posix() for p in runs.rglob("*") if p.is_file()}
    pages = {f"answers-{code}.html" for code in ("en", "es", "ja", "ar")}
    figures = {f"figures/{n}.{code}.svg" for n in ("forest", "groups") for code in ("en", "ja")}
    assert names == {
        "report.html", "meeting.html", "summary.md", "summary.ja.md", "costs.json", *pages,
        *figures, "stage.json", "manifest.json",
    }  # fmt: skip
    for page in runs.glob("*.html"):
        for link in re.findall(r'href="([^"#]+)', page.read_text("utf-8")):
            assert link == "data:," or (runs / link).resolve().is_file(), f"{page.name}: {link}"


def test_other_prices_make_the_report_anew_and_the_same_ones_do_not(folder: Path):
    path = folder / "runs/report/costs.json"
    pinchtune.report(Project.open(folder, PRICED))
    assert json.loads(path.read_text("utf-8"))["currency"] == "EUR"
    before = path.stat().st_mtime_ns
    pinchtune.report(Project.open(folder, PRICED))
    assert path.stat().st_mtime_ns == before
    pinchtune.report(Project.open(folder))
    assert json.loads(path.read_text("utf-8"))["currency"] == ""


class Clock:
    def __init__(self) -> None:
        self.time = datetime(2026, 3, 1, 9, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.time


def collect(store: Store, clock: Clock, languages: list[str]) -> None:
    """Let one person write and another approve, four and one minutes for each example."""
    admin = pe.accept(store, pe.bootstrap(store), "Ada", "correct horse battery")
    invited = [("Ana", "author"), ("Ben", "approver")]
    ana, ben = (
        pe.accept(
            store, pe.invite(store, admin, [Grant(role)], name), name, "correct horse battery"
        )
        for name, role in invited
    )
    for n, language in enumerate(languages):
        row = ex.create(store, ana, language, Text(f"{language} {n}?", f"{language} {n}."))
        clock.time += timedelta(minutes=4)
        row = ex.submit(store, ana, row.id, row.revision)
        clock.time += timedelta(hours=1)
    waiting = sorted(ex.everything(store), key=lambda row: row.id)
    for row in waiting:
        clock.time += timedelta(minutes=1)
        ex.approve(store, ben, row.id, row.revision)


def test_a_collection_tells_how_long_people_worked(make_project: Callable[..., Path]):
    folder, clock = make_project(), Clock()
    store = open_store(folder / "collect.db", clock=clock, hasher=CHEAP)
    collect(store, clock, ["es", "es", "ja", "ja"])
    store.close()
    pinchtune.run(Project.open(folder))
    spanish, japanese = cost_facts(Project.open(folder)).work
    assert (spanish.language, spanish.examples, spanish.examples_seen) == ("es", 2, 2)
    assert spanish.writing == pytest.approx(8 / 60)
    assert spanish.decisions + japanese.decisions == 4
    assert spanish.decisions_seen + japanese.decisions_seen == 3, "not the first of the sitting"
    assert spanish.approving + japanese.approving == pytest.approx(3 / 60)
    page = (folder / "runs/report/report.html").read_text("utf-8")
    assert "collect.db: history" in page and "Measured hours are a lower bound" in page
    short = cost_facts(Project.open(folder, ["costs.pause_minutes=2"])).work
    assert sum(work.writing for work in short) == 0
