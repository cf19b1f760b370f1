"""Questions whose answers a program checks while an A/B test runs."""

from __future__ import annotations

import logging
import sqlite3
from contextlib import closing
from dataclasses import replace
from time import time

import pytest

from pinchtune.abtest.analysis import analyse
from pinchtune.abtest.plan import Guard, Plan
from pinchtune.abtest.records import Exchange
from pinchtune.config import Config
from pinchtune.files import write_jsonl
from pinchtune.stages import abtest
from pinchtune.stages.canaries import make_verify
from pinchtune.stages.project import Project

SHORT = {"check": "words", "at_most": 3}
POLITE = {"check": "register", "level": "polite"}
SPANISH = "Responde en tres palabras como máximo y empieza por «Hola»."
JAPANESE = "丁寧に答えてください。"
PROMPTS = [
    {"language": "es", "instruction": SPANISH,
     "checks": [SHORT, {"check": "starts_with", "text": "Hola"}]},
    {"language": "ja", "instruction": JAPANESE, "checks": [POLITE]},
    {"language": "ja", "instruction": "続けてください。", "system": "Be brief.",
     "checks": [POLITE]},
    {"language": "es", "instruction": "¿Qué hora es?", "response": "Las tres."},
]  # fmt: skip


@pytest.fixture
def project(tmp_path):
    config = Config(languages={"tuned": ("es", "ja"), "unseen": ()})
    found = Project(tmp_path, config)
    write_jsonl(found.data_file("evaluation"), PROMPTS)
    return found


@pytest.mark.parametrize(
    ("question", "language", "answer", "share"),
    [
        (SPANISH, "es", "Hola, Ana.", 1.0),
        (f"  {SPANISH.upper()}\n", "es", "Hola, Ana.", 1.0),
        (SPANISH, "es", "Hola, Ana, ¿cómo estás hoy?", 0.5),
        (SPANISH, "es", "Buenos días a todos, amigos.", 0.0),
        (SPANISH, "es", "", 0.0),
        (SPANISH, "ja", "Hola, Ana.", None),
        (f"{SPANISH} Ya.", "es", "Hola, Ana.", None),
        ("¿Qué hora es?", "es", "Las tres.", None),
        (JAPANESE, "ja", "三時です。", 1.0),
        (JAPANESE, "ja", "👩‍🔧", None),
        ("続けてください。", "ja", "三時です。", None),
    ],
)
def test_an_answer_to_a_prompt_with_checks_is_checked(project, question, language, answer, share):
    assert make_verify(project)(question, language, answer) == share


def test_without_prompts_nothing_is_checked_and_bad_ones_are_told(project, caplog):
    project.data_file("evaluation").write_text('{"instruction": 5}\n', "utf-8")
    with caplog.at_level(logging.WARNING):
        assert make_verify(project)(SPANISH, "es", "Hola") is None
    assert "no answer of the A/B test is checked" in caplog.text
    caplog.clear()
    project.data_file("evaluation").unlink()
    assert make_verify(project)(SPANISH, "es", "Hola") is None and not caplog.text


def test_what_a_program_finds_is_kept_without_any_text_and_watched(project):
    plan = Plan(("production", "candidate"), ("es", "ja"), guards=(Guard("followed", 0.05),))
    folder = abtest.start(project, plan, "Kim")
    live = abtest.live(project)
    plain = Exchange("", time(), "", "", "v1", "es", "es", SPANISH, "Hola.", 5, 1.0, 0.2, 200)
    for n in range(300):
        user = f"user-{n}"
        arm = live.route(user, "es")
        answer = "Hola." if arm == "production" else "Buenos días a todos, amigos."
        live.record(replace(plain, id=f"x-{n}", user=user, arm=arm, answer=answer))
    for n, odd in enumerate(({"status": 502}, {"user": ""}, {"question": "¿Qué hora es?"})):
        user = odd.get("user", "user-1")
        arm = live.route(user, "es")
        live.record(replace(plain, **{"id": f"y-{n}", "user": user, "arm": arm, **odd}))
    live.close()
    found = analyse(folder, time())
    share = found["measures"]["followed"]["es"]
    assert (share["first"], share["second"], sum(share["users"])) == (1.0, 0.0, 300)
    assert [guard["is_broken"] for guard in found["guards"]] == [True]
    with closing(sqlite3.connect(folder / "journal.db")) as db:
        assert db.execute("SELECT COUNT(*), SUM(share) FROM followed").fetchone()[0] == 300
    held = b"".join(path.read_bytes() for path in folder.glob("journal.db*"))
    assert b"Hola" not in held and b"Responde" not in held
