from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pinchtune.selection.greedy import choose_lazily
from pinchtune.selection.problem import Ground, Problem
from pinchtune.selection.reasons import (
    LOCALES,
    Told,
    explain,
    find_gaps,
    sentence,
    shorten,
    words,
)


def small() -> Problem:
    vectors = np.array([[1, 0, 0], [0, 1, 0], [0, 0, 1]], np.float32)
    ground = Ground.of(vectors[[0, 0, 0, 1, 2]], [1, 1, 1, 1, 6])
    topics = [frozenset({("es", "x"), ("es", "y")}), frozenset({("es", "y")}), frozenset()]
    return Problem(list("abc"), vectors, ground, 2, ["es"] * 3, topics=topics, topic_weight=0.01)


def test_reasons_add_up():
    problem = small()
    rows = choose_lazily(problem)
    reasons = explain(problem, rows)
    assert [r.row for r in reasons] == rows == [2, 0]
    assert [len(r.texts) for r in reasons] == [1, 3]
    assert sum(r.share for r in reasons) == pytest.approx(0.9)
    assert [r.new_terms for r in reasons] == [(), (("es", "x"), ("es", "y"))]
    assert [r.gain for r in reasons] == pytest.approx([0.6, 0.32])


def test_gaps_name_what_is_left_open():
    problem = small()
    gap = find_gaps(problem, [2, 0])[0]
    assert gap.row == 3 and gap.size == 1
    assert gap.closeness == pytest.approx(0) and gap.share == pytest.approx(0.1)


def test_nothing_chosen_has_no_reasons():
    assert explain(small(), []) == []


def test_an_example_is_explained_by_a_text_of_its_own_language():
    near = np.array([[1, 0], [0.9, 0.1], [0.5, 0.5]], np.float32)
    problem = Problem(["a"], near[:1], Ground.of(near), 1, ["es"])
    assert explain(problem, [0])[0].quoted == 2
    assert explain(problem, [0], ["es", "es", "ja"])[0].quoted == 1
    assert explain(problem, [0], ["ru", "ar", "ja"])[0].quoted == 2


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("mined", [True, False])
def test_sentences_are_whole(locale: str, mined: bool):
    told = Told(1234, 0.25, mined, "送料, envío" if mined else "", ("ばね", "muelle"))
    said = sentence(told, "¿Cómo pido otra tarjeta?", locale)
    assert "{" not in said and "tarjeta" in said and "1234" in said and "25" in said
    assert all(term in said for term in told.terms) and ("envío" in said) == mined
    alone = sentence(told, "", locale)
    assert "tarjeta" not in alone and "1234" in alone
    nothing = sentence(Told(0, 0.0, mined, "", ()), "", locale)
    assert "{" not in nothing and "0 %" not in nothing


def test_pool_and_enquiries_are_not_confused():
    pool, asked = (Told(3, 0.1, mined, "", ()) for mined in (False, True))
    assert "3 texts of the pool" in sentence(pool) and "asked" not in sentence(pool)
    assert "3 enquiries" in sentence(asked) and "of what is asked" in sentence(asked)


def test_control_signs_do_not_reach_a_terminal():
    assert shorten("\x1b[31mRED\x07 \x9b1m") == "[31mRED 1m"


def test_locales_have_the_same_sentences():
    assert words("en").keys() == words("ja").keys()


@given(st.text())
def test_any_text_is_shortened(text: str):
    assert "\n" not in shorten(text) and len(shorten(text, 10)) <= max(10, len(text))


def test_a_family_is_not_cut_in_half():
    family = "👨‍👩‍👧‍👦"
    assert shorten(family * 5, 3) == family * 2 + "…"
