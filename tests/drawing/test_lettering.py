from __future__ import annotations

import pytest
import regex
from hypothesis import given
from hypothesis import strategies as st

from pinchtune.drawing.lettering import CUT, breadth, fit, runs_left


@given(st.text(max_size=40), st.floats(0, 30))
def test_what_fits_is_no_wider_and_a_beginning(text, room):
    kept = fit(text, room)
    assert breadth(kept) <= room + 1e-9
    if kept != text:
        assert kept == "" or text.startswith(kept.removesuffix(CUT))


@pytest.mark.parametrize("unit", ["e\u0301", "👩🏽‍🚀", "नि", "กำ", "納"])
def test_nothing_is_cut_inside_a_character(unit):
    for room in range(1, 12):
        kept = fit(unit * 20, room).removesuffix(CUT)
        assert regex.fullmatch(f"(?:{unit})*", kept)


def test_marks_need_no_room_and_wide_signs_more():
    assert breadth("e\u0301") == breadth("e") < breadth("納")
    assert fit("納期", 2) == "納期" and fit("納期と値段", 3) == "納期…" and fit("納期", 0.4) == ""


@pytest.mark.parametrize(
    ("text", "turned"), [("فلتر 3", True), ("3 מים", True), ("filtro", False), ("42 ✓ 3", None)]
)
def test_direction_is_that_of_the_first_letter(text, turned):
    assert runs_left(text) is turned
