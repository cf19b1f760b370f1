import itertools

import pytest

from pinchtune.errors import RunError
from pinchtune.evaluation.judge import (
    BrokenVerdict,
    Choice,
    ReferenceJudge,
    ScriptedJudge,
    judge_pair,
    score_orders,
)
from pinchtune.records import Example

PROMPT = Example(
    "¿Cuándo llega mi pedido?",
    "Su pedido llegará el martes por la mañana.",
    "es",
)
CLOSE = "Su pedido llegará el martes por la tarde."
FAR = "No tenemos ninguna información sobre eso, lo sentimos."
ENGLISH = "Your order will arrive on Tuesday morning."
BROKEN = BrokenVerdict("no choice in the reply")


@pytest.fixture
def judge(identifier):
    return ReferenceJudge(identifier.candidates)


@pytest.mark.parametrize(
    "first, second, winner, reason",
    [
        (FAR, ENGLISH, "first", "only one is in the right language"),
        (ENGLISH, FAR, "second", "only one is in the right language"),
        (ENGLISH, "", "tie", "neither is in the right language"),
        (CLOSE, FAR, "first", "closer to the reference"),
        (FAR, CLOSE, "second", "closer to the reference"),
        (CLOSE, CLOSE, "tie", "equally close to the reference"),
    ],
)
def test_reference_judge(judge, first, second, winner, reason):
    assert judge.compare(PROMPT, first, second) == Choice(winner, reason)


def test_reference_judge_never_rates_what_it_cannot_see(judge):
    prompt = Example(PROMPT.instruction, None, "es")
    assert judge.compare(prompt, CLOSE, FAR) == Choice("tie", "no reference response")


def test_the_tie_band_is_in_the_name_and_in_force(identifier):
    wide = ReferenceJudge(identifier.candidates, tie_band=99)
    assert wide.compare(PROMPT, CLOSE, FAR).winner == "tie"
    assert "99" in wide.name != ReferenceJudge(identifier.candidates).name


def test_swapping_the_answers_swaps_the_score(judge):
    for a, b in itertools.permutations([CLOSE, FAR, ENGLISH, ""], 2):
        assert judge_pair(judge, PROMPT, a, b).score == 1 - judge_pair(judge, PROMPT, b, a).score


# The judge names positions; in the second order, `first` is arm b.
@pytest.mark.parametrize(
    "script, score, orders",
    [
        (["second", "first"], 1.0, ("b", "b")),
        (["first", "second"], 0.0, ("a", "a")),
        (["first", "first"], 0.5, ("a", "b")),
        (["second", "second"], 0.5, ("b", "a")),
        (["tie", "tie"], 0.5, ("tie", "tie")),
        (["second", "tie"], 0.5, ("b", "tie")),
        (["tie", "second"], 0.5, ("tie", "a")),
        ([BROKEN, "second", "first"], 1.0, ("b", "b")),
        (["second", BROKEN, "first"], 1.0, ("b", "b")),
        ([BROKEN, BROKEN, "first"], None, ("error", "b")),
        (["second", BROKEN, BROKEN], None, ("b", "error")),
        ([BROKEN] * 4, None, ("error", "error")),
        ([Choice("both"), Choice("both"), "first"], None, ("error", "b")),
    ],
)
def test_both_orders_are_asked(script, score, orders):
    judge = ScriptedJudge(script)
    verdict = judge_pair(judge, PROMPT, "A", "B")
    assert verdict.score == score
    assert (verdict.first_order, verdict.second_order) == orders
    assert (verdict.prompt_id, verdict.language, verdict.judge) == (PROMPT.id, "es", "scripted")
    assert len(judge.calls) == len(script)
    assert judge.calls[0] == (PROMPT.id, "A", "B")
    assert judge.calls[-1] == (PROMPT.id, "B", "A")


def test_a_broken_verdict_says_why():
    verdict = judge_pair(ScriptedJudge([BROKEN] * 4), PROMPT, "A", "B")
    assert verdict.reason == "no choice in the reply"


def test_a_failing_judge_stops_the_run_and_is_not_taken_for_a_broken_verdict():
    judge = ScriptedJudge([RunError("the endpoint is down")])
    with pytest.raises(RunError, match="endpoint is down"):
        judge_pair(judge, PROMPT, "A", "B")
    with pytest.raises(RunError, match="run dry at call 2"):
        judge_pair(ScriptedJudge(["first"]), PROMPT, "A", "B")


def test_scores_of_all_orders():
    scores = {pair: score_orders(*pair) for pair in itertools.product("ab", "ab")}
    assert scores == {("a", "a"): 0.0, ("a", "b"): 0.5, ("b", "a"): 0.5, ("b", "b"): 1.0}
