"""What to do next: each row of the table, and the numbers that it looks at."""

from __future__ import annotations

import itertools
import re

import pytest

from pinchtune.evaluation.decision import decide
from pinchtune.evaluation.next_stage import (
    NONE,
    TABLE,
    Situation,
    Step,
    find_step,
    recommend,
    unlike,
)
from pinchtune.evaluation.next_words import NEXT_WORDS
from pinchtune.evaluation.planning import Guess

UP, DOWN, FLAT = (60.0, 55.0, 65.0), (40.0, 33.0, 48.0), (51.0, 44.0, 58.0)
LOST, NEAR = (30.0, 22.0, 38.0), (44.0, 37.0, 51.0)
ENGLISH = ("kept", "lost", "unclear")
OUTCOMES = ("helped", "harmed", "unclear")


@pytest.mark.parametrize(
    ("found", "step"),
    [
        (Situation("lost", "helped", "helped"), "stop"),
        (Situation("lost", "harmed", "harmed", {"seen": 9}), "stop"),
        (Situation("kept", "harmed", "helped"), "check"),
        (Situation("unclear", "harmed", "unclear", {"english": 90}), "check"),
        (Situation("kept", "helped", "harmed"), "cover"),
        (Situation("kept", "unclear", "helped", {"seen": None}), "seeds"),
        (Situation("unclear", "unclear", "unclear", {"english": 90, "seen": None}), "seeds"),
        (Situation("kept", "helped", "unclear", {"unseen": 60}), "prompts"),
        (Situation("kept", "unclear", "unclear", {"seen": 60, "unseen": 60}), "prompts"),
        (Situation("unclear", "helped", "helped", {"english": 134}), "prompts"),
        (Situation("unclear", "helped", "helped"), "fewer"),
        (Situation("unclear", "unclear", "unclear"), "fewer"),
        (Situation("kept", "unclear", "helped", weak=("sw",)), "base"),
        (Situation("kept", "unclear", "helped"), "better"),
        (Situation("kept", "unclear", NONE), "better"),
        (Situation("kept", "helped", "unclear"), "script"),
        (Situation("kept", "helped", "unclear", weak=("sw",)), "script"),
        (Situation("kept", "helped", NONE), "release"),
        (Situation("kept", "helped", "helped"), "languages"),
    ],
)
def test_each_row(found, step):
    assert find_step(found) == step


def test_every_situation_has_a_row_and_every_row_a_situation():
    needs = ({}, {"seen": 60}, {"seen": None})
    steps = {
        find_step(Situation(*outcomes, needed, weak))
        for outcomes in itertools.product(ENGLISH, OUTCOMES, (*OUTCOMES, NONE))
        for needed in needs
        for weak in ((), ("sw",))
    }
    assert steps == {row.step for row in TABLE}


@pytest.mark.parametrize("locale", ["en", "ja"])
def test_every_step_has_words(locale):
    words = NEXT_WORDS[locale]
    assert set(words) == set(NEXT_WORDS["en"])
    for row in TABLE:
        said = Step(row.step, {"seen": 66, "english": 134}, ["sw", "hi"], 3).text(locale)
        assert said["title"] and said["why"] and "{" not in said["why"]
        nameless = Step(row.step, {}, [], 3).text(locale)
        assert "()" not in nameless["why"] and "（）" not in nameless["why"]
    assert "134" in Step("prompts", {"english": 134}, [], 3).text(locale)["why"]


def scores(english=FLAT, seen=UP, unseen=UP, n=200, ties=0.3, tuned="es ja", others="fi zh ar"):
    groups = {
        name: {**dict(zip(("value", "low", "high"), numbers, strict=True)), "n": n}
        for name, numbers in (("english", english), ("seen", seen), ("unseen", unseen))
    }
    codes = {"en": "english", **dict.fromkeys(tuned.split(), "seen")}
    codes |= dict.fromkeys(others.split(), "unseen")
    languages = {code: {**groups[group], "n": n} for code, group in codes.items()}
    return {
        "languages": [{"code": c, "group": g, "prompts": n} for c, g in codes.items()],
        "win_rate": {"groups": groups, "languages": languages, "unscored": 0, "ties": ties},
        "english": {
            "estimate": groups["english"],
            "margin": 10.0,
            "kept": groups["english"]["low"] > 40,
        },
    }


def step(found, **more):
    return recommend(found, decide(found), **more)


def test_what_is_shown_needs_no_more_prompts():
    found = step(scores(n=3))
    assert (found.name, found.prompts, found.languages) == ("languages", {}, ["fi", "zh", "ar"])


def test_a_small_test_that_is_open_needs_as_many_prompts_as_the_plan_says():
    from pinchtune.evaluation.planning import find_powers, planned_tests

    found = step(scores(unseen=FLAT, n=24))
    assert found.name == "prompts" and set(found.prompts) == {"unseen"}
    promised = {
        "languages": {"tuned": ["es", "ja"], "unseen": ["fi", "zh", "ar"]},
        "prompts": dict.fromkeys(("en", "es", "ja", "fi", "zh", "ar"), 24),
        "english_margin": 10.0,
        "sequence": ["english", "seen", "unseen"],
        "seeds": 1,
    }
    planned = find_powers(planned_tests(promised, Guess(ties=0.3)))
    assert found.prompts["unseen"] == planned["unseen"]["prompts_needed"] > 24


def test_a_large_test_that_is_open_needs_something_else():
    assert step(scores(unseen=FLAT)).name == "script"
    assert step(scores(seen=FLAT)).name == "better"
    assert step(scores(seen=FLAT), weak={"ja", "zh"}) == Step("base", {}, ["ja"], 3)
    assert step(scores(english=NEAR)).name == "fewer"


def test_a_smaller_effect_worth_having_needs_more_prompts():
    found = scores(seen=FLAT)
    assert step(found).name == "better"
    assert step(found, guess=Guess(effect=3)).name == "prompts"


def test_seeds_that_lie_too_far_apart_need_more_seeds():
    found = scores(seen=FLAT, n=500)
    spread = {g: {"seeds": 15.0} for g in ("english", "seen", "unseen")}
    assert step({**found, "seeds": {"count": 2, "spread": spread}}).name == "seeds"


def test_ties_leave_room_for_no_more_than_they_do():
    assert step(scores(seen=FLAT, ties=0.9, n=24)).name == "better"
    assert step(scores(seen=FLAT, ties=1.0, n=24)).name == "better"


def test_what_was_not_judged_needs_prompts():
    assert step(scores(seen=FLAT, n=0, ties=None)).name == "prompts"


def test_a_handful_of_ties_says_nothing_of_ties():
    assert step(scores(seen=FLAT, n=2, ties=1.0)).name == "prompts"


def test_an_effect_that_is_too_small_for_any_test():
    found = step(scores(seen=FLAT), guess=Guess(effect=0.2))
    assert (found.name, found.prompts) == ("prompts", {"seen": 1000})


def test_the_language_that_became_worst_is_named():
    found = scores(unseen=DOWN)
    found["win_rate"]["languages"]["zh"]["value"] = 20.0
    assert step(found).languages == ["zh"]
    assert "Chinese" in step(found).text()["why"]


def test_without_unseen_languages_it_is_released():
    assert step(scores(others="")).name == "release"


def test_other_scripts_come_before_other_families():
    assert unlike(["fi", "zh", "it"], ["es"]) == ["zh"]
    assert unlike(["fi", "it"], ["es"]) == ["fi"]
    assert unlike(["it"], ["es"]) == []
    assert "Chinese" in step(scores(unseen=FLAT, tuned="es fi")).text()["why"]


def test_the_table_of_the_docstring_is_the_table():
    import pinchtune.evaluation.next_stage as module

    lines = [line for line in (module.__doc__ or "").splitlines() if line.startswith("    ")][1:]
    assert [re.split(r"\s+", line.strip())[-1] for line in lines] == [row.step for row in TABLE]


@pytest.mark.parametrize("english", [LOST, UP])
def test_a_lost_english_rules_all_else(english):
    expected = "stop" if english == LOST else "languages"
    assert step(scores(english=english)).name == expected
