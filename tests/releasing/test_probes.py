"""When two models say the same."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pinchtune.errors import DataError
from pinchtune.records import Example
from pinchtune.releasing.probes import (
    ROUNDED,
    Probe,
    Tolerance,
    choose_prompts,
    compare,
    first_difference,
)

LIMITS = Tolerance(bits=0.02, drift=0.03, gap=0.5, ties=0.5)
ONE = Probe({"language": "es", "instruction": "a"}, (1, 2), (5, 6, 7), "hola", 100.0, 50)


def example(code: str, n: int) -> Example:
    return Example(f"{code} {n}", language=code)


@pytest.mark.parametrize(
    ("one", "other", "place"),
    [
        ((1, 2, 3), (1, 2, 3), None),
        ((1, 2, 3), (1, 9, 3), 1),
        ((1, 2), (1, 2, 3), None),
        ((), (1,), None),
        ((2,), (1,), 0),
    ],
)
def test_the_first_token_that_differs(one, other, place):
    assert first_difference(one, other) == place


def test_the_same_is_the_same():
    found = compare([ONE, ONE], [ONE, ONE], {}, LIMITS)
    [row] = found.languages
    assert (row.prompts, row.same, row.ties, row.gap) == (2, 2, 0, 0.0) and not found.problems
    assert row.bits_before == row.bits_after == 2.0
    assert found.text() == "2 of 2 answers are the same"


def test_an_answer_may_differ_where_the_model_was_undecided():
    other = replace(ONE, ids=(5, 9), answer="buenas")
    found = compare([ONE, ONE], [ONE, other], {1: 0.4}, LIMITS)
    assert not found.problems and found.languages[0].ties == 1
    assert found.text() == "1 of 2 answers are the same, 1 differ where the model was undecided"
    found = compare([ONE, ONE], [ONE, other], {1: 0.6}, LIMITS)
    assert found.problems == ("es: the answer is 'buenas', not 'hola' (0.6 nats apart)",)
    assert found.languages[0].gap == 0.6


def test_not_every_answer_may_differ():
    other = replace(ONE, ids=(5, 9))
    after = [other, other, ONE]
    assert not compare([ONE] * 4, [*after, ONE], {0: 0.1, 1: 0.1}, LIMITS).problems
    found = compare([ONE] * 3, after, {0: 0.1, 1: 0.1}, LIMITS)
    assert found.problems == ("2 of 3 answers differ, too many for rounding",)


@pytest.mark.parametrize(
    ("bits", "fails"), [(98.1, False), (101.9, False), (97.9, True), (103, True)]
)
def test_the_references_may_cost_a_little_more_or_less(bits, fails):
    found = compare([ONE], [replace(ONE, bits=float(bits))], {}, LIMITS)
    assert bool(found.problems) is fails
    if fails:
        assert found.problems[0].startswith("es: the references cost ")


def test_costs_that_drift_apart_are_told_though_they_cancel_out():
    after = [replace(ONE, bits=104.0), replace(ONE, bits=96.0)]
    found = compare([ONE, ONE], after, {}, LIMITS)
    assert found.languages[0].bits_after == 2.0
    assert found.problems == ("a reference costs 4.0 % more or less on average",)


def test_a_language_does_not_hide_another():
    swahili = replace(ONE, prompt={"language": "sw"}, bits=10.0)
    worse = replace(swahili, bits=11.0)
    found = compare([ONE] * 9 + [swahili], [ONE] * 9 + [worse], {}, LIMITS)
    assert [p.partition(":")[0] for p in found.problems] == ["sw"]


def test_other_tokens_of_a_prompt_are_told():
    found = compare([ONE], [replace(ONE, prompt_ids=(1, 3))], {}, ROUNDED)
    assert found.problems == ("es: a prompt is cut into other tokens",)


def test_no_reference_is_no_cost():
    bare = replace(ONE, bits=0.0, size=0)
    found = compare([bare], [bare], {}, LIMITS)
    assert not found.problems and found.languages[0].bits_after == 0.0


def test_prompts_are_taken_from_the_groups_in_turn():
    prompts = [example(c, n) for c in ("en", "es", "ja", "cs", "fi") for n in range(9)]
    chosen = choose_prompts(prompts, (("en",), ("es", "ja"), ("cs", "fi")))
    assert [e.instruction for e in chosen] == [
        *("en 0", "es 0", "cs 0", "en 1", "ja 0", "fi 0"),
        *("en 2", "es 1", "cs 1", "en 3", "ja 1", "fi 1"),
    ]
    few = [example("en", 0), example("es", 0)]
    assert choose_prompts(few, (("en",), ("es",), ())) == few


def test_a_probe_survives_its_file():
    import json

    assert Probe.of(json.loads(json.dumps(ONE.to_row()))) == ONE
    for row in ({}, {"prompt_ids": 3, "ids": []}, {**ONE.to_row(), "more": 1}):
        with pytest.raises(DataError, match="is no stored answer"):
            Probe.of(row)
