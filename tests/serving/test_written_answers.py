from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pinchtune.model.load import load_tokenizer
from pinchtune.serving.writing import Margins, StopFinder, Writing

LETTERS = st.text("ab c", max_size=12)
STOPS = st.lists(st.text("ab c", min_size=1, max_size=4), max_size=3)


def cut(text: str, stops: list[str]) -> str:
    """Cut before the stop that is complete first; of two, the longer."""
    ends = [
        (i + len(stop), i) for stop in stops for i in range(len(text)) if text.startswith(stop, i)
    ]
    return text[: min(ends)[1]] if ends else text


@given(st.lists(LETTERS), STOPS)
@example(["a", "bc"], ["bcd", "c"])
@example(["ab", "ab", "c"], ["ababc", "abc"])
def test_what_is_shown_does_not_depend_on_the_pieces(parts, stops):
    finder = StopFinder(stops)
    shown = [finder.add(part) for part in parts]
    whole = cut("".join(parts), stops)
    assert whole.startswith("".join(shown))
    assert "".join(shown) + finder.end() == whole
    assert finder.found == (whole != "".join(parts))


@given(st.lists(LETTERS), STOPS)
def test_only_what_may_become_a_stop_is_held_back(parts, stops):
    finder = StopFinder(stops)
    for part in parts:
        finder.add(part)
    assert not finder.held or any(stop.startswith(finder.held) for stop in stops)


@given(st.lists(st.text(" \n\tab", max_size=6)))
def test_white_space_around_an_answer_is_left_out(parts):
    margins = Margins()
    assert "".join(margins.add(part) for part in parts) == "".join(parts).strip()


@pytest.fixture(scope="module")
def tokenizer(tiny_model):
    return load_tokenizer(str(tiny_model))


TEXTS = ["", "plain", " é日本 ", "🙂👩‍👩‍👧", "שלום עולם", "e\u0301a\u0302", "مرحبا"]


@pytest.mark.parametrize("text", TEXTS)
def test_the_parts_of_a_text_are_the_text(tokenizer, text):
    ids = tokenizer(text, add_special_tokens=False).input_ids
    writing = Writing(tokenizer)
    shown = [writing.add(token) for token in ids]
    assert "\ufffd" not in "".join(shown)
    assert "".join(shown) + writing.end() == text.strip()


@given(st.lists(st.integers(0, 258), max_size=30))
def test_any_tokens_show_what_decoding_them_at_once_shows(tokenizer, ids):
    writing = Writing(tokenizer, strip=False)
    shown = "".join(writing.add(token) for token in ids)
    assert shown + writing.end() == tokenizer.decode(ids, skip_special_tokens=True)


def test_a_letter_that_breaks_off_is_shown_at_the_end(tokenizer):
    ids = tokenizer("日", add_special_tokens=False).input_ids[:2]
    writing = Writing(tokenizer)
    assert [writing.add(token) for token in ids] == ["", ""]
    assert writing.end() == tokenizer.decode(ids)
