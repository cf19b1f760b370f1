"""Approvers mark answers of a running A/B test in the browser, by mouse and by keyboard."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from time import time

import pytest
from visitor import PASSWORD, PHONE, Typist, Visitor

from pinchtune.abtest.journal import Keeping
from pinchtune.abtest.plan import Plan
from pinchtune.abtest.records import Exchange
from pinchtune.abtest.running import open_test, start_test
from pinchtune.store import Grant, open_store, people
from server import Server
from throwaway import CHEAP

LANGUAGES = {
    "ja": ("納期はいつですか{}。", "三日後です{}。"),
    "ar": ("متى يصل{}؟", "بعد ثلاثة أيام{}."),
}
SETTINGS = 'name = "checked"\n[languages]\ntuned = ["ja", "ar"]\n[ab]\nkeep_text = true\n'


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Serve a workplace with a running test, and an approver for each of its languages."""
    folder = tmp_path_factory.mktemp("checked")
    (folder / "pinch.toml").write_text(SETTINGS, "utf-8")
    store = open_store(folder / "collect.db", hasher=CHEAP)
    admin = people.accept(store, people.bootstrap(store) or "", "Ada", PASSWORD)
    for code in LANGUAGES:
        token = people.invite(store, admin, [Grant("approver", code)], code)
        people.accept(store, token, f"Approver {code}", PASSWORD, code)
    store.close()
    answer_people(folder)
    started = Server(folder).start()
    yield started
    started.stop()


def answer_people(folder: Path) -> None:
    start_test(folder, Plan(("production", "candidate"), tuple(LANGUAGES)), "Kim")
    test = open_test(folder, Keeping(text=True))
    assert test is not None
    for n in range(40):
        code, user = list(LANGUAGES)[n % 2], f"user-{n}"
        question, answer = (text.format(n) for text in LANGUAGES[code])
        test.record(
            Exchange(
                f"{n:032x}", time(), user, test.route(user, code), "v1", tokens=5, seconds=1.0,
                first_seconds=0.2, status=200, question=question, answer=answer,
                language=code, answer_language=code,
            )
        )  # fmt: skip
    test.close()


def marks(folder: Path, code: str) -> list[tuple[str, int]]:
    [path] = folder.glob("abtest/*/journal.db")
    with closing(sqlite3.connect(path)) as db:
        found = db.execute(
            "SELECT by, correct FROM checks JOIN exchanges ON exchange = id "
            "WHERE language = ? ORDER BY checks.rowid",
            [code],
        )
        return found.fetchall()


@pytest.mark.parametrize(
    ("code", "kind", "options"), [("ja", Typist, {"viewport": PHONE}), ("ar", Visitor, {})]
)
def test_answers_are_marked_one_after_the_other(
    server: Server, meet: Callable[..., Visitor], code, kind, options
):
    visitor = meet(server, code, kind, **options)
    visitor.log_in(f"Approver {code}")
    visitor.page.goto("/checks")
    said = ["Correct", "Not correct", "Correct"]
    for done, verdict in enumerate(said):
        language = visitor.language(code)
        visitor.sees(visitor.say("{done} checked in {language}", done=done, language=language))
        visitor.sees(LANGUAGES[code][1].split("{")[0])
        visitor.press(verdict)
    visitor.sees(visitor.say("{done} checked in {language}", done=3, language=language))
    kept = marks(Path(server.folder), code)
    assert kept == [(f"Approver {code}", int(verdict == "Correct")) for verdict in said]
