"""The column `checks`: what it may hold, and the sentence for what it may not."""

import json

import pytest

from pinchtune.data.formats import Located
from pinchtune.errors import DataError
from pinchtune.evaluation.checking.column import (
    CheckSpec,
    has_checks,
    impossible_checks,
    read_checks,
    with_checks,
)
from pinchtune.records import Example

WORDS = {"check": "words", "at_most": 50}


def prompt(checks, language="en"):
    return Example("Say it.", None, language, extra={"checks": checks})


def test_checks_are_read_from_lists_and_from_cells():
    wanted = [CheckSpec("words", {"at_most": 50})]
    assert read_checks(prompt([WORDS])) == wanted
    assert read_checks(prompt(json.dumps([WORDS]))) == wanted
    # Parquet holds every parameter of every check in every row.
    assert read_checks(prompt([{**WORDS, "terms": None, "exactly": None}])) == wanted
    assert read_checks(Example("Say it.")) == []
    for nothing in ([], "", "  ", None):
        assert read_checks(prompt(nothing)) == []
    assert has_checks(prompt([WORDS])) and not has_checks(prompt([]))


@pytest.mark.parametrize(
    ("checks", "field", "message"),
    [
        (7, "checks", "is a number; give a list such as"),
        ({"check": "words"}, "checks", "is an object; give a list such as"),
        ("words", "checks", "is no list in JSON; write it as"),
        ("[" * 100_000, "checks", "is no list in JSON"),
        (["words"], "checks[0]", "is text; give an object such as"),
        ([{}], "checks[0].check", "is missing; use one of language, script"),
        ([{"check": ["words"]}], "checks[0].check", "is a list; use one of"),
        ([WORDS, {"check": "word"}], "checks[1].check", "is 'word', which is no check; did you"),
        ([{"check": "zzz"}], "checks[0].check", "is 'zzz', which is no check; use one of"),
        ([{**WORDS, "least": 1}], "checks[0].least", "is no parameter of words; it takes at_least"),
        ([{"check": "quoted", "x": 1}], "checks[0].x", "is no parameter of quoted; it takes none"),
        ([{"check": "words", "at_most": "9"}], "checks[0].at_most", "is '9'; give a whole number"),
        ([{"check": "words", "at_most": True}], "checks[0].at_most", "is True; give a whole"),
        ([{"check": "words", "at_most": -1}], "checks[0].at_most", "is -1; give a whole number"),
        ([{"check": "words"}], "checks[0].at_least, at_most, exactly", "are missing in words"),
        (
            [{"check": "words", "at_least": 9, "at_most": 8}],
            "checks[0].at_least",
            "is more than at_most; correct one of the two",
        ),
        (
            [{"check": "words", "exactly": 9, "at_most": 8}],
            "checks[0].exactly",
            "stands beside another bound; remove one",
        ),
        (
            [{"check": "contains", "terms": ["x"], "at_least": 9, "at_most": 8}],
            "checks[0].at_least",
            "is more than at_most",
        ),
        ([{"check": "contains"}], "checks[0].terms", "is missing in contains; give a list of"),
        ([{"check": "contains", "terms": "x"}], "checks[0].terms", "is 'x'; give a list of texts"),
        ([{"check": "contains", "terms": [" "]}], "checks[0].terms", "is a list; give a list of"),
        ([{"check": "digits", "system": "roman"}], "checks[0].system", "is 'roman'; give one of"),
        ([{"check": "digits", "system": []}], "checks[0].system", "is a list; give one of latn"),
        ([{"check": "script", "script": "Xxxx"}], "checks[0].script", "is 'Xxxx'; give one of"),
        ([{"check": "language", "language": "xx"}], "checks[0].language", "is 'xx'; give the code"),
        ([{"check": "language", "language": 3}], "checks[0].language", "is 3; give the code of a"),
    ],
)
def test_a_bad_check_is_one_sentence(checks, field, message):
    row = Located(prompt(checks), "prompts.jsonl", 4)
    with pytest.raises(DataError) as caught:
        with_checks([row])
    assert str(caught.value).startswith(f"prompts.jsonl:4, {field}: {message}")
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 400


def test_checked_rows_hold_lists_and_keep_everything_else():
    extra = {"checks": json.dumps([{**WORDS, "terms": None}]), "topic": "mail"}
    row = Located(Example("Say it.", None, "en", extra=extra), "x.csv", 2)
    plain = Located(Example("Say it.", "It.", "en", extra={"topic": "x"}), "x.csv", 3)
    first, second = with_checks([row, plain])
    assert first.example.extra == {"checks": [WORDS], "topic": "mail"}
    assert first.example.id == row.example.id and second is plain


def test_impossible_checks_are_named():
    checks = [WORDS, {"check": "letter_case", "case": "upper"}, {"check": "quoted"}]
    assert impossible_checks(prompt(checks, "ja")) == ["words", "letter_case"]
    assert impossible_checks(prompt(checks, "ar")) == ["letter_case"]
    assert impossible_checks(prompt(checks, "ru")) == impossible_checks(prompt(checks, "")) == []
