"""Glossaries out of files."""

from __future__ import annotations

import io

import openpyxl
import pytest

from pinchtune.collecting.grid import Problem
from pinchtune.collecting.terms import read_terms
from pinchtune.store.errors import Invalid
from pinchtune.store.records import Term


def test_csv_with_variants() -> None:
    text = (
        "Term;Variants;Note;Enquiries;Language\r\n"
        ' lead  time;"delivery time; Lead-Time ;;lead time";from order;12;\r\n'
        "納期;リードタイム；出荷日;;３;ja\r\n"
        "ضمان;كفالة؛ تأمين;;;ar\r\n"
    )
    found = read_terms(text.encode("utf-8-sig"), "terms.csv", "en")
    assert found.problems == []
    assert found.terms == [
        Term("", "en", "lead time", ("delivery time", "Lead-Time"), "from order", 12),
        Term("", "ja", "納期", ("リードタイム", "出荷日"), "", 3),
        Term("", "ar", "ضمان", ("كفالة", "تأمين"), "", 0),
    ]


def test_xlsx_in_another_locale() -> None:
    book = openpyxl.Workbook()
    for row in (
        ["用語", "言い換え", "問い合わせ件数"],
        ["保証", "保証書", 4.0],
        ["返品", None, None],
    ):
        book.active.append(row)
    buffer = io.BytesIO()
    book.save(buffer)
    found = read_terms(buffer.getvalue(), "terms.xlsx", "ja-JP")
    assert found.terms == [
        Term("", "ja", "保証", ("保証書",), "", 4),
        Term("", "ja", "返品"),
    ]


def test_a_term_that_stands_twice_is_one() -> None:
    text = "term,variants,note,enquiries\nPump,a,,2\npump,b;a,what lifts,7\n"
    found = read_terms(text.encode(), "t.csv", "en")
    assert found.terms == [Term("", "en", "Pump", ("a", "b"), "what lifts", 7)]


def test_each_bad_cell_is_named() -> None:
    rows = ["term,enquiries,language,variants"]
    rows += ["a,many,,", ",5,,", f"{'x' * 201},1,,", "b,1,tlh,", "=1+1,,,", "c,,,\x07", "d,,,"]
    found = read_terms("\n".join(rows).encode(), "t.csv", "en")
    assert [term.term for term in found.terms] == ["d"]
    assert found.problems == [
        Problem("B2", "number", {"text": "many"}),
        Problem("A3", "empty", {}),
        Problem("A4", "long", {"limit": 200}),
        Problem("C5", "language", {"text": "tlh"}),
        Problem("A6", "formula", {}),
        Problem("D7", "encoding", {"kind": "control", "piece": "U+0007"}),
    ]


def test_no_language_and_no_column() -> None:
    found = read_terms(b"term\npump\n", "t.csv")
    assert found.problems == [Problem("A2", "language", {"text": ""})]
    with pytest.raises(Invalid, match=r"t.csv has no column for the term"):
        read_terms(b"word\npump\n", "t.csv", "en")
