"""The kill switch: it works whatever has become of the journal, the disk, the plan."""

from __future__ import annotations

import json
import os
from concurrent.futures import ThreadPoolExecutor

import pytest
from answering import START

from pinchtune.abtest.analysis import analyse
from pinchtune.abtest.course import Course, running_course
from pinchtune.abtest.plan import DAY
from pinchtune.abtest.stops import Stops
from pinchtune.errors import RunError, UsageError


def test_one_of_many_writers_stops_and_its_reason_is_kept(tmp_path):
    with ThreadPoolExecutor(16) as pool:
        said = list(pool.map(lambda n: Stops(tmp_path).write("all", {"why": str(n)}), range(64)))
    assert said.count(True) == 1
    assert Stops(tmp_path).now()["all"]["why"] == str(said.index(True))
    assert [path.name for path in tmp_path.iterdir()] == ["all.json"]


def test_a_disk_without_links_stops_too(tmp_path, monkeypatch):
    def refuse(*_):
        raise OSError("links are not known here")

    monkeypatch.setattr(os, "link", refuse)
    stops = Stops(tmp_path)
    assert stops.write("es", {"why": "enough"}) and not stops.write("es", {"why": "again"})
    assert stops.now()["es"]["why"] == "enough"


def test_a_full_disk_stops_without_a_reason(begin, monkeypatch, caplog):
    def full(path, value):
        raise RunError(f"{path}: the disk is full")

    test = begin()
    monkeypatch.setattr("pinchtune.abtest.stops.write_json", full)
    assert Course(test.folder, test.clock).stop("enough", "Kim")
    assert test.is_over() and test.route("user-1", "es") == "production"
    assert "the reason could not be kept" in caplog.text


@pytest.mark.parametrize("content", ["", "[1]", "{", '{"why": "enough"}'])
def test_a_stop_that_is_half_written_counts_and_is_reported(begin, content):
    test = begin()
    (test.folder / "stops" / "all.json").write_text(content, "utf-8")
    assert test.is_over()
    found = analyse(test.folder, START + DAY)
    assert found["is_over"] and found["deviations"][0]["by"] == "unknown"
    (test.folder / "stops" / "all.json").write_text(json.dumps({"by": "Kim"}), "utf-8")
    os.utime(test.folder / "stops")
    assert Stops(test.folder / "stops").now()["all"]["by"] == "Kim"


def test_neither_stopping_nor_looking_whether_one_runs_needs_the_journal(begin, tmp_path):
    test = begin()
    test.close()
    for path in test.folder.glob("journal.db*"):
        path.unlink()
    (test.folder / "journal.db").write_bytes(b"no database" * 1_000)
    course = running_course(tmp_path, test.clock)
    assert course.stop("too blunt", "Kim", "es") and course.stop("enough", "Kim")
    assert not course.stop("again", "Kim") and running_course(tmp_path, test.clock) is None
    with pytest.raises(UsageError, match="'fr' takes no part"):
        course.stop("why", "Kim", "fr")
