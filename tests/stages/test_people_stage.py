"""pinch evaluate with people as the judge, and beside another one."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

import pinchtune
from answered import write_answered
from pinchtune.errors import UsageError
from pinchtune.files import RunFolder, read_json, read_jsonl, write_jsonl
from pinchtune.stages.evaluate import evaluate, read_verdicts
from pinchtune.stages.judging import estimate_judging
from pinchtune.stages.people import gather, is_stale, name_answers, read_people
from pinchtune.stages.plan import plan
from pinchtune.store import Grant, Person, Store, judging, open_store, people, rounds
from throwaway import CHEAP

PEOPLE = ("judge.kind=people", "evaluate.resamples=20")


@pytest.fixture
def folder(tmp_path) -> Path:
    return write_answered(tmp_path / "answered")


class Team:
    """An administrator and two raters of every language."""

    def __init__(self, store: Store) -> None:
        self.store = store
        link = people.bootstrap(store)
        assert link
        self.admin = people.accept(store, link, "Ada", "a long enough password")
        self.raters = [self._join(name) for name in ("Ana", "Ben")]

    def _join(self, name: str) -> Person:
        token = people.invite(self.store, self.admin, [Grant("author")], name)
        return people.accept(self.store, token, name, "a long enough password")

    def open(self, project: pinchtune.Project, **options) -> rounds.Round:
        found = gather(project, options.pop("languages", ()), options.pop("prompts", 0))
        return rounds.open_round(self.store, self.admin, found, name_answers(project), **options)

    def judge(
        self, round: rounds.Round, language: str, longer: bool = True, rater: int = 0
    ) -> None:
        """Judge a language whole: the longer (or the shorter) answer is better."""
        person = self.raters[rater]
        while shown := judging.sit_down(self.store, person, round.id, language).shown:
            first, second = map(len, shown.texts)
            choice = "first" if (first > second) == longer else "second"
            judging.judge(self.store, person, shown.id, choice)


@pytest.fixture
def team(folder) -> Iterator[Team]:
    store = open_store(folder / "collect.db", hasher=CHEAP)
    yield Team(store)
    store.close()


def test_people_are_the_judge(folder, team):
    project = pinchtune.Project.open(folder, PEOPLE)
    round = team.open(project, raters=1, share=0)
    team.judge(round, "es")
    team.judge(round, "ja", longer=False)
    run = evaluate(project)
    assert run.manifest()["judge"] == "people-1 (pairs)" and run.manifest()["kind"] == "people"
    found = {v.prompt_id: v for v in read_verdicts(project)}
    assert len(found) == 16
    scores = {code: {v.score for v in found.values() if v.language == code} for code in
              ("es", "ja", "ar", "en")}  # fmt: skip
    assert scores == {"es": {1.0}, "ja": {0.0}, "ar": {None}, "en": {None}}
    told = read_json(run.path / "scores.json")
    assert told["win_rate"]["unscored"] == 8 and told["win_rate"]["flips"] is None
    assert told["win_rate"]["languages"]["es"]["value"] == 100
    assert told["judging"]["people"]["judgements"] == 8
    assert 0 <= told["judging"]["health"]["first_shown"]["all"]["value"] <= 100
    kept = [row for _, row in read_jsonl(run.path / "people.jsonl")]
    assert len(kept) == 8 and {row["rater"] for row in kept} == {1}
    assert "Ana" not in (run.path / "people.jsonl").read_text("utf-8")


def test_a_new_verdict_makes_a_new_evaluation(folder, team):
    project = pinchtune.Project.open(folder, PEOPLE)
    round = team.open(project)
    team.judge(round, "es")
    first = evaluate(project)
    key = first.manifest()["key"]
    assert evaluate(project).manifest()["key"] == key
    team.judge(round, "ja")
    assert evaluate(project).manifest()["key"] != key


def test_another_judge_is_set_beside_people(folder, team):
    project = pinchtune.Project.open(folder, ["evaluate.resamples=20"])
    before = evaluate(project).manifest()["key"]
    round = team.open(project, raters=2, share=0)
    for rater in (0, 1):
        team.judge(round, "es", rater=rater)
    assert evaluate(project).manifest()["key"] != before
    told = read_json(project.path("evaluation", "scores.json"))
    facts = told["judging"]["people"]
    assert (facts["raters"], facts["pairs"], list(facts["languages"])) == (2, 4, ["es"])
    # The reference judge has verdicts on the two prompts that have a reference.
    assert facts["languages"]["es"]["same"]["n"] == 2
    assert {v.judge[:9] for v in read_verdicts(project)} == {"reference"}


def test_answers_that_changed_are_not_those_that_were_judged(folder, team):
    project = pinchtune.Project.open(folder, PEOPLE)
    round = team.open(project)
    team.judge(round, "es")
    assert not is_stale(project, round)
    run = RunFolder(project.path("answers", "pinch"), "made anew")
    rows = [row for _, row in read_jsonl(run.path / "answers.jsonl")]
    run.start()
    write_jsonl(run.path / "answers.jsonl", [row | {"text": row["text"] + "!"} for row in rows])
    run.finish({})
    assert is_stale(project, round) and read_people(project) == []
    with pytest.raises(UsageError, match="made anew since people began to judge; open a new round"):
        evaluate(project)
    assert not project.path("evaluation").exists()
    evaluate(pinchtune.Project.open(folder, ["evaluate.resamples=20"]))
    team.judge(team.open(project), "es")
    assert evaluate(project).complete()


def test_verdicts_stay_good_for_the_pairs_that_stay_the_same(folder, team):
    project = pinchtune.Project.open(folder, PEOPLE)
    round = team.open(project, share=0)
    team.judge(round, "es")
    run = RunFolder(project.path("answers", "pinch"), "made anew")
    rows = [row for _, row in read_jsonl(run.path / "answers.jsonl")]
    changed = next(row for row in rows if row["language"] == "es")
    changed["text"] += "!"
    run.start()
    write_jsonl(run.path / "answers.jsonl", rows)
    run.finish({})
    assert is_stale(project, round) and len(read_people(project)) == 3
    evaluate(project)
    scores = {v.prompt_id: v.score for v in read_verdicts(project) if v.language == "es"}
    assert scores.pop(changed["prompt_id"]) is None and set(scores.values()) == {1.0}


def test_nobody_has_judged(folder, tmp_path):
    project = pinchtune.Project.open(folder, PEOPLE)
    with pytest.raises(UsageError, match="nobody has judged these answers yet; open a round"):
        evaluate(project)
    assert not (folder / "collect.db").exists()
    assert estimate_judging(project).requests == 0


def test_a_round_that_nobody_touched_is_no_judge(folder, team):
    project = pinchtune.Project.open(folder, PEOPLE)
    team.open(project)
    with pytest.raises(UsageError, match="nobody has judged"):
        evaluate(project)


def test_a_plan_can_name_people_before_they_judge(folder, team):
    project = pinchtune.Project.open(folder, PEOPLE)
    plan(project)
    team.judge(team.open(project), "es")
    decision = read_json(evaluate(project).path / "decision.json")
    assert not [d for d in decision["plan"]["deviations"] if "judge" in json.dumps(d)]


def test_fewer_prompts_are_the_same_ones_in_every_language(folder, team):
    project = pinchtune.Project.open(folder)
    found = gather(project, ["es", "ja"], 2)
    assert sorted(m.language for m in found) == ["es", "es", "ja", "ja"]
    asked = {
        code: {m.question[-1][1] for m in found if m.language == code} for code in ("es", "ja")
    }
    assert asked["es"] == asked["ja"]
    with pytest.raises(UsageError, match="no answers in fi"):
        gather(project, ["fi"])


def test_grades_make_verdicts_too(folder, team):
    project = pinchtune.Project.open(folder, PEOPLE)
    round = team.open(project, mode="grades", share=0, languages=["es"])
    person = team.raters[0]
    while shown := judging.sit_down(team.store, person, round.id, "es").shown:
        grade = "excellent" if shown.texts[0].count("Es el") == 2 else "pass"
        judging.judge(team.store, person, shown.id, grade)
    told = read_json(evaluate(project).path / "scores.json")
    assert told["win_rate"]["languages"]["es"]["value"] == 100
    assert told["judging"]["people"]["grades"]["es"]["b"] == {"fail": 0, "pass": 0, "excellent": 4}
    assert told["win_rate"]["judge"] == "people-1 (grades)"


def test_characters_that_no_database_holds(folder, team):
    project = pinchtune.Project.open(folder, PEOPLE)
    path = project.path("answers", "pinch", "answers.jsonl")
    rows = [row for _, row in read_jsonl(path)]
    rows[0]["text"] = "half \ud83d and \0"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    found = {text for m in gather(project) for text in m.answers}
    assert "half \ufffd and \ufffd" in found
    team.open(project)
