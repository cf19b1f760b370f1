import pytest

from pinchtune.errors import UsageError
from pinchtune.evaluation.fidelity import (
    MIN_LETTERS,
    count_letters,
    in_language,
    line_pass,
    right_language,
)

ENGLISH = "The invoice was sent to you yesterday."
SPANISH = "La factura se le envió ayer por la tarde."
JAPANESE = "請求書は昨日の午後にお送りしました。"


def test_written_responses_are_in_their_language(responses, identifier):
    missed = [text for code, text in responses if not right_language(identifier, text, code)]
    assert len(responses) > 500
    assert missed == []


def test_long_lines_of_written_responses_pass(responses, identifier):
    passes = [line_pass(identifier, text, code) for code, text in responses]
    assert passes.count(0.0) == 0
    assert passes.count(1.0) > 0.97 * len(passes)


@pytest.mark.parametrize("text", ["", "   \n", "12:30", ENGLISH, JAPANESE])
def test_other_languages_and_empty_answers_are_wrong(identifier, text):
    assert right_language(identifier, text, "es") == 0.0


@pytest.mark.parametrize(
    "text, expected",
    [
        (SPANISH, 1.0),
        (f"{SPANISH}\n\n{SPANISH}", 1.0),
        (f"{SPANISH}\n{ENGLISH}", 0.0),
        (f"{SPANISH}\n{JAPANESE}", 0.0),
        (f"{SPANISH}\nOK, thanks!", 1.0),
        ("Sí, claro.\n12:30", None),
        ("", None),
    ],
)
def test_line_pass(identifier, text, expected):
    assert line_pass(identifier, text, "es") == expected


def test_a_mixed_answer_is_right_as_a_whole_but_fails_by_line(identifier):
    mixed = f"{SPANISH}\n{SPANISH}\n{ENGLISH}"
    assert right_language(identifier, mixed, "es") == 1.0
    assert line_pass(identifier, mixed, "es") == 0.0


def test_the_line_threshold_counts_letters_and_marks():
    assert count_letters("नमस्ते 123 !?") == 6
    assert count_letters("ab, cd" * 3) == MIN_LETTERS


def test_regional_tags_and_foreign_languages(identifier):
    assert in_language(identifier, SPANISH, "es-MX")
    with pytest.raises(UsageError, match="de is not among"):
        in_language(identifier, "Guten Tag", "de")
