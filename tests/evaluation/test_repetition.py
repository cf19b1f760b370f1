import random

import pytest

from pinchtune.evaluation.repetition import (
    LOOP_LENGTH,
    is_degenerate,
    loop_length,
    repeated_share,
)

LOOPS = [
    "The answer is good. I like it. I like it. I like it. I like",
    "请您稍等。" * 5,
    "私はその本が好きです。" + "とても好きです。" * 4,
    "Спасибо! " * 6 + "Спа",
    "1. Drink water.\n2. Drink water.\n3. Drink water.\n4. Drink water.",
    "ก" * 20,
    "1. Yes 2. Yes 3. Yes 4. Yes",
    "Une phrase assez longue pour que tout aille bien au début, puis " + "oui oui " * 10,
    "The price of the whole is 1" + "0" * 40,
    "Your number is 12-12-12-12-12-12-12-12",
]


def test_written_responses_are_not_degenerate(responses):
    assert [text for _, text in responses if is_degenerate(text)] == []
    assert max(repeated_share(text[-400:]) for _, text in responses) < 0.25


@pytest.mark.parametrize("text", LOOPS)
def test_loops_are(text):
    assert is_degenerate(text)


def test_any_response_said_three_times_over_is(responses):
    for _, text in responses:
        if 20 < len(text) < 130:
            assert is_degenerate(f"{text}\n" * 3), text


def test_a_loop_after_a_long_text_is_seen(responses):
    texts = [text for code, text in responses if code == "en"]
    assert not is_degenerate("\n".join(texts[:20]))
    assert is_degenerate("\n".join(texts[:20]) + " and so on" * 45)


def test_a_long_text_that_ends_in_few_phrases_is_seen(responses):
    texts = [text for code, text in responses if code == "en"]
    phrases = random.Random(0).choices(["I like it. ", "It is good. ", "Who knows. "], k=40)
    text = "\n".join(texts[:20]) + "".join(phrases) + "The end"
    assert loop_length(text) == 0
    assert is_degenerate(text)


@pytest.mark.parametrize(
    "text",
    ["", "No, no, no!", "哈哈哈哈", "Title\n" + "-" * 60, "1, 2, 3, 4, 5, 6, 7, 8, 9, 10", "....."],
)
def test_ordinary_repetition_is_not(text):
    assert not is_degenerate(text)


def test_loop_length():
    assert loop_length("xyabcabcab") == 0
    assert loop_length("xyabcabcabcab") == 11
    assert loop_length("ab" * 8) == LOOP_LENGTH
    assert loop_length("-" * 50) == 0


def test_repeated_share():
    assert repeated_share("abcdefghijkl") == 0
    assert repeated_share("abcdefgh" * 2) == pytest.approx(1 / 9)
    assert repeated_share("short") == 0
