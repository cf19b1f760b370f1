from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pinchtune.selection.greedy import choose_lazily
from pinchtune.selection.problem import Ground, Problem
from pinchtune.selection.reasons import LOCALES, explain, find_gaps, sentence, shorten, words


def small() -> Problem:
    vectors = np.array([[1, 0, 0], [0, 1, 0], [0, 0, 1]], np.float32)
    ground = Ground.of(vectors[[0, 0, 0, 1, 2]], [1, 1, 1, 1, 6])
    topics = [frozenset("xy"), frozenset("y"), frozenset()]
    return Problem(list("abc"), vectors, ground, 2, ["es"] * 3, topics=topics, topic_weight=0.01)


def test_reasons_add_up():
    problem = small()
    rows = choose_lazily(problem)
    reasons = explain(problem, rows)
    assert [r.row for r in reasons] == rows == [2, 0]
    assert [r.stands_for for r in reasons] == [1, 3]
    assert sum(r.share for r in reasons) == pytest.approx(0.9)
    assert [r.new_terms for r in reasons] == [(), ("x", "y")]
    assert [r.gain for r in reasons] == pytest.approx([0.6, 0.32])


def test_gaps_name_what_is_left_open():
    problem = small()
    gap = find_gaps(problem, [2, 0])[0]
    assert gap.row == 3 and gap.size == 1
    assert gap.closeness == pytest.approx(0) and gap.share == pytest.approx(0.1)


def test_nothing_chosen_has_no_reasons():
    assert explain(small(), []) == []


@pytest.mark.parametrize("locale", LOCALES)
def test_sentences_are_whole(locale: str):
    for reason in explain(small(), [2, 0, 1]):
        said = sentence(reason, "¿Cómo pido otra tarjeta?", locale)
        assert "{" not in said and ("tarjeta" in said) == bool(reason.stands_for)
        assert all(term in said for term in reason.new_terms)


def test_locales_have_the_same_sentences():
    assert words("en").keys() == words("ja").keys()


@given(st.text())
def test_any_text_is_shortened(text: str):
    assert "\n" not in shorten(text) and len(shorten(text, 10)) <= max(10, len(text))


def test_a_family_is_not_cut_in_half():
    family = "👨‍👩‍👧‍👦"
    assert shorten(family * 5, 3) == family * 2 + "…"
