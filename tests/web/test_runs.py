"""Runs beside the workplace: read once, and again when they are made anew."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from asked import many_subjects, write_mined, write_selection
from pinchtune.errors import DataError
from pinchtune.mining.mined import read_mined
from pinchtune.web.runs import Kept, Runs


class Counting:
    def __init__(self, read):
        self.read, self.calls = read, 0

    def __call__(self, folder: Path):
        self.calls += 1
        return self.read(folder)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_mined(tmp_path)


def touch(folder: Path) -> None:
    """Make sure that the manifest has another time, however coarse the clock of the disk is."""
    path = folder / "manifest.json"
    now = path.stat().st_mtime_ns
    os.utime(path, ns=(now + 10**9, now + 10**9))


def test_a_run_is_read_once_until_it_is_made_anew(folder):
    read = Counting(read_mined)
    kept = Kept(folder, read)
    assert {len(kept().groups) for _ in range(3)} == {5} and read.calls == 1
    write_mined(folder.parent, many_subjects(7), "mined-2")
    touch(folder)
    assert len(kept().groups) == 7 and kept().key == "mined-2" and read.calls == 2


def test_an_unfinished_run_is_nothing_and_comes_when_it_is_finished(folder):
    kept = Kept(folder, read_mined)
    manifest = (folder / "manifest.json").read_bytes()
    (folder / "manifest.json").unlink()
    assert kept() is None and not kept.problem
    (folder / "manifest.json").write_bytes(manifest)
    assert len(kept().groups) == 5


def test_a_damaged_run_is_told_and_read_again_only_when_it_changes(folder, caplog):
    (folder / "clusters.jsonl").write_text("{broken\n", "utf-8")
    read = Counting(read_mined)
    kept = Kept(folder, read)
    assert kept() is None and kept() is None and read.calls == 1
    assert "clusters.jsonl:1: is not valid JSON" in kept.problem
    assert [r.message for r in caplog.records] == [kept.problem]
    write_mined(folder.parent)
    touch(folder)
    assert kept() is not None and kept.problem == ""


def test_a_run_of_another_version_is_told(folder):
    (folder / "summary.json").write_text('{"enquiries": 3}\n', "utf-8")
    kept = Kept(folder, read_mined)
    assert kept() is None and "was made by another version" in kept.problem


def test_a_run_that_is_made_anew_while_it_is_read_is_no_damage(folder):
    def vanish(path: Path):
        (path / "manifest.json").unlink()
        raise DataError("does not exist; check the name", path / "clusters.jsonl")

    kept = Kept(folder, vanish)
    assert kept() is None and kept.problem == ""


def test_without_a_project_there_is_nothing():
    runs = Runs()
    assert runs.mined() is None and runs.questions() is None and runs.outcome() is None


def test_everything_is_read_beside_the_visits(folder):
    write_selection(folder.parent)
    runs = Runs(folder.parent)
    for thread in runs.warm():
        thread.join()
    for kept in (runs.mined, runs.questions, runs.outcome):
        assert kept._value is not None
