from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

import pinchtune
from pinchtune.errors import UsageError
from pinchtune.evaluation.decision import plan_text
from pinchtune.evaluation.planning import Guess, plan_id
from pinchtune.files import read_json
from pinchtune.stages.plan import plan_facts
from pinchtune.stages.run import outcome


def test_a_decision_names_its_plan_and_what_deviates(make_project: Callable[..., Path]):
    folder = make_project()
    project = pinchtune.Project.open(folder)
    path = pinchtune.plan(project)
    made = read_json(path)
    assert path == folder / "plan.json" and not made["is_late"]
    assert made["promised"]["prompts"] == {"en": 2, "es": 2, "ja": 2, "ar": 2}
    found = pinchtune.run(project)
    decision = read_json(project.path("evaluation", "decision.json"))
    assert decision["plan"]["id"] == made["id"] and decision["plan"]["deviations"] == []
    assert "done as planned" in found["text"]

    changed = pinchtune.Project.open(folder, ["evaluate.english_margin=20"])
    pinchtune.evaluate(changed)
    decision = read_json(project.path("evaluation", "decision.json"))
    assert [d["key"] for d in decision["plan"]["deviations"]] == ["english_margin"]
    assert "english_margin" in outcome(changed, "ja")["text"]

    late = read_json(pinchtune.plan(changed, replace=True))
    assert late["is_late"] and late["replaced"] == [{"id": made["id"], "made": made["made"]}]
    pinchtune.evaluate(changed)
    assert "answers were there already. It replaced" in outcome(changed)["text"]

    again = read_json(pinchtune.plan(changed, Guess(effect=3), replace=True))
    assert again["id"] == late["id"] and len(again["replaced"]) == 2
    pinchtune.evaluate(changed)
    decision = read_json(project.path("evaluation", "decision.json"))
    assert decision["plan"]["replaced"] == 2


def test_a_plan_stands(make_project: Callable[..., Path]):
    project = pinchtune.Project.open(make_project())
    path = pinchtune.plan(project)
    before = path.read_bytes()
    assert pinchtune.plan(project).read_bytes() == before
    with pytest.raises(UsageError, match=r"a plan was made on .*--replace"):
        pinchtune.plan(project, Guess(effect=3))
    assert path.read_bytes() == before


def test_a_plan_that_was_changed_by_hand_is_none(make_project: Callable[..., Path]):
    project = pinchtune.Project.open(make_project())
    path = pinchtune.plan(project)
    facts = read_json(path)
    facts["promised"]["english_margin"] = 40.0
    path.write_text(json.dumps(facts), "utf-8")
    with pytest.raises(UsageError, match="was changed after it was made"):
        pinchtune.plan(project)


@pytest.mark.parametrize(
    ("key", "value"),
    [("made", "2020-01-01"), ("is_late", True), ("replaced", [{}]), ("tests", {}), ("assumed", {})],
)
def test_all_that_a_plan_says_is_guarded(make_project, key, value):
    project = pinchtune.Project.open(make_project())
    path = pinchtune.plan(project)
    path.write_text(json.dumps({**read_json(path), key: value}), "utf-8")
    with pytest.raises(UsageError, match="was changed after it was made"):
        pinchtune.plan(project)
    made = read_json(pinchtune.plan(project, replace=True))
    assert pinchtune.plan(project) == path and len(made["replaced"]) > 0


def test_a_plan_of_an_earlier_version_is_read_and_said_to_be_one(make_project):
    project = pinchtune.Project.open(make_project())
    path = pinchtune.plan(project)
    made = read_json(path)
    del made["checksum"], made["promised"]["seeds"]
    made["id"] = plan_id(made["promised"])
    path.write_text(json.dumps(made), "utf-8")
    before = path.read_bytes()
    assert pinchtune.plan(project).read_bytes() == before
    facts = plan_facts(project)
    assert facts["deviations"] == [] and facts["unguarded"]
    assert "not guarded against changes" in plan_text(facts)
    assert "改変から守られていません" in plan_text(facts, "ja")
    now = pinchtune.Project.open(project.folder, ["train.seeds=2"])
    assert plan_facts(now)["deviations"] == [{"key": "seeds", "planned": 1, "now": 2}]


def test_without_a_plan_nothing_is_said(make_project: Callable[..., Path]):
    project = pinchtune.Project.open(make_project())
    assert "plan" not in pinchtune.run(project)
    assert read_json(project.path("evaluation", "decision.json"))["plan"] is None


def test_the_report_shows_the_plan_that_the_decision_names(make_project: Callable[..., Path]):
    project = pinchtune.Project.open(make_project())
    pinchtune.plan(project)
    page = Path(pinchtune.run(project)["report"])
    text = page.read_text("utf-8")
    assert "the test was done as planned" in text and "true score is 58" in text
    assert "answers were there already" not in text

    # Other assumptions leave the id, and so the evaluation, as it is: the page must not.
    pinchtune.plan(project, Guess(effect=5.0), replace=True)
    pinchtune.report(project)
    text = page.read_text("utf-8")
    assert "true score is 55" in text and "answers were there already" in text
    assert "earlier plans that this one replaced: 1" in text


def test_a_plan_made_after_the_decision_is_not_the_one_it_followed(
    make_project: Callable[..., Path],
):
    folder = make_project()
    project = pinchtune.Project.open(folder)
    page = Path(pinchtune.run(project)["report"])
    pinchtune.plan(project)
    pinchtune.report(project)
    assert "followed no written plan" in page.read_text("utf-8")
