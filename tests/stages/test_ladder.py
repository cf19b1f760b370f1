"""pinch decide and pinch stage: what is refused, what stays on record, what a kill leaves."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

import pinchtune
from laddered import CODES, answer, open_ladder, write_ladder_project
from pinchtune.errors import DataError, UsageError
from pinchtune.evaluation.planning import Guess
from pinchtune.files import read_json
from pinchtune.stages.ladder import read_ladder, told_stages, write_ladder
from pinchtune.stages.stage import finish_stage, list_stages, start_stage


@pytest.fixture
def folder(tmp_path) -> Path:
    return write_ladder_project(tmp_path)


def go(folder: Path) -> dict:
    answer(folder, " ".join(CODES))
    pinchtune.evaluate(open_ladder(folder))
    return finish_stage(open_ladder(folder))


def test_a_report_tells_the_stages_the_same_before_and_after_the_end_of_one(folder):
    assert told_stages(folder) == []
    start_stage(open_ladder(folder))
    go(folder)
    start_stage(open_ladder(folder))
    states = [(row["stage"], row["state"]) for row in told_stages(folder)]
    assert states == [("40-in-1", "done"), ("40-in-2", "now"), ("40-in-3", "ahead")]
    assert told_stages(folder)[0]["decision"]["verdict"] == "go"
    running = told_stages(folder)
    go(folder)
    ended = [{**row, "kept": None} for row in told_stages(folder)]
    assert ended == [{**row, "kept": None} for row in running]


def test_decide_says_what_follows(folder):
    answer(folder, "es ja ar")
    with pytest.raises(UsageError, match="run `pinch evaluate` first"):
        pinchtune.decide(open_ladder(folder))
    pinchtune.evaluate(open_ladder(folder))
    found = pinchtune.decide(open_ladder(folder))
    assert (found["verdict"], found["next"]["name"]) == ("go", "languages")
    assert "Arabic" in found["next"]["why"]
    japanese = pinchtune.decide(open_ladder(folder), "ja")
    assert "アラビア語" in japanese["next"]["why"] and "公開して差し支え" in japanese["text"]
    assert found["next"]["languages"] == ["ar"] and "plan" not in found


def test_decide_uses_what_the_plan_holds_worth_having(folder):
    pinchtune.plan(open_ladder(folder), Guess(effect=20.0))
    answer(folder, "es ja")
    pinchtune.evaluate(open_ladder(folder))
    found = pinchtune.decide(open_ladder(folder))
    assert found["plan"]["deviations"] == [] and "as planned" in found["text"]
    assert (found["verdict"], found["next"]["name"]) == ("go", "script")


@pytest.mark.parametrize("change", ["answers", "settings", "plan"])
def test_a_decision_on_something_else_is_refused(folder, change):
    answer(folder, "es ja ar")
    project = open_ladder(folder)
    pinchtune.evaluate(project)
    if change == "answers":
        answer(folder, "es")
    elif change == "plan":
        pinchtune.plan(project)
    else:
        project = pinchtune.Project.open(folder, ["evaluate.english_margin=5"])
    with pytest.raises(UsageError, match="is not of today's answers, settings and plan"):
        pinchtune.decide(project)


def test_a_stage_sets_languages_and_dose_until_the_next(folder):
    assert [(r["name"], r["state"]) for r in list_stages(open_ladder(folder))] == [
        ("40-in-1", "to come"),
        ("40-in-2", "to come"),
        ("40-in-3", "to come"),
    ]
    entry = start_stage(open_ladder(folder))
    config = open_ladder(folder).config
    assert (config.languages.tuned, config.languages.unseen) == (("es",), ("ja", "ar"))
    assert read_json(folder / "plan.json")["id"] == entry["plan"]
    assert read_json(folder / "plan.json")["promised"]["languages"]["tuned"] == ["es"]
    over = pinchtune.Project.open(folder, ["mix.dose=8"]).config.mix.dose
    assert (over, config.mix.dose) == (8, 40)
    assert start_stage(open_ladder(folder), "40-in-1") == entry  # begun once, not twice
    assert len(read_ladder(folder)) == 1


def test_up_the_ladder(folder):
    start_stage(open_ladder(folder))
    ended = go(folder)
    assert ended["decision"]["verdict"] == "go" and ended["kept"] == "ladder/40-in-1"
    kept = {p.name: p.read_bytes() for p in (folder / "ladder/40-in-1").iterdir()}
    assert set(kept) == {"decision.json", "scores.json", "plan.json"}
    assert json.loads(kept["decision.json"])["plan"]["deviations"] == []

    second = start_stage(open_ladder(folder))
    assert (second["stage"], second["override"]) == ("40-in-2", None)
    plan = read_json(folder / "plan.json")
    # The plan before had its time, and the answers that are there are of another mixture.
    assert plan["id"] == second["plan"] and plan["replaced"] == [] and not plan["is_late"]
    assert open_ladder(folder).config.languages.tuned == ("es", "ja")
    go(folder)
    assert {p.name: p.read_bytes() for p in (folder / "ladder/40-in-1").iterdir()} == kept
    start_stage(open_ladder(folder))
    go(folder)
    rows = list_stages(open_ladder(folder))
    assert [(r["state"], r["last"]["decision"]["verdict"]) for r in rows] == [("done", "go")] * 3
    with pytest.raises(UsageError, match="40-in-3 was the last stage"):
        start_stage(open_ladder(folder))


def test_a_stage_without_a_go_stops_the_climb_unless_overridden(folder):
    start_stage(open_ladder(folder))
    with pytest.raises(UsageError, match="has no decision yet; run `pinch stage finish` first"):
        start_stage(open_ladder(folder), "40-in-2")
    answer(folder, "", weak="es")
    pinchtune.evaluate(open_ladder(folder))
    assert finish_stage(open_ladder(folder))["decision"]["verdict"] == "no-go"
    before = (folder / "ladder.json").read_bytes(), (folder / "plan.json").read_bytes()
    with pytest.raises(UsageError, match=r"40-in-1 has no go \(no-go\); repeat it"):
        start_stage(open_ladder(folder))
    with pytest.raises(UsageError, match="has no go"):
        start_stage(open_ladder(folder), override="  ")
    assert ((folder / "ladder.json").read_bytes(), (folder / "plan.json").read_bytes()) == before
    entry = start_stage(open_ladder(folder), override="the site asked for it")
    assert entry["override"]["why"] == "the site asked for it"
    assert "40-in-1 has no go" in entry["override"]["against"]
    assert read_ladder(folder)[-1] == entry


def test_a_stage_can_be_repeated_and_both_times_stay(folder):
    start_stage(open_ladder(folder))
    answer(folder, "")
    pinchtune.evaluate(open_ladder(folder))
    assert finish_stage(open_ladder(folder))["decision"]["verdict"] == "unclear"
    start_stage(open_ladder(folder), "40-in-1")
    assert go(folder)["kept"] == "ladder/40-in-1.2"
    assert (folder / "ladder/40-in-1/decision.json").exists()
    first = list_stages(open_ladder(folder))[0]
    assert [t["decision"]["verdict"] for t in first["tries"]] == ["unclear", "go"]
    assert start_stage(open_ladder(folder))["stage"] == "40-in-2"


def test_a_stage_ends_with_the_plan_that_it_began_with(folder):
    with pytest.raises(UsageError, match="no stage is running"):
        finish_stage(open_ladder(folder))
    start_stage(open_ladder(folder))
    (folder / "plan.json").unlink()
    answer(folder, "es ja ar")
    pinchtune.evaluate(open_ladder(folder))
    with pytest.raises(UsageError, match="is not the plan"):
        finish_stage(open_ladder(folder))
    assert read_ladder(folder)[-1]["decision"] is None


def test_a_plan_made_by_hand_stays_on_record(folder):
    pinchtune.plan(open_ladder(folder))
    made = read_json(folder / "plan.json")
    start_stage(open_ladder(folder))
    assert read_json(folder / "plan.json")["replaced"] == [{k: made[k] for k in ("id", "made")}]


def test_stages_that_pinch_toml_cannot_have(folder):
    with pytest.raises(UsageError, match="there is no stage '9'; use one of: 40-in-1"):
        start_stage(open_ladder(folder), "9")
    text = (folder / "pinch.toml").read_text("utf-8")
    (folder / "pinch.toml").write_text(text + "[mix]\npercent = 1\n", "utf-8")
    with pytest.raises(UsageError, match=r"mix\.percent: the stages of a ladder count examples"):
        list_stages(open_ladder(folder))
    (folder / "pinch.toml").write_text(text + "doses = [10]\n", "utf-8")
    with pytest.raises(UsageError, match="doses must be empty or have a number for each stage"):
        open_ladder(folder)
    (folder / "pinch.toml").write_text(text + "doses = [10, 20, 20]\n", "utf-8")
    assert [r["name"] for r in list_stages(open_ladder(folder))] == [
        "10-in-1",
        "20-in-2",
        "20-in-3",
    ]
    (folder / "pinch.toml").write_text(text.replace("[1, 2, 0]", "[3, 9, 0]"), "utf-8")
    assert [r["name"] for r in list_stages(open_ladder(folder))] == ["40-in-3"]


@pytest.mark.parametrize("content", ["[]", '{"stages": [{}]}', '{"stages": 3}'])
def test_a_ladder_that_is_none_is_one_sentence(folder, content):
    (folder / "ladder.json").write_text(content, "utf-8")
    with pytest.raises(DataError, match=r"ladder\.json: is no ladder"):
        open_ladder(folder)


SCRIPT = """
import sys
import pinchtune
from pinchtune.stages.ladder import read_ladder, told_stages, write_ladder
project = pinchtune.Project.open(sys.argv[1], ["evaluate.resamples=50"])
print("ready", flush=True)
sys.stdin.readline()
while True:
    pinchtune.finish_stage(project)
    write_ladder(project.folder, [])
    pinchtune.start_stage(project)
"""


@pytest.mark.parametrize("kills", [2, pytest.param(20, marks=pytest.mark.slow)])
def test_a_kill_leaves_a_ladder_that_can_be_read(folder, kills):
    """Begun and ended over and over: whatever is on the disk is whole, and can be gone on with."""
    start_stage(open_ladder(folder))
    answer(folder, "es ja ar")
    pinchtune.evaluate(open_ladder(folder))
    rng = random.Random(kills)
    for _ in range(kills):
        command = [sys.executable, "-c", SCRIPT, str(folder)]
        with subprocess.Popen(command, stdin=-1, stdout=-1, text=True) as child:
            assert child.stdin and child.stdout and child.stdout.readline() == "ready\n"
            child.stdin.write("\n")
            child.stdin.flush()
            time.sleep(rng.uniform(0, 0.5))
            child.kill()
        assert child.returncode == -9
        begun = read_ladder(folder)
        assert list_stages(open_ladder(folder))
        if begun and begun[-1]["decision"]:
            assert (folder / begun[-1]["kept"] / "scores.json").exists()
            write_ladder(folder, [])
        start_stage(open_ladder(folder), "40-in-1")
        assert finish_stage(open_ladder(folder))["decision"]["verdict"] == "go"
        write_ladder(folder, [])
        start_stage(open_ladder(folder))
