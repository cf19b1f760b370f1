"""pinch decide and pinch stage as a person or CI meets them: words on stdout, exit codes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import pinchtune
from laddered import answer, open_ladder, write_ladder_project


@pytest.fixture
def folder(tmp_path) -> Path:
    folder = write_ladder_project(tmp_path)
    toml = folder / "pinch.toml"
    toml.write_text(toml.read_text("utf-8") + "[evaluate]\nresamples = 50\n", "utf-8")
    return folder


def judge(folder: Path, good: str, weak: str = "") -> None:
    answer(folder, good, weak)
    pinchtune.evaluate(open_ladder(folder))


@pytest.mark.parametrize(
    ("good", "weak", "verdict", "code"),
    [("es ja ar", "", "go", 0), ("", "es ja", "no-go", 3), ("", "", "unclear", 3)],
)
def test_the_exit_code_is_the_verdict(pinch, folder, good, weak, verdict, code):
    judge(folder, good, weak)
    told = pinch("decide", "-p", folder, "--json")
    found = json.loads(told.out)
    assert (told.code, told.err, found["verdict"]) == (code, "", verdict)
    assert {reason["group"] for reason in found["reasons"]} >= {"english", "seen", "unseen"}
    plain = pinch("decide", "-p", folder)
    assert (plain.code, plain.err) == (code, "")
    assert plain.out.startswith(verdict.upper() + "\n") and f"→ {found['next']['title']}\n" in (
        plain.out
    )


def test_the_plan_and_what_deviates_from_it_are_said(pinch, folder):
    made = pinch("plan", "-p", folder, "--json")
    judge(folder, "es ja ar")
    assert "10.0 → " not in pinch("decide", "-p", folder).out
    pinch("evaluate", "-p", folder, "-q", "--set", "evaluate.english_margin=20")
    told = pinch("decide", "-p", folder, "--set", "evaluate.english_margin=20")
    assert f"plan {json.loads(made.out)['id']} of " in told.out
    assert "\n  english_margin: 10.0 → 20.0\n" in told.out


def test_in_japanese(pinch, folder):
    judge(folder, "es ja ar")
    told = pinch("decide", "-p", folder, "--language", "ja")
    assert "→ 言語を増やす\n" in told.out and "アラビア語" in told.out
    assert pinch("decide", "-p", folder, "--language", "fr").code == 2


def test_up_the_ladder_by_command(pinch, folder):
    listed = pinch("stage", "list", "-p", folder)
    assert listed.out.splitlines()[1].split() == ["40-in-1", "es", "to", "come", *"––––"]
    told = pinch("stage", "start", "-p", folder)
    assert (told.code, told.out.splitlines()[0].split(", with")[0]) == (
        0,
        "stage 40-in-1 has begun",
    )
    judge(folder, "es ja ar")
    told = pinch("stage", "finish", "-p", folder)
    assert (told.code, told.out.splitlines()[0]) == (
        0,
        "stage 40-in-1: GO, kept in ladder/40-in-1/",
    )
    # What a stage sets is said, on stderr alone.
    assert told.err.startswith('stage 40-in-1 sets languages.tuned=["es"], languages.unseen=')
    rows = json.loads(pinch("stage", "list", "-p", folder, "--json").out)
    assert [row["state"] for row in rows] == ["done", "to come", "to come"]
    assert rows[0]["last"]["decision"]["verdict"] == "go"


def test_a_stage_against_advice_is_listed_with_its_reason(pinch, folder):
    pinch("stage", "start", "-p", folder)
    judge(folder, "")
    assert pinch("stage", "finish", "-p", folder).code == 3
    refused = pinch("stage", "start", "next", "-p", folder)
    assert refused.code == 2 and "40-in-1 has no go (unclear)" in refused.err
    assert pinch("stage", "start", "next", "-p", folder, "--override", "the fair is near").code == 0
    listed = pinch("stage", "list", "-p", folder).out
    assert listed.splitlines()[-1].endswith(": the fair is near")
