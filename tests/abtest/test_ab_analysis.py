"""The result: a crowd with a known truth, Holm at every look, and a look at the past."""

from __future__ import annotations

import math
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from answering import SALT, START, answered

from pinchtune.abtest.analysis import _looks, analyse
from pinchtune.abtest.counts import read_values
from pinchtune.abtest.crowd import People, drive
from pinchtune.abtest.journal import reading
from pinchtune.abtest.plan import DAY, Plan
from pinchtune.abtest.running import open_test, start_test
from pinchtune.stats import holm

DAYS = 8
PEOPLE = People(users=120, content={("ja", "candidate"): 0.93})


class Crowded(NamedTuple):
    """A test to which a crowd came."""

    folder: Path
    now: float


@pytest.fixture(scope="module")
def crowded(tmp_path_factory) -> Crowded:
    project, clock = tmp_path_factory.mktemp("crowded"), [START]
    plan = Plan(("production", "candidate"), ("es", "ja"), days=DAYS, users=120)
    (start_test(project, plan, "Kim", clock=lambda: clock[0]) / "salt").write_bytes(SALT)
    test = open_test(project, clock=lambda: clock[0], check_seconds=math.inf)
    drive(test, PEOPLE, clock, days=DAYS)
    test.close()
    return Crowded(test.folder, clock[0])


def test_a_crowd_is_understood(crowded):
    found = analyse(crowded.folder, crowded.now)
    assert found["claims"]["ja"]["verdict"] == "better"
    assert found["claims"]["es"]["verdict"] == "unclear"
    assert found["verdict"] == "better" and not any(g["is_broken"] for g in found["guards"])
    ja = found["groups"]["ja"]
    assert 0 < ja["low"] < 0.28 < ja["high"]
    assert len(ja["days"]) == DAYS and ja["days"][-1]["day"] == pytest.approx(DAYS, abs=0.01)
    widths = [day["high"] - day["low"] for day in ja["days"]]
    assert widths[0] > 1.5 * widths[-1]
    adjusted = holm([group["p"] for group in found["groups"].values()])
    assert [claim["adjusted"] for claim in found["claims"].values()] == adjusted


def test_looks_only_add_up(crowded):
    once = analyse(crowded.folder, crowded.now)
    earlier = [analyse(crowded.folder, START + day * DAY) for day in (2, 4, 6)]
    p = [found["groups"]["ja"]["p"] for found in (*earlier, once)]
    assert p == sorted(p, reverse=True) and p[0] > p[-1]
    days = [found["groups"]["ja"]["days"] for found in (*earlier, once)]
    assert days[1][:2] == days[0] and days[3][:6] == days[2]
    assert analyse(crowded.folder, crowded.now) == once


def test_a_user_counts_once_with_the_mean(begin, clock):
    test = begin()
    for n, score in enumerate((1, 5, 5, 3)):
        test.record(answered(test, n, user="one"))
        test.feedback(f"x-{n}", score=score, thumb=None, reason="", now=clock[0])
    test.record(answered(test, 9, user="two"))
    test.feedback("x-9", score=None, thumb="up", reason="", now=clock[0])
    with reading(test.journal.path) as db:
        values = read_values(db, "satisfaction", test.plan)
    means = np.sort(np.concatenate(values.of("es").means()))
    assert means.tolist() == [0.625, 1.0]
    assert [len(m) for m in values.of("ja").means()] == [0, 0]


def test_nothing_yet_is_a_result(begin, clock):
    test = begin(languages=("ja",))
    found = analyse(test.folder, clock[0] + 3 * DAY)
    assert list(found["groups"]) == ["ja"] and found["verdict"] == "unclear"
    assert found["groups"]["ja"]["value"] is None and found["groups"]["ja"]["days"] == []


def test_stops_by_hand_are_deviations(begin, clock):
    test = begin()
    clock[0] += 2 * DAY
    test.stop("the shop is closed", "Kim", "es")
    [deviation] = analyse(test.folder, clock[0])["deviations"]
    assert deviation["group"] == "es" and deviation["day"] == 2.0 and deviation["by"] == "Kim"


def test_after_a_stop_answers_no_longer_count_and_late_ratings_do(begin, clock):
    test = begin()
    test.record(answered(test, 1))
    test.stop("enough", "Kim", "es")
    clock[0] += 10
    test.record(answered(test, 2))
    test.feedback("x-1", score=5, thumb=None, reason="", now=clock[0])
    found = analyse(test.folder, clock[0] + 1)
    assert found["counts"]["counted"] == 1 and sum(found["groups"]["es"]["users"]) == 1


def test_the_moment_at_which_a_test_ended_is_looked_at():
    assert _looks(0.0, 1.5 * DAY, 3 * DAY) == [DAY, 1.5 * DAY, 2 * DAY, 3 * DAY]
    assert _looks(0.0, 60 * DAY, 1.5 * DAY) == [DAY, 1.5 * DAY]
