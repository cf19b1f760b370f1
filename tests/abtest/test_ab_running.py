"""The running test: routing, stops, feedback, guards."""

from __future__ import annotations

import threading

import pytest
from answering import START, answered

from pinchtune.abtest.analysis import analyse
from pinchtune.abtest.crowd import People, drive
from pinchtune.abtest.live import Live
from pinchtune.abtest.plan import DAY, Plan
from pinchtune.abtest.running import Test, open_test, start_test
from pinchtune.abtest.stops import Stops
from pinchtune.errors import UsageError


def arms(test: Test, language: str, count: int = 200) -> set[str]:
    return {test.route(f"user-{n}", language) for n in range(count)}


def test_only_named_languages_and_users_take_part(begin):
    test = begin()
    assert arms(test, "es") == arms(test, "ja") == {"production", "candidate"}
    assert arms(test, "fr") == arms(test, "") == {"production"}
    assert test.route("", "es") == "production"


def test_arms_stay_after_a_restart(begin, tmp_path):
    test = begin(split=0.3)
    again = Test(test.folder, clock=test.clock)
    users = [f"user-{n}" for n in range(200)]
    assert [test.route(u, "ja") for u in users] == [again.route(u, "ja") for u in users]
    again.close()


def test_a_language_is_stopped_by_itself_and_at_once(begin):
    test = begin()
    assert "candidate" in arms(test, "es")
    other = Test(test.folder)
    assert other.stop("too blunt", "Kim", "es")
    assert arms(test, "es") == {"production"}
    assert "candidate" in arms(test, "ja")
    assert not other.stop("again", "Lee", "es")
    assert Stops(test.folder / "stops").now()["es"]["why"] == "too blunt"
    other.close()


def test_the_kill_switch_works_at_once_in_another_process(begin, tmp_path):
    test = begin()
    assert not test.is_over() and "candidate" in arms(test, "es")
    other = open_test(tmp_path, clock=test.clock)
    assert other.stop("enough", "Kim")
    assert arms(test, "es") == arms(test, "ja") == {"production"}
    assert test.is_over() and open_test(tmp_path, clock=test.clock) is None
    other.close()


def test_the_last_language_stops_the_test_but_rolls_nothing_back(begin):
    stopped = []
    test = begin(on_stop=stopped.append)
    for language in ("es", "ja"):
        test.stop("by hand", "Kim", language)
    assert test.is_over() and stopped == []


def test_unknown_language_cannot_be_stopped(begin):
    with pytest.raises(UsageError, match="'fr' takes no part"):
        begin().stop("why", "Kim", "fr")


def test_the_days_end_the_test(begin, clock, tmp_path):
    test = begin(days=3)
    clock[0] = START + 3 * DAY - 1
    assert "candidate" in arms(test, "es")
    clock[0] += 1
    assert arms(test, "es") == {"production"} and open_test(tmp_path, clock=test.clock) is None


def test_one_test_at_a_time(begin, tmp_path, clock):
    test = begin()
    plan = Plan(("production", "other"), ("es",))
    with pytest.raises(UsageError, match="a test is running"):
        start_test(tmp_path, plan, "Kim", clock=test.clock)
    test.stop("enough", "Kim")
    second = start_test(tmp_path, plan, "Kim", clock=test.clock)
    assert second.name.startswith("002-") and test.folder.is_dir()


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({}, "neither score nor thumb"),
        ({"score": 6}, "score: 6"),
        ({"score": 0}, "score: 0"),
        ({"score": True}, "score: True"),
        ({"score": 2.5}, "score: 2.5"),
        ({"thumb": "sideways"}, "thumb: 'sideways'"),
        ({"score": 3, "reason": "x" * 2_001}, "reason: is longer"),
        ({"score": 3, "exchange_id": "x-2"}, "there is no answer 'x-2'"),
    ],
)
def test_bad_feedback_is_refused(begin, given, sentence):
    test = begin()
    test.record(answered(test, 1))
    facts = {"exchange_id": "x-1", "score": None, "thumb": None, "reason": "", "now": START}
    with pytest.raises(UsageError, match=sentence):
        test.feedback(**(facts | given))


def test_feedback_counts_once_with_its_last_word(begin):
    test = begin()
    exchange = answered(test, 1)
    test.record(exchange)
    for score in (1, 5):
        test.feedback("x-1", score=score, thumb=None, reason="", now=START)
    group = analyse(test.folder, START + 5)["groups"]["es"]
    assert sum(group["users"]) == 1 and 1.0 in (group["first"], group["second"])


def test_only_the_assigned_arm_counts(begin):
    test = begin()
    own = answered(test, 1)
    other = "candidate" if own.arm == "production" else "production"
    test.record(answered(test, 2, user="user-1", arm=other))
    test.record(answered(test, 3, language="fr"))
    test.record(own)
    test.journal.flush()
    found = analyse(test.folder, START)
    counts = {"exchanges": 3, "counted": 1, "other_arm": 1, "feedback": 0, "checks": 0, "lost": 0}
    assert found["counts"] == {**counts, "versions": {own.arm: ["v1"]}}
    assert found["deviations"] == [{"what": "other_arm", "count": 1}]


def test_another_version_on_the_way_is_a_deviation(begin):
    test = begin()
    for n, version in enumerate(("v1", "v2", "v1")):
        test.record(answered(test, n, user="one", version=version))
    test.journal.flush()
    [change] = analyse(test.folder, START)["deviations"]
    assert change["what"] == "versions" and change["versions"] == ["v1", "v2"]


def test_a_broken_rollback_is_told_and_tried_again_at_the_next_start(begin, caplog, tmp_path):
    def fail(reason):
        raise OSError("the words of a customer")

    test = begin(on_stop=fail)
    harm(test, status=500)
    test.check()
    assert "a guard's stop could not be acted on" in caplog.text
    assert "customer" not in caplog.text and test.is_over()
    assert started_again(tmp_path, test) == [Stops(test.folder / "stops").now()["all"]["why"]]
    assert started_again(tmp_path, test) == []


def started_again(project, test) -> list[str]:
    """Start a server, and return what it hears of stops."""
    heard: list[str] = []
    Live(project, on_stop=heard.append, clock=test.clock).close()
    return heard


def test_a_kill_between_the_stop_and_the_rollback_is_made_up_for(begin, tmp_path):
    test = begin()
    test.stop("guard errors: 100.0 % against 0.0 %", "guard")
    assert started_again(tmp_path, test) == ["guard errors: 100.0 % against 0.0 %"]
    assert started_again(tmp_path, test) == []


@pytest.mark.parametrize("by", ["Kim", "plan"])
def test_a_stop_of_nobody_but_a_guard_rolls_anything_back(begin, tmp_path, by):
    test = begin()
    test.stop("enough", by)
    assert started_again(tmp_path, test) == []


def test_guards_that_cannot_be_looked_at_are_told_without_anybodys_words(
    begin, caplog, monkeypatch
):
    def fail(*_):
        raise ValueError("the words of a customer")

    test = begin()
    monkeypatch.setattr("pinchtune.abtest.running.look_at_guards", fail)
    test._looking.acquire()
    test._check_and_release()
    assert "the guards could not be looked at: ValueError at " in caplog.text
    assert "customer" not in caplog.text and not test._looking.locked()


def harm(test: Test, count: int = 300, **harmed) -> None:
    """Exchanges of which the candidate's are harmed."""
    for n in range(count):
        more = harmed if test.route(f"user-{n}", "ja") == "candidate" else {}
        test.record(answered(test, n, language="ja", **more))


@pytest.mark.parametrize(
    ("harmed", "measure"),
    [
        ({"answer_language": "en"}, "wrong-language"),
        ({"answer_language": "unknown"}, "wrong-language"),
        ({"status": 502}, "errors"),
        ({"seconds": 60.0}, "slow"),
        ({"seconds": 60.0, "status": 499}, "slow"),
    ],
)
def test_a_guard_stops_and_calls(begin, harmed, measure):
    reasons = []
    test = begin(on_stop=reasons.append)
    harm(test, **harmed)
    broken = [alarm for alarm in test.check() if alarm.is_broken]
    assert [alarm.guard.measure for alarm in broken] == [measure]
    assert len(reasons) == 1 and reasons[0].startswith(f"guard {measure}: 100.0 % against 0.0 %")
    assert test.is_over() and test.route("user-1", "ja") == "production"
    found = analyse(test.folder, START)
    assert found["verdict"] == "worse"
    assert [g["measure"] for g in found["guards"] if g["is_broken"]] == [measure]
    test.check()
    assert len(reasons) == 1


def test_a_guard_can_stop_its_language_alone(begin):
    reasons = []
    test = begin(on_stop=reasons.append, guard_stops="language")
    harm(test, answer_language="en")
    test.check()
    assert reasons == [] and not test.is_over()
    assert arms(test, "ja") == {"production"} and "candidate" in arms(test, "es")


def test_guards_leave_a_harmless_candidate_alone(begin):
    test = begin(on_stop=lambda reason: pytest.fail(reason))
    harm(test)
    assert not any(alarm.is_broken for alarm in test.check())


def test_a_test_ends_by_itself_once_a_difference_is_shown(begin, clock):
    # One language is one claim: of several, the draw of the arms decides which is shown first.
    people = People(languages=("ja",), users=120, content={("ja", "candidate"): 0.93})
    planned = {"languages": ("ja",), "users": 120, "days": 30}
    test = begin(until_shown=True, on_stop=lambda reason: pytest.fail(reason), **planned)
    drive(test, people, clock, days=30)
    stop = Stops(test.folder / "stops").now()["all"]
    assert stop["by"] == "plan" and stop["why"].startswith("better in Japanese (p = ")
    assert stop["time"] < START + 30 * DAY - 1 and arms(test, "ja") == {"production"}
    found = analyse(test.folder, clock[0])
    assert found["is_over"] and found["verdict"] == "better" and found["deviations"] == []
    assert found["claims"]["ja"]["verdict"] == "better"


def test_a_harm_that_is_shown_ends_it_too(begin, clock):
    people = People(users=120, content={("ja", "candidate"): 0.3})
    test = begin(until_shown=True, users=120)
    drive(test, people, clock, days=30)
    assert analyse(test.folder, clock[0])["verdict"] == "worse" and test.is_over()


@pytest.mark.parametrize(
    ("until_shown", "content"), [(True, {}), (False, {("ja", "candidate"): 0.93})]
)
def test_nothing_else_ends_a_test_before_its_days(begin, clock, until_shown, content):
    test = begin(until_shown=until_shown, users=120)
    drive(test, People(users=120, content=content), clock, days=30)
    assert not test.is_over()


def test_english_is_guarded_where_it_takes_part(begin):
    reasons = []
    test = begin(on_stop=reasons.append, languages=("en", "ja"))
    for n in range(400):
        exchange = answered(test, n, language="en")
        test.record(exchange)
        bad = exchange.arm == "candidate"
        test.feedback(f"x-{n}", score=None, thumb="down" if bad else "up", reason="", now=START)
    test.check()
    assert reasons[0].startswith("guard satisfaction: 0.0 % against 100.0 % in English")


def test_guards_are_looked_at_beside_the_answers(begin, clock):
    stopped = threading.Event()
    test = begin(on_stop=lambda reason: stopped.set())
    test._next_check = 0.0
    harm(test, status=500)
    test._next_check = 0.0
    test.record(answered(test, 999))
    assert stopped.wait(20)


def test_what_came_last_is_looked_at_without_another_request(begin):
    stopped = threading.Event()
    test = begin(on_stop=lambda reason: stopped.set())
    harm(test, status=500)
    test.look()
    assert not test._looking.locked(), "it is not time yet"
    test._next_check = 0.0
    test.look()
    assert stopped.wait(20)


def test_where_nothing_has_happened_nothing_is_looked_at(begin, monkeypatch):
    looks = []
    test = begin()
    test.check()
    monkeypatch.setattr(test, "check_soon", lambda: looks.append(1))
    test._next_check = 0.0
    test.look()
    assert not looks
    test.record(answered(test, 1))
    assert looks
