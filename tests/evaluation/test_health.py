"""The figures of a judge's health, from verdicts that were made to show them."""

from __future__ import annotations

import math
import random

import pytest

from pinchtune.config import Config, EvaluateConfig, LanguagesConfig
from pinchtune.evaluation.health import FIGURES, Judged, agreement, bias_warnings, gated
from pinchtune.evaluation.judge import score_orders
from pinchtune.evaluation.scores import score_arms
from pinchtune.records import Answer, Example, Verdict

VALUES = {figure.name: figure.value for figure in FIGURES}


def verdict(orders: str = "bb", prompt: str = "p", language: str = "en", **changes) -> Verdict:
    first, second = ({"a": "a", "b": "b", "t": "tie", "e": "error"}[c] for c in orders)
    score = score_orders(first, second)
    return Verdict(prompt, language, score, first, second, "", "made up", **changes)


def judged(orders: str = "bb", lengths=(1, 2), right=(True, True), **changes) -> Judged:
    return Judged(verdict(orders, **changes), lengths, right)


@pytest.mark.parametrize(
    ("orders", "flips", "first_shown", "ties", "unscored"),
    [
        ("aa", 0, 50, 0, 0),
        ("bb", 0, 50, 0, 0),
        ("ab", 100, 100, 100, 0),
        ("ba", 100, 0, 100, 0),
        ("tt", 0, None, 100, 0),
        ("at", 0, 100, 100, 0),
        ("ta", 0, 0, 100, 0),
        ("tb", 0, 100, 100, 0),
        ("ee", None, None, None, 100),
        ("ea", None, 0, None, 100),
        ("ae", None, 100, None, 100),
    ],
)
def test_orders(orders, flips, first_shown, ties, unscored):
    found = [VALUES[n](judged(orders)) for n in ("flips", "first_shown", "ties", "unscored")]
    assert found == [flips, first_shown, ties, unscored]


@pytest.mark.parametrize(
    ("orders", "lengths", "value"),
    [
        ("bb", (1, 2), 100),
        ("aa", (1, 2), 0),
        ("aa", (9, 2), 100),
        ("bb", (9, 2), 0),
        ("bb", (2, 2), None),
        ("ab", (1, 2), None),
        ("eb", (1, 2), None),
    ],
)
def test_the_longer_answer(orders, lengths, value):
    assert VALUES["longer_wins"](judged(orders, lengths)) == value


@pytest.mark.parametrize(
    ("said", "value"),
    [((True, False), 100), ((False, True), 0), ((True, True), 50), ((None, False), 100)],
)
def test_agreement_on_the_language(said, value):
    case = judged(right=(True, False), a_in_language=said[0], b_in_language=said[1])
    assert VALUES["agrees_on_language"](case) == value
    assert VALUES["agrees_on_language"](judged()) is None


@pytest.mark.parametrize(
    ("orders", "right", "score"),
    [
        ("bb", (True, True), 1.0),
        ("ab", (True, True), 0.5),
        ("bb", (True, False), 0.0),
        ("aa", (False, True), 1.0),
        ("bb", (False, False), 0.5),
        ("ee", (True, True), None),
        ("ee", (False, True), None),
    ],
)
def test_the_language_as_a_gate(orders, right, score):
    assert gated(judged(orders, right=right)) == score


def test_warnings():
    def health(low, high):
        row = {"all": {"value": (low + high) / 2, "low": low, "high": high, "n": 9}}
        return {"longer_wins": row, "first_shown": {"all": {"value": 50, "low": None, "high": 60}}}

    assert bias_warnings(health(45, 55)) == []
    assert bias_warnings(health(60, 70)) == [
        "the longer answer won 65 % of the decided comparisons (60 to 70): look at the "
        "length-controlled win rate too"
    ]
    assert len(bias_warnings(health(20, 40))) == 1


CONFIG = Config(
    languages=LanguagesConfig(tuned=("es",), unseen=()), evaluate=EvaluateConfig(resamples=200)
)
ENGLISH = "The parcel will be with you on Tuesday morning."
SPANISH = "El paquete le llegará el martes por la mañana."


@pytest.fixture(scope="module")
def scores():
    """The judge likes length, and does not mind that some answers to Spanish are English."""
    rng = random.Random(1)
    prompts = [Example(f"{n}?", None, code) for n in range(60) for code in ("en", "es")]
    texts = {"en": ENGLISH, "es": SPANISH}
    arms, verdicts = {"english": [], "pinch": []}, []
    for n, p in enumerate(prompts):
        a = texts[p.language] + " Sí." * rng.randrange(1, 9)
        b = (ENGLISH if n % 8 == 1 else texts[p.language]) + " Sí." * rng.randrange(1, 9)
        for arm, text in (("english", a), ("pinch", b)):
            arms[arm].append(Answer(p.id, p.language, text, True, 9))
        liked = "bb" if (len(b) > len(a)) == (rng.random() < 0.85) else "aa"
        orders = "ab" if n % 10 == 0 else liked
        verdicts.append(verdict(orders, p.id, p.language))
    return score_arms(prompts, arms, {}, verdicts, CONFIG)["judging"]


def test_health_in_scores(scores):
    health = scores["health"]
    assert list(health) == list(VALUES)
    flips = health["flips"]
    assert flips["languages"]["en"]["value"] == 20 and flips["languages"]["es"]["value"] == 0
    assert flips["all"]["value"] == 10 and 4 < flips["all"]["low"] < 10 < flips["all"]["high"]
    assert health["longer_wins"]["all"]["low"] > 75
    assert health["longer_wins"]["neutral"] == 50
    assert health["agrees_on_language"]["all"]["n"] == 0
    assert len(bias_warnings(health)) == 2  # the flips all favour what is shown first


def test_gated_and_length_controlled_in_scores(scores):
    seen = scores["gated"]["groups"]["seen"]
    assert seen["n"] == 60
    assert scores["gated"]["groups"]["english"] != seen
    controlled = scores["length_controlled"]
    assert controlled["groups"]["seen"]["low"] < 50 < controlled["groups"]["seen"]["high"]
    assert controlled["effect"]["low"] > 70
    assert controlled["effect"]["n"] == 120


def test_the_reference_judge_is_gated_already(evaluation, identifier):
    from pinchtune.evaluation.board import Board
    from pinchtune.evaluation.judge import ReferenceJudge, judge_pair
    from pinchtune.evaluation.scores import _judging

    english = {e.parallel_id: e.response for e in evaluation if e.language == "en"}
    judge = ReferenceJudge(identifier.candidates)
    prompts = evaluation[::5]
    board, rng, cases = Board(prompts, Config()), random.Random(0), {}
    for p in prompts:
        pair = [rng.choice([p.response, english[p.parallel_id], ""]) for _ in "ab"]
        right = tuple(identifier.identify(text).language == p.language for text in pair)
        lengths = (len(pair[0]), len(pair[1]))
        cases[p.id] = Judged(judge_pair(judge, p, *pair), lengths, right)
    assert all(gated(case) == case.verdict.score for case in cases.values())
    assert _judging(board, [cases])["gated"]["groups"]["seen"]["n"] > 10


def people(name, scores, language="en"):
    orders = {1.0: "bb", 0.5: "tt", 0.0: "aa", None: "ee"}
    return [(name, verdict(orders[s], f"{language}{k}", language)) for k, s in enumerate(scores)]


def test_agreement_with_people():
    judge = [v for _, v in people("judge", [1.0, 0.0, 0.5, 1.0, None])]
    found = agreement(judge, people("ann", [1.0, 0.0, 0.0, 0.0, 1.0]), count=100)
    assert list(found) == ["en", "all"]
    one = found["en"]
    assert (one.same.value, one.same.n) == (50, 4)
    assert one.discounted.value == 62.5
    assert one.alpha.n == 4 and -1 < one.alpha.value < 1
    assert math.isnan(one.among_people.value)
    assert found["all"][:3] == one[:3]


def test_several_people_settle_on_their_median():
    judge = [v for _, v in people("judge", [1.0, 0.5, 0.0])]
    votes = people("ann", [1.0, 1.0, 1.0]) + people("bo", [1.0, 0.0, 0.0])
    found = agreement(judge, votes + people("cy", [0.5, None, 0.0]), count=50)["all"]
    assert found.same.value == 100
    assert found.among_people.n == 3


def test_agreement_by_language_and_its_interval():
    rng = random.Random(2)
    judge, votes = [], []
    for code, share in (("en", 0.95), ("sw", 0.4)):
        truth = [rng.choice([0.0, 1.0]) for _ in range(80)]
        said = [s if rng.random() < share else 1 - s for s in truth]
        judge += [v for _, v in people("judge", said, code)]
        votes += people("ann", truth, code)
    found = agreement(judge, votes, count=300)
    assert list(found) == ["en", "sw", "all"]
    assert found["en"].same.low > 85 > 60 > found["sw"].same.high
    assert found["en"].alpha.low > 0.6 > 0.2 > found["sw"].alpha.value
    assert found["all"].same.value == pytest.approx(
        (found["en"].same.value + found["sw"].same.value) / 2
    )


def test_nobody_to_compare_with():
    assert agreement([verdict()], [])["all"].same.n == 0
    assert math.isnan(agreement([], people("ann", [1.0]))["all"].alpha.value)
