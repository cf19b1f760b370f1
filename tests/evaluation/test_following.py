"""Strict and loose: what is forgiven, and that loose never asks more."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pinchtune.evaluation.checking.checkers import CHECKERS, DIGITS, Context
from pinchtune.evaluation.checking.column import CheckSpec
from pinchtune.evaluation.checking.following import follow, follow_all, loosen
from pinchtune.evaluation.checking.writing import get_writing
from pinchtune.languages import LANGUAGES

BOUND = {"at_least": 2, "at_most": 5}
PARAMETERS = {
    "script": {"script": "Cyrl"},
    "avoids_script": {"script": "Latn"},
    "list_items": {**BOUND, "mark": "-"},
    "contains": {"terms": ["да", "好", "a*b"]},
    "avoids": {"terms": ["ok", "។"]},
    "starts_with": {"text": "«Да"},
    "ends_with": {"text": "!"},
    "json": {"keys": ["a"]},
    "digits": {"system": next(iter(DIGITS))},
    "letter_case": {"case": "upper"},
    "register": {"level": "polite"},
    "repeats": {"text": "a"},
    "postscript": {"mark": "P.S."},
}


def spec(name):
    checker = CHECKERS[name]
    return CheckSpec(name, PARAMETERS.get(name, BOUND if checker.counts else {}))


def context(identifier, code="en"):
    return Context(get_writing(code), identifier)


@pytest.mark.parametrize(
    ("name", "parameters", "answer"),
    [
        ("starts_with", {"text": "Dear"}, "Sure, here it is:\nDear Anna, come in."),
        ("ends_with", {"text": "Bye!"}, "Dear Anna. Bye!\nI hope this helps."),
        ("quoted", {}, "Here it is:\n“Sleep well.”\nAnything else?"),
        ("json", {"keys": ["a"]}, 'Here it is:\n\n{"a": 1}'),
        ("starts_with", {"text": "Dear"}, "**Dear** Anna"),
        ("letter_case", {"case": "upper"}, "Your sign:\n**WET FLOOR**"),
    ],
)
def test_loose_forgives_the_wrapping(identifier, name, parameters, answer):
    check = CheckSpec(name, parameters)
    assert follow(answer, check, context(identifier)) is False
    assert follow(answer, check, context(identifier), loose=True) is True


def test_loose_forgives_nothing_else(identifier):
    check = CheckSpec("starts_with", {"text": "Dear"})
    for answer in ("Sure:\n\nHello\nDear Anna", "_Dear_ Anna", "Here: Dear Anna"):
        assert follow(answer, check, context(identifier), loose=True) is False


def test_the_eight_variants():
    assert list(loosen("*a*\nb\n c*")) == ["*a*\nb\n c*", "a\nb\n c", "b\n c*", "b\n c", "*a*\nb",
                                           "a\nb", "b", "b"]  # fmt: skip


def test_one_failed_check_settles_a_prompt_and_an_unscored_one_does_not():
    assert follow_all([True, True]) is True
    assert follow_all([True, None]) is None
    assert follow_all([None, False, True]) is False


def test_what_cannot_be_scored_is_not_failed(identifier):
    check = CheckSpec("letter_case", {"case": "upper"})
    for loose in (False, True):
        assert follow("よろしく", check, context(identifier, "ja"), loose) is None
        assert follow("", check, context(identifier, "ja"), loose) is None


PIECES = st.sampled_from(
    ["*", "**", "\n", "\r\n", "-", "1.", "。", ".", "!", "「", "」", "“", "”", "[", "]", "<<", ">>",
     "P.S.", "{", '"a"', ":", "}", "а", "Да", "です", "ok", "१", "٣", " ", "\u200d", "\u0301", "好"]
)  # fmt: skip
ANSWERS = st.one_of(st.text(), st.lists(PIECES, max_size=25).map("".join))


@settings(max_examples=150)
@given(answer=ANSWERS, code=st.sampled_from(sorted(LANGUAGES)))
def test_no_answer_breaks_a_checker_and_loose_is_never_stricter(identifier, answer, code):
    for name in CHECKERS:
        strict = follow(answer, spec(name), context(identifier, code))
        loose = follow(answer, spec(name), context(identifier, code), loose=True)
        assert strict in (True, False, None)
        if strict is True:
            assert loose is True
        elif strict is None:
            assert loose in (None, True)
        else:
            assert loose in (False, True)
