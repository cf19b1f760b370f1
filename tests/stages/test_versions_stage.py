"""Releasing tuned arms of a small project, promoting, and going back."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

import pinchtune
from pinchtune.abtest.plan import Plan
from pinchtune.errors import RunError, UsageError
from pinchtune.files import hash_tree, read_json
from pinchtune.releasing import Registry
from pinchtune.stages import abtest
from pinchtune.stages.versions import open_registry

SETTINGS = ["train.epochs=2"]
OVERRIDE = "the model is a random one"


@pytest.fixture(scope="module")
def finished(
    write_project: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory
) -> pinchtune.Project:
    folder = write_project(tmp_path_factory.mktemp("finished") / "project")
    project = pinchtune.Project.open(folder, SETTINGS)
    pinchtune.plan(project)
    pinchtune.run(project)
    pinchtune.add_version(project, "v1", tuned_by="Ana", note="the first")
    pinchtune.add_version(project, "v2", arm="english", tuned_by="Ben")
    return project


@pytest.fixture
def project(finished: pinchtune.Project, tmp_path: Path) -> pinchtune.Project:
    shutil.copytree(finished.folder, tmp_path / "project")
    return pinchtune.Project.open(tmp_path / "project", SETTINGS)


def promote(project: pinchtune.Project, name: str, **how: object):
    how = {"by": "Cy", "override": OVERRIDE, "smoke": False, **how}
    return pinchtune.promote_version(project, name, **how)  # type: ignore[arg-type]


def events(project: pinchtune.Project) -> list[str]:
    return [event["action"] for event in pinchtune.version_history(project)]


def test_a_version_is_an_arm_with_its_evidence(project):
    version = open_registry(project).get("v1")
    assert pinchtune.verify_versions(project) == {
        "v1": [],
        "v2": [],
        "production": [],
        "candidate": [],
    }
    assert {path.name for path in version.evidence_path.iterdir()} >= {
        *("mixture.json", "plan.json", "decision.json", "scores.json", "verdicts.jsonl"),
        *("evaluation.json", "report.html", "meeting.html", "answers-ja.html", "figures"),
        *("summary.md", "summary.ja.md", "smoke.jsonl"),
    }
    arm = project.path("arms", "pinch")
    released = hash_tree(version.model_path)
    assert released == {k: v for k, v in hash_tree(arm).items() if k != "stage.json"}
    facts = version.facts
    assert facts["tuned_by"]["name"] == "Ana" and facts["note"] == "the first"
    assert facts["dose"] == 4 and facts["method"] == version.method == "lora"
    assert version.verdict == read_json(project.path("evaluation", "decision.json"))["verdict"]
    assert facts["plan"] == read_json(project.folder / "plan.json")["id"]
    assert set(facts["figures"]) == {"english", "seen", "unseen"}
    assert "endpoint" not in facts["generate"]


def test_only_the_arm_that_was_decided_on_has_a_decision(project):
    version = open_registry(project).get("v2")
    assert version.verdict == "" and not (version.evidence_path / "decision.json").exists()


def test_the_smoke_prompts_are_of_every_group(project):
    lines = (open_registry(project).get("v1").evidence_path / "smoke.jsonl").read_text("utf-8")
    rows = [json.loads(line) for line in lines.splitlines()]
    codes = [row["prompt"]["language"] for row in rows]
    assert (
        len(rows) == 8
        and set(codes) == {"en", "es", "ja", "ar"}
        and codes[:3] == [*("en", "es", "ar")]
    )
    assert all(row["ids"] and row["bits"] > 0 and row["size"] > 0 for row in rows)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"name": "v1"}, "v1: is there already; versions never change"),
        ({"name": "../x"}, "is no name of a version"),
        ({"name": "v3", "arm": "base"}, "unknown arm 'base'; use one of: english, pinch"),
        ({"name": "v3", "tuned_by": "x" * 121}, "--tuned-by: is longer than 120 characters"),
    ],
)
def test_what_cannot_be_added(project, arguments, message):
    with pytest.raises(UsageError, match=message):
        pinchtune.add_version(project, **arguments)


def test_an_arm_of_other_settings_is_not_released(project):
    other = pinchtune.Project.open(project.folder, ["train.epochs=3"])
    with pytest.raises(UsageError, match="or not of today's settings and data; run `pinch run`"):
        pinchtune.add_version(other, "v3")


def test_an_old_evaluation_is_not_released(project):
    other = pinchtune.Project.open(project.folder, [*SETTINGS, "evaluate.resamples=60"])
    with pytest.raises(UsageError, match=r"evaluation: is not complete, or not of today's"):
        pinchtune.add_version(other, "v3")
    shutil.rmtree(project.path("evaluation"))
    version = pinchtune.add_version(project, "v3", tuned_by="Ana")
    assert version.verdict == ""


def test_a_damaged_arm_is_not_released(project):
    with project.path("arms", "pinch", "adapter_model.safetensors").open("r+b") as file:
        file.seek(-1, os.SEEK_END)
        file.write(b"\x01")
    with pytest.raises(UsageError, match="arms/pinch: is not complete"):
        pinchtune.add_version(project, "v3")


def test_promotion_needs_go_and_a_second_person(project):
    verdict = open_registry(project).get("v1").verdict
    assert verdict != "go"
    with pytest.raises(UsageError) as told:
        pinchtune.promote_version(project, "v1", by="ana", smoke=False)
    assert str(told.value) == (
        f"v1 cannot be promoted: the decision on v1 is {verdict}, and go is needed; ana tuned it, "
        "and another person has to promote it; --override WHY does it all the same"
    )
    assert open_registry(project).pointer("production") is None
    promote(project, "v1", by="ana")
    [change] = [e for e in pinchtune.version_history(project) if e["action"] == "promote"]
    assert change["override"] == OVERRIDE and len(change["objections"]) == 2


def test_promoting_asks_the_prompts_of_the_release(project):
    said = promote(project, "v1", smoke=True)
    assert said.smoke.problems == () and said.smoke.text() == "8 of 8 answers are the same"
    assert (said.pointer, said.before, said.version) == ("production", None, "v1")
    [change] = [e for e in pinchtune.version_history(project) if e["action"] == "promote"]
    assert change["smoke"]["problems"] == []


def test_a_model_that_says_something_else_is_not_promoted(project):
    lie(open_registry(project), "v1")
    with pytest.raises(RunError) as told:
        promote(project, "v1", smoke=True)
    assert "v1 was not promoted: it does not say what it said at its release" in str(told.value)
    assert "skip the question with --no-smoke" in str(told.value)
    assert open_registry(project).pointer("production") is None


def lie(registry: Registry, name: str) -> None:
    """Let the version claim that it gave other answers; its hashes are right again afterwards."""
    from pinchtune.files import hash_file, write_json
    from pinchtune.releasing.version import seal_of

    version = registry.get(name)
    path = version.evidence_path / "smoke.jsonl"
    rows = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    for row in rows:
        row["ids"] = [70 + i for i, _ in enumerate(row["ids"])]
        row["bits"] *= 2
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    files = {**version.files, "evidence/smoke.jsonl": hash_file(path)}
    facts = {**version.facts, "files": files}
    write_json(version.path / "version.json", {**facts, "seal": seal_of(facts)})


def test_rolling_back_goes_to_the_version_before(project):
    promote(project, "v1")
    promote(project, "v2")
    said = pinchtune.rollback_version(project, by="Dee", why="wrong language")
    assert (said.before, said.version, said.by, said.why) == ("v2", "v1", "Dee", "wrong language")
    assert said.smoke.problems == () and said.seconds < 5
    assert "examples in other languages than English: 0 -> 4" in said.differences
    assert open_registry(project).pointer("production") == "v1"
    assert events(project) == ["add", "add", "promote", "promote", "rollback", "smoke"]
    with pytest.raises(UsageError, match="there is no version before to roll production back to"):
        pinchtune.rollback_version(project, why="again")


def test_a_rollback_stands_although_the_model_says_something_else(project):
    promote(project, "v1")
    promote(project, "v2")
    lie(open_registry(project), "v1")
    said = pinchtune.rollback_version(project, why="burning")
    assert any("bits per byte" in problem for problem in said.smoke.problems)
    assert open_registry(project).pointer("production") == "v1"
    assert pinchtune.version_history(project)[-1]["problems"] == list(said.smoke.problems)


def test_a_rollback_stands_although_the_model_cannot_be_asked(project, monkeypatch):
    promote(project, "v1")
    promote(project, "v2")

    def fail(*arguments: object) -> None:
        raise MemoryError("no memory is left")

    monkeypatch.setattr("pinchtune.stages.switching.load_folder", fail)
    said = pinchtune.rollback_version(project, why="burning")
    assert said.smoke.problems == ("it could not be asked (MemoryError: no memory is left)",)
    assert open_registry(project).pointer("production") == "v1"


def test_damaged_versions_are_neither_promoted_nor_rolled_back_to(project):
    registry = open_registry(project)
    with pytest.raises(UsageError, match="there is no version 'v9'; there are: v1, v2"):
        promote(project, "v9")
    for name in ("v1", "v2"):
        promote(project, name)
    pinchtune.add_version(project, "v3", tuned_by="Ana")
    promote(project, "v3")
    (registry.get("v2").model_path / "adapter_model.safetensors").unlink()
    with pytest.raises(RunError) as told:
        pinchtune.rollback_version(project, why="burning")
    assert "v2 is damaged" in str(told.value)
    assert "adapter_model.safetensors: is missing; nothing was changed" in str(told.value)
    assert str(told.value).endswith("v1 is whole: pinch versions rollback v1")
    assert registry.pointer("production") == "v3"
    with pytest.raises(RunError, match="v2 is damaged"):
        promote(project, "v2")
    said = pinchtune.rollback_version(project, "v1", why="burning", smoke=False)
    assert said.version == "v1" and registry.predecessors("production") == []


def test_nobody_rolls_back_to_what_never_answered(project):
    promote(project, "v1")
    with pytest.raises(UsageError, match="v2 was never production; use `pinch versions promote"):
        pinchtune.rollback_version(project, "v2", why="a way around the rules")
    with pytest.raises(UsageError, match="v1 is production already"):
        pinchtune.rollback_version(project, "v1", why="x")
    promote(project, "v2")
    pinchtune.rollback_version(project, why="x", smoke=False)
    assert pinchtune.rollback_version(project, "v2", why="forward", smoke=False).version == "v2"


def test_a_candidate_becomes_production_or_nothing(project):
    registry = open_registry(project)
    promote(project, "v1", to="candidate")
    said = pinchtune.rollback_version(project, of="candidate", why="stopped", smoke=False)
    assert (said.version, registry.pointer("candidate")) == (None, None)
    with pytest.raises(UsageError, match="no version before to roll candidate back to"):
        pinchtune.rollback_version(project, of="candidate", why="again")
    promote(project, "v1", to="candidate")
    promote(project, "v1")
    assert (registry.pointer("production"), registry.pointer("candidate")) == ("v1", None)
    with pytest.raises(UsageError, match="v1 is production already"):
        promote(project, "v1")


def test_the_stop_of_a_guard_takes_the_candidate_back(project):
    registry = open_registry(project)
    promote(project, "v2")
    promote(project, "v1", to="candidate")
    abtest.start(project, Plan(("production", "candidate"), ("es",)), "Ada")
    abtest.take_back(project, "too many answers in another language")
    assert (registry.pointer("production"), registry.pointer("candidate")) == ("v2", None)
    event = pinchtune.version_history(project)[-1]
    told = (event["action"], event["by"], event["why"])
    assert told == ("rollback", "guard", "too many answers in another language")
    abtest.take_back(project, "nothing is left to take back")


def test_a_candidate_that_was_named_after_a_guards_stop_stays(project):
    registry = open_registry(project)
    promote(project, "v2")
    promote(project, "v1", to="candidate")
    abtest.start(project, Plan(("production", "candidate"), ("es",)), "Ada")
    abtest.stop(project, "too many errors", by="guard")
    abtest.take_back(project, "too many errors")
    assert registry.pointer("candidate") is None
    promote(project, "v1", to="candidate")
    abtest.take_back(project, "too many errors")
    assert registry.pointer("candidate") == "v1"


def test_people_are_known_from_the_database(project):
    from pinchtune.stages.versions import identify
    from pinchtune.store import open_store, people
    from throwaway import CHEAP

    store = open_store(project.database, create=True, hasher=CHEAP)
    token = people.bootstrap(store)
    assert token
    ada = people.accept(store, token, "Ada", "a long password")
    store.close()
    known = identify(project, "ada")
    assert (known.name, known.id) == ("Ada", ada.id)
    assert identify(project, "Nobody").id == ""


def test_lists_and_pages(project):
    promote(project, "v1")
    one, two = pinchtune.list_versions(project)
    assert one["name"] == "v1" and one["pointers"] == ["production"] and not one["damaged"]
    assert two["tuned_by"] == "Ben"
    found = pinchtune.show_version(project, "v1")
    assert "tuned languages: es, ja" in found["about"]
    assert [e["action"] for e in found["history"]] == ["add", "promote"]
    os.truncate(open_registry(project).get("v2").path / "version.json", 9)
    assert [row["damaged"] for row in pinchtune.list_versions(project)] == [True, False]
    shutil.rmtree(open_registry(project).get("v1").path)
    assert pinchtune.verify_versions(project)["production"] == ["v1 is not there"]
