"""Cells hold rows exactly, and no spreadsheet runs one as a formula."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pinchtune.data.tables import (
    defuse,
    escape_xlsx,
    name_cells,
    order_columns,
    read_header,
    restore,
    unescape_xlsx,
)
from pinchtune.errors import DataError

TRICKY = st.text(st.sampled_from("'=+-@\t\r\n＝＋－＠a_x0041F\x00\x07é字😀"))


@pytest.mark.parametrize("sign", [*"=+-@\t\r\n", *"＝＋－＠"])
def test_formulas_are_defused(sign: str) -> None:
    assert defuse(f"{sign}1+1") == f"'{sign}1+1"
    assert defuse(f"'{sign}1+1") == f"''{sign}1+1"


@pytest.mark.parametrize("cell", ["", "'", "a=1", "'t is", "1-2", "''"])
def test_other_cells_stay(cell: str) -> None:
    assert defuse(cell) == restore(cell) == cell


@given(TRICKY)
def test_defusing_is_undone_exactly(cell: str) -> None:
    assert restore(defuse(cell)) == cell
    assert defuse(cell)[:1] not in tuple("=+-@\t\r\n")


@given(TRICKY)
def test_xlsx_escapes_are_undone_exactly(cell: str) -> None:
    escaped = escape_xlsx(cell)
    assert unescape_xlsx(escaped) == cell
    assert not set(escaped) & set("\x00\x07\r")


def test_text_that_looks_like_an_xlsx_escape_is_escaped() -> None:
    assert escape_xlsx("_x0041_ a\r") == "_x005F_x0041_ a_x000D_"
    assert unescape_xlsx("_x005F_x0041_ a_x000D_") == "_x0041_ a\r"


def test_headers_count_in_any_case() -> None:
    assert read_header([" Instruction", "RESPONSE ", "My Note", ""]) == [
        *("instruction", "response", "My Note", "")
    ]


def test_a_name_twice_is_an_error() -> None:
    with pytest.raises(DataError, match="header: names the column 'response' twice; rename one"):
        read_header(["response", "Response"])


def test_short_rows_are_filled_and_long_ones_refused() -> None:
    assert name_cells(["a", "b"], ["1"]) == {"a": "1", "b": ""}
    assert name_cells(["a"], ["1", "", ""]) == {"a": "1"}
    with pytest.raises(DataError, match="has a cell in column 2, which has no name"):
        name_cells(["a"], ["1", "2"])


def test_columns_stand_in_a_readable_order() -> None:
    rows = [{"note": 1, "response": 2, "extra": 0}, {"language": 3, "instruction": 4, "b": 5}]
    assert order_columns(rows) == ["language", "instruction", "response", "note", "b", "extra"]
