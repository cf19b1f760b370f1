"""Spot checks in the browser: who sees them, what they show, and what is kept."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from time import time

import pytest
from lxml import html
from workplace import PEOPLE, Browser

from pinchtune.abtest.analysis import analyse
from pinchtune.abtest.journal import Keeping
from pinchtune.abtest.plan import Plan
from pinchtune.abtest.records import Exchange
from pinchtune.abtest.running import open_test, start_test
from pinchtune.config import AbConfig, Config
from pinchtune.stages.project import Project
from pinchtune.web.app import make_app

KEPT = Keeping(text=True)
EVIL = "<script>alert(1)</script> \u202eآه 👩‍🔧"


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "project").mkdir()
    return tmp_path / "project"


@pytest.fixture
def visitor(store, web_settings, folder):
    config = Config(ab=AbConfig(keep_text=True))
    app = make_app(store, project=Project(folder, config), settings=web_settings)
    return lambda: Browser(app, headers={"Accept-Language": "en"})


def fill(folder, count=24, languages=("es", "ja"), answer="Mañana {}.", keeping=KEPT):
    """Start a test, and let people ask."""
    plan = Plan(("production", "candidate"), ("es", "ja"))
    start_test(folder, plan, "Kim")
    test = open_test(folder, keeping)
    for n in range(count):
        code, user = languages[n % len(languages)], f"user-{n}"
        arm = test.route(user, code)
        facts = {"language": code, "answer_language": code, "question": f"¿Cuándo {n}?"}
        exchange = Exchange(
            f"{n:032x}", time(), user, arm, f"secret-{arm}", tokens=5, seconds=1.0,
            first_seconds=0.2, status=200, answer=answer.format(n), **facts,
        )  # fmt: skip
        test.record(exchange)
    test.close()


def check(browser, page, correct, status=303) -> None:
    action = html.fromstring(page).xpath("//form[starts-with(@action, '/checks/')]/@action")[0]
    answer = browser.post(
        action, data={"form_token": browser.token, "correct": correct}, follow_redirects=False
    )
    assert answer.status_code == status


def marks(folder):
    [path] = folder.glob("abtest/*/journal.db")
    with closing(sqlite3.connect(path)) as db:
        return db.execute(
            "SELECT id, arm, language, correct, by FROM exchanges JOIN checks ON exchange = id "
            "ORDER BY checks.rowid"
        ).fetchall()


def test_an_approver_marks_one_answer_after_the_other_without_knowing_the_arm(browse, folder):
    fill(folder, 80)
    carla = browse("Carla")
    seen = []
    for turn in range(8):
        page = carla.see("/checks?language=es")
        assert f"{turn} checked in Spanish" in page
        assert not re.search("production|candidate|secret", page)
        seen.append(re.search(r"Mañana \d+\.", page)[0])
        check(carla, page, "yes" if turn % 2 else "no")
    kept = marks(folder)
    assert len(set(seen)) == len(kept) == 8
    assert {(code, by) for _, _, code, _, by in kept} == {("es", "Carla")}
    assert [said for *_, said, _ in kept] == [0, 1] * 4
    # As many of either arm, in an order that is no simple turn.
    arms = [arm for _, arm, *_ in kept]
    assert [sorted(arms[i : i + 2]) for i in (0, 2, 4, 6)] == [["candidate", "production"]] * 4
    [path] = folder.glob("abtest/0*")
    counted = analyse(path, time())["measures"]["correct"]["es"]
    assert sum(counted["users"]) == 8


def test_which_arm_comes_first_in_a_block_cannot_be_told(tmp_path):
    from pinchtune.abtest.assignment import toss

    tossed = [toss(b"salt", "es", str(n)) for n in range(200)]
    assert 70 < sum(tossed) < 130 and tossed == [toss(b"salt", "es", str(n)) for n in range(200)]
    assert tossed != [toss(b"other", "es", str(n)) for n in range(200)]


def test_an_answer_that_one_cannot_judge_is_passed_over(browse, folder):
    fill(folder)
    carla = browse("Carla")
    page = carla.see("/checks")
    seen = {re.search(r"Mañana \d+\.", page)[0]}
    for _ in range(12):
        link = html.fromstring(page).xpath("//a[contains(@href, 'after=')]/@href")[0]
        page = carla.see(link)
        seen |= set(re.findall(r"Mañana \d+\.", page))
    assert len(seen) == 12 and marks(folder) == []


def test_what_people_wrote_takes_no_effect(browse, folder):
    fill(folder, 4, answer=EVIL)
    page = browse("Carla").see("/checks")
    assert "<script>alert" not in page and "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "\u202e" not in page and 'dir="auto"' in page


@pytest.mark.parametrize("name", sorted(PEOPLE))
def test_who_may_check(browse, folder, name):
    fill(folder)
    status = 200 if name in ("Carla", "Dora") else 403
    page = browse(name).see("/checks", status)
    assert ("Mañana" in page) == (status == 200)
    if name == "Carla":
        assert "language=ja" not in page
        assert "¿Cuándo" in browse(name).see("/checks?language=ja")


def test_nobody_marks_in_a_language_that_is_not_theirs(browse, folder):
    fill(folder)
    japanese = f"{1:032x}"
    for name, status in (("Carla", 403), ("Ana", 403), ("Ada", 403), ("Dora", 200)):
        browser = browse(name)
        browser.see("/")
        browser.fill(f"/checks/{japanese}", status, correct="yes")
    assert [by for *_, by in marks(folder)] == ["Dora"]


def test_forms_that_are_not_ours_or_say_nothing_are_refused(browse, folder):
    fill(folder)
    carla = browse("Carla")
    page = carla.see("/checks")
    check(carla, page, "perhaps", 422)
    carla.token = "0" * 64
    check(carla, page, "yes", 403)
    carla.see("/checks")
    carla.fill("/checks/unknown", 404, correct="yes")
    assert marks(folder) == []


def test_without_a_test_there_is_no_such_page(browse):
    assert "There is no such page." in browse("Carla").see("/checks", 404)
    assert "/checks" not in browse("Carla").see("/") and "/ab" not in browse("Rita").see("/")


def test_without_consent_it_says_why_there_is_nothing(browse, visitor, store, web_settings, folder):
    fill(folder, keeping=Keeping())
    app = make_app(store, project=Project(folder, Config()), settings=web_settings)
    page = Browser(app, headers={"Accept-Language": "en"}).log_in("Carla").see("/checks")
    assert "There is nothing to check in Spanish" in page and "ab.keep_text" in page


def test_looking_with_another_setting_than_the_servers_deletes_nothing(
    browse, visitor, store, web_settings, folder
):
    fill(folder)
    app = make_app(store, project=Project(folder, Config()), settings=web_settings)
    carla = Browser(app, headers={"Accept-Language": "en"}).log_in("Carla")
    for path in ("/checks", "/checks"):
        assert "Mañana" in carla.see(path)


def test_everybody_finds_their_page_of_the_test_in_the_navigation(browse, folder):
    fill(folder, 2)
    for name, links in {
        "Ada": {"/ab"}, "Rita": {"/ab"}, "Carla": {"/checks"}, "Dora": {"/checks"}, "Ana": set(),
    }.items():  # fmt: skip
        page = html.fromstring(browse(name).see("/"))
        found = set(page.xpath("//nav//a/@href"))
        assert found & {"/ab", "/checks"} == links, name
