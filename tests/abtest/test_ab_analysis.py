"""The result: a crowd with a known truth, Holm at every look, and a look at the past."""

from __future__ import annotations

import numpy as np
import pytest
from answering import START, answered

from bench.crowd import People, drive
from pinchtune.abtest.analysis import analyse
from pinchtune.abtest.counts import read_values
from pinchtune.abtest.journal import reading
from pinchtune.abtest.plan import DAY
from pinchtune.stats import holm

PEOPLE = People(users=150, content={("ja", "candidate"): 0.9})


@pytest.fixture
def crowded(begin, clock):
    test = begin(days=20, users=150)
    drive(test, PEOPLE, clock, days=20)
    return test


def test_a_crowd_is_understood(crowded, clock):
    found = analyse(crowded.folder, clock[0])
    assert found["claims"]["ja"]["verdict"] == "better"
    assert found["claims"]["es"]["verdict"] == "unclear"
    assert found["verdict"] == "better" and not any(g["is_broken"] for g in found["guards"])
    ja = found["groups"]["ja"]
    assert ja["low"] > 0 and ja["low"] < 0.25 < ja["high"]
    assert len(ja["days"]) == 20 and ja["days"][-1]["day"] == pytest.approx(20, abs=0.01)
    widths = [day["high"] - day["low"] for day in ja["days"]]
    assert widths[0] > 1.5 * widths[-1]
    adjusted = holm([group["p"] for group in found["groups"].values()])
    assert [claim["adjusted"] for claim in found["claims"].values()] == adjusted


def test_what_is_shown_stays_shown(crowded, clock):
    days = [analyse(crowded.folder, START + day * DAY)["groups"]["ja"]["p"] for day in (5, 10, 15)]
    assert days == sorted(days, reverse=True)


def test_looking_does_not_change_what_is_found(crowded, clock):
    once = analyse(crowded.folder, clock[0])
    for day in range(1, 20):
        analyse(crowded.folder, START + day * DAY)
    assert analyse(crowded.folder, clock[0]) == once


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
