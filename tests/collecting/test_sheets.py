"""Spreadsheets: what is filled in comes in once, and each wrong cell is named by its place."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_up_rows import make_model, make_row, make_term

from pinchtune.collecting.grid import tidy
from pinchtune.collecting.sheets import (
    Problem,
    check_rows,
    content_key,
    make_csv_template,
    make_template,
    read_sheet,
    write_rows,
)
from pinchtune.collecting.wording import LOCALES, catalogue
from pinchtune.data.checks import is_blank
from pinchtune.languages import LANGUAGES
from pinchtune.store.errors import Invalid
from pinchtune.store.records import Text

HEAD = ("instruction", "response")


def make_xlsx(
    *rows: Any, title: str = "Examples", head: Any = ("instruction", "response")
) -> bytes:
    book = openpyxl.Workbook()
    book.active.title = title
    for row in (head, *rows):
        book.active.append(row)
    return save(book)


def save(book: Any) -> bytes:
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def make_csv(*rows: list[str], head: Any = HEAD) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text).writerows([head, *rows])
    return text.getvalue().encode()


def fill(template: bytes, *rows: list[str]) -> bytes:
    book = openpyxl.load_workbook(io.BytesIO(template))
    for row in rows:
        book.worksheets[1].append(row)
    return save(book)


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("language", ["ja", "ar", "es"])
def test_a_template_that_was_filled_in(locale: str, language: str) -> None:
    models = [make_model("howto", language), make_model("price", "en")]
    data = make_template(language, locale, models, goal=40)
    assert read_sheet(data, "empty.xlsx", language) == ([], [])
    sheet = read_sheet(fill(data, ["Why?", "So.", "shop", "CC0-1.0"]), "a.xlsx", language)
    assert not sheet.problems
    title = catalogue(locale)["sheets"]["fill"]
    assert [(row.place, row.text) for row in sheet.rows] == [
        (f"{title}!A2", Text("Why?", "So.", "CC0-1.0", "shop"))
    ]


@pytest.mark.parametrize("locale", LOCALES)
def test_a_template_speaks_the_locale(locale: str) -> None:
    book = openpyxl.load_workbook(
        io.BytesIO(make_template("ar", locale, [make_model("howto", "ar")], goal=12))
    )
    words = catalogue(locale)
    read, fill_in, look = book.worksheets
    assert [sheet.title for sheet in book] == [words["sheets"][n] for n in ("read", "fill", "look")]
    assert bool(read.sheet_view.rightToLeft) == (locale == "ar")
    assert fill_in.sheet_view.rightToLeft and look.sheet_view.rightToLeft
    told = [cell.value for (cell,) in read.iter_rows()]
    assert len(told) == 2 + len(words["read"]["lines"])
    assert "12" in told[1] and not any("{" in line for line in told)
    assert [cell.value for cell in fill_in[1]][:2] == [
        words["columns"]["instruction"],
        words["columns"]["response"],
    ]
    assert len(fill_in.data_validations.dataValidation) == 2
    # A template that somebody edited is defused too.
    assert look["B2"].value == "'=1+1" and look["B2"].data_type == "s"


def test_the_catalogues_have_the_same_keys() -> None:
    def keys(table: Any, prefix: str = "") -> set[str]:
        return {f"{prefix}{k}" for t, v in table.items() if t != "card" for k in [t, *v]}

    for locale in LOCALES:
        assert keys(catalogue(locale)) == keys(catalogue("en"))
        assert len(catalogue(locale)["read"]["lines"]) == len(catalogue("en")["read"]["lines"])
        for title in catalogue(locale)["sheets"].values():
            assert len(title) <= 31 and not set(title) & set("[]:*?/\\")
    assert set(catalogue("ja")["card"]) == set(catalogue("en")["card"])
    assert read_sheet(make_csv_template("ja", "pt"), "a.csv", "ja") == ([], [])


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_csv_template(locale: str, delimiter: str, encoding: str) -> None:
    head = make_csv_template("ja", locale).decode("utf-8-sig").strip().split(",")
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter).writerows([head, ["料金は？", "千円\nです。", "", ""]])
    sheet = read_sheet(text.getvalue().encode(encoding), "a.csv", "ja")
    assert [(row.place, row.text) for row in sheet.rows] == [
        ("A2", Text("料金は？", "千円\nです。"))
    ]


def test_each_bad_cell_is_named() -> None:
    rows = [
        ["Good one?", "Yes."],
        ["No response?", None],
        [None, "No instruction."],
        [None, None],
        ["Long?", "x" * 8001],
        ["NUL?", "_x0000_"],
        ["Half?", "_xD800_"],
        ["Formula?", '=HYPERLINK("http://example.org","click")'],
        ["Error?", "#REF!"],
        ["good  ONE?", "yes."],
        [2026, True],
    ]
    sheet = read_sheet(make_xlsx(*rows), "a.xlsx", "en")
    assert [row.place for row in sheet.rows] == ["Examples!A2", "Examples!A12"]
    assert sheet.rows[1].text == Text("2026", "TRUE")
    assert sheet.problems == [
        Problem("Examples!B3", "empty", {}),
        Problem("Examples!A4", "empty", {}),
        Problem("Examples!B6", "long", {"characters": 8001, "limit": 8000}),
        Problem("Examples!B7", "encoding", {"kind": "control", "piece": "U+0000"}),
        Problem("Examples!B8", "encoding", {"kind": "half", "piece": "U+D800"}),
        Problem("Examples!B9", "formula", {}),
        Problem("Examples!B10", "error", {}),
        Problem("Examples!A11", "repeated", {"first": "Examples!A2"}),
    ]


def test_columns_and_languages() -> None:
    head = ("Respuesta modelo", "Petición *", "language", "color", "LICENCE")
    rows = [["Sí.", "¿Hay?", "es-MX", "", "CC0"], ["Yes.", "Is there?", "en"], ["x", "y", "??"]]
    sheet = read_sheet(make_xlsx(*rows, head=head, title="Hoja 1"), "a.xlsx", "es")
    assert [(row.place, row.text) for row in sheet.rows] == [
        ("'Hoja 1'!B2", Text("¿Hay?", "Sí.", "CC0"))
    ]
    assert sheet.problems == [
        Problem("'Hoja 1'!D1", "column", {"heading": "color"}),
        Problem("'Hoja 1'!C3", "language", {"found": "en", "declared": "es"}),
        Problem("'Hoja 1'!C4", "language", {"found": "??", "declared": "es"}),
    ]


def test_a_title_above_the_headings_and_several_sheets() -> None:
    book = openpyxl.load_workbook(io.BytesIO(make_xlsx(["A?", "B."])))
    book.active.insert_rows(1, 2)
    book.active["A1"] = "Our examples"
    second = book.create_sheet("More")
    for row in (("instruction", "response"), ("C?", "D."), ("a?", "b.")):
        second.append(row)
    book.create_sheet("Notes").append(["nothing", "here"])
    sheet = read_sheet(save(book), "a.xlsx", "en")
    assert [row.place for row in sheet.rows] == ["Examples!A4", "More!A2"]
    assert sheet.problems == [Problem("More!A3", "repeated", {"first": "Examples!A4"})]


def test_formulas_in_csv() -> None:
    rows = [["=1+1", "x"], ["'=1+1", "'-1"], ["-1", "+1"], ["@x", "'quoted'"]]
    sheet = read_sheet(make_csv(*rows), "a.csv", "en")
    assert sheet.problems == [Problem("A2", "formula", {})]
    assert [(r.text.instruction, r.text.response) for r in sheet.rows] == [
        ("=1+1", "-1"),
        ("-1", "+1"),
        ("@x", "'quoted'"),
    ]


def test_the_key_is_that_of_the_content() -> None:
    key = content_key("es", Text("¿Qué?", "Nada."))
    assert key == content_key("es-MX", Text("¿QUE\u0301? ", "nada.", "CC0", "shop", "model"))
    assert key != content_key("pt", Text("¿Qué?", "Nada."))
    assert key != content_key("es", Text("¿Qué?", "Todo."))
    assert key == read_sheet(make_csv(["¿Qué?", "Nada."]), "a.csv", "es").rows[0].key


@pytest.mark.parametrize("kind", ["xlsx", "csv"])
@settings(max_examples=60)
@given(
    st.lists(
        st.tuples(st.text(min_size=1), st.text(min_size=1), st.sampled_from(sorted(LANGUAGES))),
        max_size=4,
    )
)
def test_any_text_comes_back(kind: str, texts: list[tuple[str, str, str]]) -> None:
    check_round_trip(kind, texts)


@pytest.mark.parametrize("kind", ["xlsx", "csv"])
@pytest.mark.parametrize(
    "text",
    [
        '=HYPERLINK("x")\n+1',
        "'=1",
        "''=1",
        "＝SUM(A1)",
        "\t=1",
        "_x000D_ and _x0041_",
        "مرحبا \u200fXR-5\u200e، كم السعر؟",
        "\u202eevil\u202c",
        "สวัสดีค่ะ ใบเสร็จ",
        "e\u0301 é ﷺ ﬁ",
        "👩🏽‍🔧🏴󠁧󠁢󠁥󠁮󠁧󠁿 🇯🇵",
        "𠮷野家で\u3000ございます",
        'a "quoted"; cell, with\ttab\nline\r\nand\rreturn',
        "\ufeffmark \ufffe \uffff \x07 \x0b",
        " 1e400 ",
        "TRUE",
        "007",
    ],
)
def test_awkward_text_comes_back(kind: str, text: str) -> None:
    check_round_trip(kind, [(text, f"{text}.", "en")])


def check_round_trip(kind: str, texts: list[tuple[str, str, str]]) -> None:
    """What stands in the store comes back from a file, apart from space around it."""
    if any("\0" in part or is_blank(part) for text in texts for part in text):
        return
    rows = [make_row(ask, reply, language=code) for ask, reply, code in texts]
    data = write_rows(rows, kind)
    for ask, reply, code in texts:
        sheet = read_sheet(data, f"a.{kind}", code)
        assert {p.kind for p in sheet.problems} <= {"language", "repeated"}
        found = [(row.text.instruction, row.text.response) for row in sheet.rows]
        key = content_key(code, Text(tidy(ask), tidy(reply)))
        assert (tidy(ask), tidy(reply)) in found or key in {row.key for row in sheet.rows}


@pytest.mark.parametrize("kind", ["xlsx", "csv"])
def test_an_export_runs_nothing_and_names_nobody(kind: str) -> None:
    evil = '=cmd|" /C calc"!A0'
    data = write_rows([make_row(evil, "+1", domain="@x", license="-1", site="\t=1")], kind)
    if kind == "xlsx":
        book = openpyxl.load_workbook(io.BytesIO(data))
        cells = [cell for row in book.active.iter_rows() for cell in row if cell.value]
        assert not [cell for cell in cells if cell.data_type == "f"]
        values = [str(cell.value) for cell in cells]
    else:
        values = [c for row in csv.reader(io.StringIO(data.decode("utf-8-sig"))) for c in row]
    assert f"'{evil}" in values and "'+1" in values and "'@x" in values and "'-1" in values
    assert not [value for value in values if value[:1] in tuple("=+-@\t")]
    assert not [value for value in values if "Author" in value]


def test_other_kinds_of_export() -> None:
    row = make_row("日本", "x" * 40_000)
    line = json.loads(write_rows([row], "jsonl"))
    assert line["instruction"] == "日本" and line["status"] == "approved"
    with pytest.raises(Invalid, match="longer than 32767 characters"):
        write_rows([row], "xlsx")
    with pytest.raises(Invalid, match="pdf is no kind of file; use one of: xlsx csv jsonl"):
        write_rows([row], "pdf")


def test_hints_on_the_rows() -> None:
    ask, reply = "How do I return a broken kettle?", "Bring it to the shop with the receipt."
    rows = [["Can I pay by card here?", "Yes, by any card."], [ask, reply], [ask + "!", "Ask us."]]
    sheet = read_sheet(make_xlsx(*rows), "a.xlsx", "en")
    others = [("old", "can I pay by card here")]
    found = check_rows(sheet.rows, "en", others=others, terms=[make_term("kettles")])
    assert [(place, hint.kind, hint.values.get("id")) for place, hint in found] == [
        ("Examples!A2", "near-duplicate", "old"),
        ("Examples!A3", "terms", None),
        ("Examples!A4", "terms", None),
        ("Examples!A4", "near-duplicate", "Examples!A3"),
    ]
