"""Files that are broken, too large or hostile are one sentence, quickly and in little memory."""

from __future__ import annotations

import io
import re
import struct
import time
import tracemalloc
import zipfile
import zlib
from collections.abc import Callable
from functools import cache

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pinchtune.collecting import grid
from pinchtune.collecting.grid import place, read_grids, show_name
from pinchtune.collecting.sheets import read_sheet
from pinchtune.store.errors import Invalid

SHEET = "xl/worksheets/sheet1.xml"


@cache
def make_good() -> bytes:
    """Return a workbook, the same each time: it holds the hour."""
    book = openpyxl.Workbook()
    book.active.append(["instruction", "response"])
    book.active.append(["Why?", "So."])
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def repack(change: Callable[[str, bytes], bytes], extra: dict[str, bytes] | None = None) -> bytes:
    """Return a good workbook with changed parts."""
    buffer = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(make_good())) as old,
        zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for name in old.namelist():
            new.writestr(name, change(name, old.read(name)))
        for name, data in (extra or {}).items():
            new.writestr(name, data)
    return buffer.getvalue()


def same(_: str, data: bytes) -> bytes:
    return data


def in_sheet(old: bytes, new: bytes) -> bytes:
    found = repack(lambda name, data: data.replace(old, new) if name == SHEET else data)
    assert found != repack(same)
    return found


ENTITIES = b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>'
CONTENT = "unpacks into more than a spreadsheet of examples holds; split it"
AGAIN = "cannot be read; save it again as .xlsx"


def lie_about_the_size() -> bytes:
    """Return a bomb whose directory claims that it is small."""
    data = bytearray(repack(same, {"xl/bomb.xml": b"x" * 50_000_000}))
    packed = data.replace(struct.pack("<L", 50_000_000), struct.pack("<L", 1000))
    assert packed != data
    return bytes(packed)


def cut_sheet(name: str, data: bytes) -> bytes:
    return data[:-20] if name == SHEET else data


def empty_book(name: str, data: bytes) -> bytes:
    return b"" if "workbook.xml" in name else data


# Made when its test runs: some are large.
BAD: dict[str, tuple[Callable[[], bytes], str]] = {
    "bomb": (lambda: repack(same, {"xl/bomb.xml": b"x" * 70_000_000}), CONTENT),
    "ratio": (lambda: repack(same, {"xl/bomb.xml": b"x" * 5_000_000}), CONTENT),
    "many small": (lambda: repack(same, {f"xl/{i}": b"x" * 1_000_000 for i in range(70)}), CONTENT),
    "parts": (lambda: repack(same, {f"xl/{i}.xml": b"" for i in range(1001)}), CONTENT),
    "lie": (lie_about_the_size, AGAIN),
    "entities": (lambda: in_sheet(b"<worksheet", ENTITIES + b"<worksheet"), AGAIN),
    "cut xml": (lambda: repack(cut_sheet), AGAIN),
    "no book": (lambda: repack(empty_book), AGAIN),
    "cut": (lambda: make_good()[:3000], AGAIN),
    "cut short": (lambda: make_good()[:40], AGAIN),
    "magic alone": (lambda: b"PK\x03\x04", AGAIN),
    "old": (lambda: b"\xd0\xcf\x11\xe0" + bytes(600), "old or a password-protected"),
    "nothing": (lambda: b"", "a.xlsx is empty"),
    "blank": (lambda: b"\xef\xbb\xbf \r\n", "a.xlsx is empty"),
    "picture": (lambda: b"\x89PNG\r\n\x1a\n", "neither .xlsx nor CSV in UTF-8"),
    "cp932": (lambda: "指示,模範回答\n".encode("cp932"), "neither .xlsx nor CSV in UTF-8"),
    "quote": (lambda: b'instruction,response\n"a,b', "is no valid CSV file (line 2)"),
    "headings": (lambda: b"a,b\nc,d", "has no columns for the instruction and the response"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_file_that_cannot_be_used(name: str) -> None:
    make, message = BAD[name]
    with pytest.raises(Invalid, match=re.escape(message)) as error:
        read_sheet(make(), "a.xlsx", "en")
    assert "\n" not in str(error.value)
    assert error.value.message.format(**error.value.values) == str(error.value)


def test_the_good_file_is_good() -> None:
    """Else the bad ones would be refused for nothing."""
    assert len(read_sheet(make_good(), "a.xlsx", "en").rows) == 1
    assert len(read_sheet(repack(same), "a.csv", "en").rows) == 1


def test_a_bomb_is_not_unpacked() -> None:
    data = repack(same, {"xl/bomb.xml": b"x" * 200_000_000})
    tracemalloc.start()
    with pytest.raises(Invalid):
        read_grids(data, "a.xlsx")
    assert tracemalloc.get_traced_memory()[1] < 10_000_000
    tracemalloc.stop()


def test_200_mb_are_refused() -> None:
    with pytest.raises(Invalid, match=r"^a.csv is larger than 20 MB; split it$"):
        read_grids(bytes(200 * 2**20), "a.csv")


def test_too_many_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(grid, "MAX_ROWS", 3)
    rows = "instruction,response\n" + "a,b\n" * 3
    assert len(read_grids(rows.encode(), "a.csv")[0].lines) == 4
    with pytest.raises(Invalid, match=r"a.csv has more than 3 rows; split it"):
        read_grids(f"{rows}c,d\n".encode(), "a.csv")


def put_far_down(row: int) -> bytes:
    cell = f'<c r="XFD{row}" t="inlineStr"><is><t>x</t></is></c>'
    return in_sheet(b"</sheetData>", f'<row r="{row}">{cell}</row></sheetData>'.encode())


def test_a_cell_far_away_costs_little() -> None:
    sheet = read_sheet(put_far_down(50_000), "a.xlsx", "en")
    assert [row.place for row in sheet.rows] == ["Sheet!A2"]
    start = time.process_time()
    with pytest.raises(Invalid, match="has more than 200000 rows, empty ones among them"):
        read_sheet(put_far_down(1_048_576), "a.xlsx", "en")
    assert time.process_time() - start < 5


def test_a_sheet_that_lies_about_its_size_is_read_whole() -> None:
    data = in_sheet(b'ref="A1:B2"', b'ref="A1:A1"')
    assert len(read_sheet(data, "a.xlsx", "en").rows) == 1


@given(st.binary(max_size=300), st.sampled_from([b"", b"PK\x03\x04", b"\xff\xfe", b"a,b\n"]))
def test_any_bytes(data: bytes, start: bytes) -> None:
    try:
        read_grids(start + data, "a")
    except Invalid as error:
        assert str(error)


@given(st.data())
def test_any_damage(data: st.DataObject) -> None:
    """A good workbook with some bytes changed is read or refused, never a traceback."""
    good = bytearray(make_good())
    for _ in range(data.draw(st.integers(1, 4))):
        good[data.draw(st.integers(4, len(good) - 1))] = data.draw(st.integers(0, 255))
    try:
        read_sheet(bytes(good), "a.xlsx", "en")
    except Invalid as error:
        assert str(error)


def test_places() -> None:
    assert place("Sheet", 0, 7) == "Sheet!A7"
    assert place("", 25, 1) == "Z1" and place("", 26, 1) == "AA1"
    assert place("उदाहरण", 701, 2) == "उदाहरण!ZZ2" and place("", 702, 2) == "AAA2"
    assert place("It's mine", 1, 2) == "'It''s mine'!B2"


def test_names_of_files_in_messages() -> None:
    assert show_name("../../etc/例文.xlsx") == "例文.xlsx"
    assert show_name("C:\\x\\a.csv") == "a.csv"
    assert show_name("a\u202e\n\x00.xlsx") == "a.xlsx"
    assert show_name("") == "The file" and len(show_name("x" * 500)) == 80


def test_the_packed_size_is_that_of_zlib() -> None:
    """Text of people packs far worse than what is refused."""
    text = "".join(f"Question {i}: how much is pump {i * 37}?" for i in range(20_000)).encode()
    assert len(text) / len(zlib.compress(text)) < grid.MAX_RATIO / 5
