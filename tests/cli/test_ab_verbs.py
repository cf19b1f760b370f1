"""`pinch ab`: a whole test by commands, and what it refuses."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from time import time

import pytest

from pinchtune.abtest.records import Exchange
from pinchtune.mining.readers import read_log
from pinchtune.stages import abtest
from pinchtune.stages.project import Project

TOML = '[ab]\nkeep_text = {keep}\n[languages]\ntuned = ["es", "ja"]\nunseen = []\n'
MAIL = "kim.lee@acme-pumps.com"


@pytest.fixture
def project(tmp_path):
    (tmp_path / "pinch.toml").write_text(TOML.format(keep="true"), "utf-8")
    return tmp_path


def fill(project, count=60):
    """Serve and rate, as a server does."""
    live = abtest.live(Project.open(project))
    plain = Exchange("", time(), "", "", "v1", "ja", "ja", "", "はい。", 5, 1.0, 0.2, 200)
    for n in range(count):
        user = f"user-{n}"
        arm = live.route(user, "ja")
        question = f"山田様、{MAIL} へ {n % 3}"
        live.record(replace(plain, id=f"x-{n}", user=user, arm=arm, question=question))
        score = 5 if arm == "candidate" else 1
        live.feedback(f"x-{n}", score=score, thumb=None, reason="", now=time())
    live.close()


def test_a_test_from_start_to_report(project, pinch, tmp_path):
    started = pinch("ab", "start", "-p", project, "--users", 60, "--guard", "slow=10", "--json")
    assert started.code == 0, started.err
    promised = json.loads(started.out)["promised"]
    assert promised["languages"] == ["es", "ja"] and promised["users"] == 60
    assert {"measure": "slow", "limit": 0.1, "where": "all"} in promised["guards"]
    fill(project)
    status = pinch("ab", "status", "-p", project)
    assert "candidate is better" in status.out and "guard slow in all" in status.out
    found = json.loads(pinch("ab", "status", "-p", project, "--json").out)
    assert found["claims"]["ja"]["verdict"] == "better"

    stopped = pinch("ab", "stop", "-p", project, "--language", "ja", "--why", "shown")
    assert stopped.out == "ja is stopped\n"
    assert pinch("ab", "stop", "-p", project).out == "the test is stopped\n"
    again = pinch("ab", "stop", "-p", project)
    assert again.code == 2 and "no A/B test is running; start one" in again.err

    report = pinch("ab", "report", "-p", project)
    page = (project / report.out.strip()).read_text("utf-8")
    assert "Better" in page and "改善" in page
    assert pinch("ab", "start", "-p", project).code == 0


def test_poor_answers_come_back_without_personal_data(project, pinch, tmp_path):
    pinch("ab", "start", "-p", project)
    fill(project)
    path = tmp_path / "poor.jsonl"
    told = pinch("ab", "export", path, "-p", project, "--json")
    found = list(read_log(path))
    assert len(found) == json.loads(told.out)["answers"] > 10
    text = path.read_text("utf-8")
    assert MAIL not in text and "山田" not in text and "[e-mail]" in text


def test_spot_checks_by_file(project, pinch, tmp_path):
    pinch("ab", "start", "-p", project)
    fill(project)
    path = tmp_path / "sample.csv"
    assert pinch("ab", "sample", path, "-p", project, "--count", 8).code == 0
    rows = list(csv.reader(path.read_text("utf-8-sig").splitlines()))
    for row in rows[1:]:
        row[4] = "no"
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(rows)
    assert pinch("ab", "mark", path, "-p", project).out == f"{len(rows) - 1} marks\n"
    found = json.loads(pinch("ab", "status", "-p", project, "--json").out)
    assert found["counts"]["checks"] == len(rows) - 1 > 3
    assert found["measures"]["correct"]["ja"]["first"] == 0


def test_without_consent_nothing_can_be_learned(project, pinch, tmp_path):
    (project / "pinch.toml").write_text(TOML.format(keep="false"), "utf-8")
    pinch("ab", "start", "-p", project)
    fill(project, 10)
    told = pinch("ab", "export", tmp_path / "poor.jsonl", "-p", project)
    assert told.code == 2 and "set ab.keep_text = true" in told.err
    assert not (tmp_path / "poor.jsonl").exists()


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("status",), "there has been no A/B test; start one with `pinch ab start`"),
        (("stop",), "no A/B test is running"),
        (("start", "--arms", "one"), "--arms: 'one' does not name two arms"),
        (("start", "--arms", "a,a"), "both are 'a'"),
        (("start", "--split", "100"), "--split: '100' is no split"),
        (("start", "--languages", "es,tlh"), "tlh"),
        (("start", "--guard", "taste=1"), "--guard: 'taste=1' is not MEASURE=POINTS"),
        (("start", "--days", "0"), "--days: 0 is not above 0"),
        (("start", "--guard-stops", "world"), "--guard-stops"),
    ],
)
def test_what_is_refused(project, pinch, look, words, sentence):
    before = look(project)
    told = pinch("ab", *words, "-p", project)
    assert told.code == 2 and sentence in told.err and told.err.count("\n") == 1
    assert look(project) == before


def test_a_second_test_and_a_changed_plan_are_refused(project, pinch):
    pinch("ab", "start", "-p", project)
    told = pinch("ab", "start", "-p", project)
    assert told.code == 2 and "a test is running; stop it first" in told.err
    [plan] = project.glob("abtest/*/plan.json")
    plan.write_text(plan.read_text("utf-8").replace('"days": 60', '"days": 61'), "utf-8")
    told = pinch("ab", "status", "-p", project)
    assert told.code == 2 and "was changed after the test began" in told.err
    told = pinch("ab", "stop", "-p", project, "--language", "ja")
    assert told.code == 2 and "was changed after the test began" in told.err
    assert pinch("ab", "stop", "-p", project).out == "the test is stopped\n"
    assert pinch("ab", "stop", "-p", project).code == 2, "it is over"
    assert pinch("ab", "start", "-p", project).code == 0


def test_neither_a_second_start_nor_a_look_with_another_setting_deletes_texts(
    project, pinch, tmp_path
):
    pinch("ab", "start", "-p", project)
    fill(project, 20)
    count = pinch("ab", "export", tmp_path / "poor.jsonl", "-p", project).out
    assert pinch("ab", "start", "-p", project).code == 2
    for verb in ("status", "report"):
        assert pinch("ab", verb, "-p", project, "--set", "ab.keep_text=false").code == 0
    assert pinch("ab", "export", tmp_path / "poor.jsonl", "-p", project).out == count
    kept = pinch(
        "ab", "export", tmp_path / "poor.jsonl", "-p", project, "--set", "ab.text_days=1e-9"
    )
    assert kept.out.startswith("0 poor answers"), "days are everybody's to keep"


def test_a_test_is_stopped_whatever_has_become_of_its_journal(project, pinch):
    pinch("ab", "start", "-p", project)
    [folder] = project.glob("abtest/0*")
    (folder / "journal.db").write_bytes(b"no database" * 1_000)
    told = pinch("ab", "status", "-p", project)
    assert told.code == 1 and "journal.db: cannot be opened" in told.err
    assert pinch("ab", "start", "-p", project).code == 2
    assert pinch("ab", "stop", "-p", project).out == "the test is stopped\n"
    assert pinch("ab", "start", "-p", project).code == 0
    assert pinch("ab", "status", "-p", project).code == 0


def test_what_is_counted_and_not_guarded_stands_in_the_status(project, pinch):
    pinch("ab", "start", "-p", project, "--guard", "errors=off")
    fill(project, 20)
    told = pinch("ab", "status", "-p", project).out
    assert "errors in ja: 0.0 → 0.0" in told and "correct" not in told


def test_english_guard_says_when_it_sees_nothing(project, pinch):
    told = pinch("ab", "start", "-p", project)
    assert "en takes no part, so its guard (satisfaction) sees nothing" in told.out
