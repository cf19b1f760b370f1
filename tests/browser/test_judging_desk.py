"""Judging by keyboard, in Japanese and from right to left: quick, blind, and all of it kept."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from itertools import cycle, islice

import pytest
from judged import Room, open_room
from playwright.sync_api import expect
from visitor import PHONE, Visitor

from pinchtune.store import judging, rounds

SETTLED = 300
"""Milliseconds after which a key counts for the next pair."""


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Room]:
    with open_room(tmp_path_factory.mktemp("judging")) as room:
        yield room


@pytest.fixture
def sit(room: Room, meet: Callable[..., Visitor]) -> Callable[..., Visitor]:
    """Let the rater of a language sit down at a round."""

    def sit(language: str, round: rounds.Round, locale: str = "", **options) -> Visitor:
        visitor = meet(room.server, locale or language, **options)
        visitor.log_in(room.raters[language].name)
        visitor.read_in(locale or language) if options.get("java_script_enabled", True) else None
        visitor.page.goto(f"/judge/{round.id}?language={language}")
        return visitor

    return sit


def place(visitor: Visitor) -> str:
    return visitor.page.locator("#desk-place").inner_text()


def press(visitor: Visitor, key: str) -> None:
    """Press a key when a pair is there, and wait for the next."""
    before = place(visitor)
    visitor.page.wait_for_timeout(SETTLED)
    visitor.page.keyboard.press(key)
    expect(visitor.page.locator("#desk-place")).not_to_have_text(before)


@pytest.mark.parametrize("language", ["ja", "ar"])
def test_forty_verdicts_by_keyboard(language: str, room: Room, sit):
    round = room.open(40, share=0)
    visitor = sit(language, round)
    loads: list[str] = []
    visitor.page.on("framenavigated", lambda frame: loads.append(frame.url))
    said: dict[str, tuple[str, str]] = {}
    for n, key in enumerate(islice(cycle("1234"), 40)):
        question = visitor.page.locator("#verdict .words").first.inner_text()
        first = visitor.page.locator(".sides .words").first.inner_text()
        if n % 10 == 0:
            visitor.page.keyboard.press("q")
            expect(visitor.page.locator("[name=wrong-1]")).to_be_checked()
        said[question] = key, first
        if n < 39:
            press(visitor, key)
        else:
            visitor.page.wait_for_timeout(SETTLED)
            visitor.page.keyboard.press(key)
    thanks = "Nothing is left for you in {language}. Thank you."
    visitor.sees(visitor.say(thanks, language=visitor.language(language)))
    assert loads == [] and len(said) == 40
    found = [j for j in judging.judgements(room.store) if j.round == round.id]
    assert len(found) == 40
    for one in found:
        key, first = said[room.questions[one.prompt_id]]
        arms = "ab" if first == room.answers[one.prompt_id][0] else "ba"
        assert one.choice == {"1": arms[0], "2": arms[1], "3": "good", "4": "bad"}[key]
    assert sum(bool(one.wrong) for one in found) == 4


def test_taking_back_and_marking(room: Room, sit):
    round = room.open(6)
    visitor = sit("ja", round)
    first = visitor.page.locator("#verdict").get_attribute("action")
    press(visitor, "b")
    expect(visitor.page.locator("#desk-place")).to_be_focused()
    visitor.page.keyboard.press("u")
    expect(visitor.page.locator("#verdict")).to_have_attribute("action", first or "")
    assert [j for j in judging.judgements(room.store) if j.round == round.id] == []
    visitor.page.keyboard.press("w")
    expect(visitor.page.locator("[name=wrong-2]")).to_be_checked()
    visitor.page.locator("[name=wrong-2]").focus()
    visitor.page.keyboard.press("Enter")  # says nothing
    visitor.page.wait_for_timeout(SETTLED)
    expect(visitor.page.locator("#verdict")).to_have_attribute("action", first or "")
    press(visitor, "x")  # letters count although a box has the focus
    [said] = [j for j in judging.judgements(room.store) if j.round == round.id]
    assert said.choice == "bad" and len(said.wrong) == 1


def test_a_key_struck_twice_judges_one_pair(room: Room, sit):
    round = room.open(6)
    visitor = sit("ar", round)
    visitor.page.wait_for_timeout(SETTLED)
    before = place(visitor)
    for _ in range(3):
        visitor.page.keyboard.press("1")
    expect(visitor.page.locator("#desk-place")).not_to_have_text(before)
    visitor.page.keyboard.press("1")
    visitor.page.wait_for_timeout(2 * SETTLED)
    assert len([j for j in judging.judgements(room.store) if j.round == round.id]) == 1


STRIKE = """([key, code]) => document.activeElement.dispatchEvent(
    new KeyboardEvent("keydown", {key, code, bubbles: true, cancelable: true}))"""


@pytest.mark.parametrize(("key", "code", "box"), [("ض", "KeyQ", 1), ("ص", "KeyW", 2)])
def test_a_keyboard_of_another_script(key: str, code: str, box: int, room: Room, sit):
    visitor = sit("ar", room.open(2))
    visitor.page.evaluate(STRIKE, [key, code])
    expect(visitor.page.locator(f"[name=wrong-{box}]")).to_be_checked()
    visitor.page.wait_for_timeout(SETTLED)
    before = place(visitor)
    visitor.page.evaluate(STRIKE, ["٣", "Digit3"])
    expect(visitor.page.locator("#desk-place")).not_to_have_text(before)


def test_without_a_connection_nothing_is_lost_or_taken_for_saved(room: Room, sit):
    round = room.open(4)
    visitor = sit("ja", round)
    before = place(visitor)
    visitor.page.context.set_offline(True)
    visitor.page.wait_for_timeout(SETTLED)
    visitor.page.keyboard.press("3")
    told = visitor.say("Not saved. Check the connection and press again.")
    expect(visitor.page.locator("#told")).to_have_text(told)
    assert place(visitor) == before
    visitor.page.context.set_offline(False)
    press(visitor, "3")
    expect(visitor.page.locator("#told")).to_be_hidden()
    assert [j.choice for j in judging.judgements(room.store) if j.round == round.id] == ["good"]


def test_texts_keep_their_direction(room: Room, sit):
    visitor = sit("ar", room.open(8, share=0), locale="ja")
    words = visitor.page.locator(".sides .words")
    directions = {
        words.nth(n).evaluate("it => getComputedStyle(it).direction"): words.nth(n).inner_text()
        for n in (0, 1)
    }
    assert set(directions) == {"rtl", "ltr"}  # one answer is in English, in this room
    assert re.search("[a-z]", directions["ltr"])
    assert words.first.get_attribute("lang") == "ar"


def test_without_a_script_on_a_phone(room: Room, sit):
    round = room.open(3, share=0)
    visitor = sit("ja", round, java_script_enabled=False, viewport=PHONE)
    for _ in range(3):
        visitor.page.locator("button[value=second]").click()
    expect(visitor.page.locator("#verdict")).to_have_count(0)
    assert len([j for j in judging.judgements(room.store) if j.round == round.id]) == 3
    visitor.page.locator("form[action$='/undo'] button").click()
    expect(visitor.page.locator("#verdict")).to_have_count(1)


def test_grades_by_keyboard(room: Room, sit):
    round = room.open(2, mode="grades", share=0)
    visitor = sit("ja", round)
    for key in "1f2":
        press(visitor, key)
    visitor.page.wait_for_timeout(SETTLED)
    visitor.page.keyboard.press("3")
    expect(visitor.page.locator("#verdict")).to_have_count(0)
    found = [j.choice for j in judging.judgements(room.store) if j.round == round.id]
    assert sorted(found) == ["excellent", "fail", "fail", "pass"]
