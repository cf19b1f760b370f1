"""From what people said to verdicts, and how far they agree with a judge and each other."""

from __future__ import annotations

import math
from dataclasses import replace

import krippendorff
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pinchtune.evaluation.health import Judged, first_shown, flipped
from pinchtune.evaluation.people import (
    ARMS,
    combine,
    grade_facts,
    name_pair,
    opinions,
    people_facts,
)
from pinchtune.records import Example, Judgement, Verdict

PROMPTS = [Example(f"{n}?", language="es") for n in range(4)]
PAIRS = [(prompt, "old", "new") for prompt in PROMPTS]
THIS = name_pair("old", "new")


def said(
    n: int, choice: str, rater: int = 1, swapped: bool = False, wrong: str = "", **more
) -> Judgement:
    mode = "grades" if more.get("arm") else "pairs"
    facts = {"round": "r", "mode": mode, "language": "es", "arm": "", "at": "2026"}
    facts |= {"pair": THIS} | more
    return Judgement(
        rater=rater, prompt_id=PROMPTS[n].id, choice=choice, swapped=swapped,
        wrong=tuple(wrong), **facts,
    )  # fmt: skip


def one(*judgements: Judgement) -> Verdict:
    return combine(PAIRS[:1], judgements)[0]


@pytest.mark.parametrize(
    ("choices", "score"),
    [
        ("b", 1.0),
        ("a", 0.0),
        (["good"], 0.5),
        (["bad"], 0.5),
        (["b", "b"], 1.0),
        (["b", "a"], 0.5),
        (["b", "good"], 0.75),
        (["a", "bad"], 0.25),
        (["b", "b", "a"], 2 / 3),
    ],
)
def test_the_score_is_the_mean_of_the_raters(choices, score):
    verdict = one(*(said(0, choice, rater) for rater, choice in enumerate(choices, 1)))
    assert verdict.score == pytest.approx(score)
    assert verdict.judge == "people-1 (pairs)"


SAID = st.lists(
    st.tuples(st.sampled_from(["a", "b", "good", "bad"]), st.booleans(), st.sampled_from(
        ["", "a", "b", "ab"])), min_size=1, max_size=6,
)  # fmt: skip
OTHER = {"a": "b", "b": "a", "tie": "tie", "": "", "good": "good", "bad": "bad"}


@given(SAID, st.randoms())
def test_neither_arm_nor_the_order_of_raters_is_favoured(rows, rng):
    judgements = [said(0, c, n, swapped, wrong) for n, (c, swapped, wrong) in enumerate(rows)]
    verdict = one(*judgements)
    shuffled = rng.sample(judgements, len(judgements))
    assert replace(one(*shuffled), reason="") == replace(verdict, reason="")
    mirrored = one(*(
        replace(j, choice=OTHER[j.choice], swapped=not j.swapped,
                wrong=tuple(OTHER[arm] for arm in j.wrong))
        for j in judgements
    ))  # fmt: skip
    assert mirrored.score == pytest.approx(1 - verdict.score)
    assert mirrored.first_order == OTHER[verdict.second_order]
    assert mirrored.second_order == OTHER[verdict.first_order]
    assert (mirrored.a_in_language, mirrored.b_in_language) == (
        verdict.b_in_language,
        verdict.a_in_language,
    )


def test_a_person_has_seen_one_order_only():
    assert (one(said(0, "b")).first_order, one(said(0, "b")).second_order) == ("b", "")
    swapped = one(said(0, "b", swapped=True))
    assert (swapped.first_order, swapped.second_order) == ("", "b")
    both = one(said(0, "b"), said(0, "a", 2, swapped=True))
    assert (both.first_order, both.second_order, both.score) == ("b", "a", 0.5)
    three = one(said(0, "b"), said(0, "a", 2), said(0, "good", 3, True))
    assert (three.first_order, three.second_order) == ("tie", "tie")


def test_one_order_tells_of_the_place_and_not_of_flips():
    seen = {
        "first": one(said(0, "a")),
        "second": one(said(0, "a", swapped=True)),
        "both": one(said(0, "b"), said(0, "a", 2, swapped=True)),
    }
    figures = {k: Judged(v, (1, 2), (True, True)) for k, v in seen.items()}
    assert {k: flipped(j) for k, j in figures.items()} == {
        "first": None,
        "second": None,
        "both": 100,
    }
    assert {k: first_shown(j) for k, j in figures.items()} == {
        "first": 100,
        "second": 0,
        "both": 0,
    }


def test_what_nobody_has_judged_is_unscored():
    found = combine(PAIRS, [said(1, "b")])
    assert [v.prompt_id for v in found] == [p.id for p in PROMPTS]
    assert [v.score for v in found] == [None, 1.0, None, None]
    assert (found[0].first_order, found[0].reason) == ("error", "nobody has judged it")
    assert found[0].a_in_language is None


def test_the_language_is_what_most_say():
    verdict = one(said(0, "b", 1, wrong="a"), said(0, "b", 2, wrong="a"), said(0, "b", 3))
    assert (verdict.a_in_language, verdict.b_in_language) == (False, True)
    split = one(said(0, "b", 1, wrong="ab"), said(0, "b", 2, wrong="b"))
    assert (split.a_in_language, split.b_in_language) == (None, False)
    assert split.reason == (
        "rater 1: the second arm's is better, wrong language: first and second; "
        "rater 2: the second arm's is better, wrong language: second"
    )


def test_who_judges_a_thing_again_is_counted_once_with_the_last_word():
    assert one(said(0, "b"), said(0, "a")).score == 0.0
    assert len(opinions([said(0, "b"), said(0, "a"), said(0, "b", 2)])) == 2


def test_what_was_said_of_other_answers_is_not_about_these():
    assert one(said(0, "b", pair="other")).score is None
    pairs = [PAIRS[0], (PROMPTS[0], "old", "newer")]
    rows = [said(0, "b"), said(0, "a", pair=name_pair("old", "newer"))]
    assert [v.score for v in combine(pairs, rows)] == [1.0, 0.0]
    judge = [Verdict(PROMPTS[0].id, "es", score, "b", "b", "", "j") for score in (1.0, 1.0)]
    facts = people_facts(pairs, judge, rows, 50)
    assert (facts["pairs"], facts["all"]["same"]["value"]) == (2, 50)


@pytest.mark.parametrize(
    ("first", "second", "score"),
    [
        (["pass"], ["excellent"], 1.0),
        (["pass"], ["fail"], 0.0),
        (["fail"], ["fail"], 0.5),
        (["pass", "excellent"], ["excellent", "excellent"], 1.0),
        (["pass", "excellent"], ["excellent", "pass"], 0.5),
        (["pass"], [], None),
        ([], ["excellent"], None),
    ],
)
def test_grades_are_compared_by_their_means(first, second, score):
    grades = [
        said(0, grade, rater, arm=arm)
        for arm, given in zip(ARMS, (first, second), strict=True)
        for rater, grade in enumerate(given, 1)
    ]
    verdict = one(*grades)
    assert verdict.score == score
    # Nobody saw them side by side, so no order says anything.
    assert {verdict.first_order, verdict.second_order} == ({""} if score is not None else {"error"})


CHOICES = ["b", "b", "a", "good", "b", "a", "a", "bad", "b", "b", "a", "good"]
OTHERS = ["b", "good", "a", "good", "b", "b", "a", "bad", "a", "b", "a", "b"]
VALUE = {"a": 0.0, "good": 1.0, "bad": 1.0, "b": 2.0}


def many() -> tuple[list[tuple[Example, str, str]], list[Judgement]]:
    prompts = [Example(f"{n} many?", language="es" if n % 2 else "ja") for n in range(12)]
    rows = [
        Judgement("r", "pairs", rater, p.id, THIS, p.language, "", choice, False, (), "2026")
        for rater, choices in ((1, CHOICES), (2, OTHERS))
        for p, choice in zip(prompts, choices, strict=True)
    ]
    return [(p, "old", "new") for p in prompts], rows


def test_agreement_with_a_judge_and_among_people_by_language():
    pairs, rows = many()
    judge = [
        Verdict(p.id, p.language, VALUE[c] / 2, "b", "b", "", "some judge")
        for (p, _, _), c in zip(pairs, CHOICES, strict=True)
    ]
    facts = people_facts(pairs, judge, rows, 200)
    assert (facts["raters"], facts["judgements"], facts["pairs"]) == (2, 24, 12)
    assert set(facts["languages"]) == {"es", "ja"}
    expected = krippendorff.alpha(
        [[VALUE[c] for c in CHOICES], [VALUE[c] for c in OTHERS]], level_of_measurement="ordinal"
    )
    assert facts["all"]["among_people"]["value"] == pytest.approx(expected, abs=1e-5)
    assert facts["all"]["among_people"]["low"] < expected < facts["all"]["among_people"]["high"]
    assert facts["all"]["same"]["n"] == 12 and facts["languages"]["es"]["same"]["n"] == 6
    assert 50 < facts["all"]["same"]["value"] < facts["all"]["discounted"]["value"] <= 100


def test_people_who_are_the_judge_are_not_compared_with_themselves():
    pairs, rows = many()
    facts = people_facts(pairs, combine(pairs, rows), rows, 50)
    assert set(facts["all"]) == {"among_people"} == set(facts["languages"]["ja"])


@pytest.mark.parametrize("rows", [[said(0, "b")], [said(0, "pass", arm="a")]])
def test_too_little_to_say_is_no_figure(rows):
    judge = [Verdict(PROMPTS[0].id, "es", None, "error", "error", "", "some judge")]
    facts = people_facts(PAIRS[:1], judge, rows, 50)
    assert facts["all"].get("among_people", {"value": None})["value"] is None
    assert facts["all"].get("same", {"value": None})["value"] is None


def test_grades_by_arm_and_their_agreement():
    rows = [
        said(n, grade, rater, arm=arm)
        for rater, shift in ((1, 0), (2, 1))
        for n in range(4)
        for arm, grade in (("a", "fail"), ("b", ("pass", "excellent")[(n + shift) % 4 == 0]))
    ]
    facts = grade_facts(rows, 50)["es"]
    assert facts["a"] == {"fail": 8, "pass": 0, "excellent": 0}
    assert facts["b"] == {"fail": 0, "pass": 6, "excellent": 2}
    assert 0 < facts["among_people"]["value"] < 1
    assert math.isfinite(facts["among_people"]["low"])
