"""Tables whose other columns hold whatever they like."""

from __future__ import annotations

import datetime
import decimal
from pathlib import Path

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pinchtune.errors import DataError
from pinchtune.mining.enquiries import Columns, Enquiry, Unread
from pinchtune.mining.readers import read_log


def asked(path: Path, columns: Columns | None = None) -> list[tuple[str, str | None]]:
    found = read_log(path, columns or Columns())
    return [(e.text, e.answer) for e in found if isinstance(e, Enquiry)]


def unread(path: Path) -> list[str]:
    return [u.sentence for u in read_log(path) if isinstance(u, Unread)]


def write(path: Path, text: str) -> Path:
    path.write_text(text, "utf-8")
    return path


@pytest.mark.parametrize(
    "table",
    [
        ",question,answer\n0,Where?,Here\n",
        "question,answer,\nWhere?,Here,\n",
        "question,answer\nWhere?,Here,there\n",
        "question,answer,name,name\nWhere?,Here,a,b\n",
        "question,answer,Question\nWhere?,Here,When?\n",
        "question,answer,messages\nWhere?,Here,3\n",
        "question,answer,history\nWhere?,Here,none\n",
    ],
)
def test_only_columns_that_are_needed_count(tmp_path: Path, table: str):
    assert asked(write(tmp_path / "a.csv", table)) == [("Where?", "Here")]


def test_columns_without_a_name_have_a_number(tmp_path: Path):
    path = write(tmp_path / "a.csv", "id,\n1,Where?\n")
    assert asked(path, Columns("column 2")) == [("Where?", None)]
    with pytest.raises(DataError, match=r"found: id, column 2\)"):
        asked(path)


def test_turns_in_a_cell(tmp_path: Path):
    cell = '"[{""role"": ""user"", ""content"": ""Q""}]"'
    assert asked(write(tmp_path / "a.csv", f"id,messages\n1,{cell}\n")) == [("Q", None)]


@pytest.mark.parametrize(
    "values",
    [
        [decimal.Decimal("1.1")] * 2,
        [b"\xff\x00"] * 2,
        [datetime.timedelta(1)] * 2,
        pa.array([99999999999999999] * 2, pa.timestamp("us")),
        pa.array([[("k", 1)]] * 2, pa.map_(pa.string(), pa.int64())),
    ],
)
@pytest.mark.parametrize("name", ["other", "data"])
def test_other_types_of_parquet(tmp_path: Path, name: str, values: object):
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({name: values, "question": ["a", "b"]}), path)
    assert asked(path) == [("a", None), ("b", None)]


def test_two_parquet_columns_of_one_name(tmp_path: Path):
    path = tmp_path / "a.parquet"
    columns = [pa.array(["a"]), pa.array(["b"]), pa.array(["c"])]
    names = ["question", "question", "answer"]
    pq.write_table(pa.Table.from_arrays(columns, names=names), path)
    assert asked(path) == [("a", "c")]


def test_parquet_text_that_is_no_utf8(tmp_path: Path):
    path = tmp_path / "a.parquet"
    offsets = b"".join(n.to_bytes(4, "little") for n in (0, 2, 4))
    buffers = pa.py_buffer(offsets), pa.py_buffer(b"ok\xff\xfe")
    pq.write_table(pa.table({"question": pa.StringArray.from_buffers(2, *buffers)}), path)
    assert asked(path) == [("ok", None)]
    (sentence,) = unread(path)
    assert sentence.endswith(":2, question: is no text in UTF-8; export the table again")


def test_a_parquet_file_without_a_known_column_is_told(tmp_path: Path):
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"when": [1, 2], "who": ["a", "b"]}), path)
    with pytest.raises(DataError, match=r"found: when, who\)"):
        asked(path)


def book(path: Path, *sheets: list[list[object]]) -> Path:
    made = openpyxl.Workbook()
    made.remove(made.active)
    for number, rows in enumerate(sheets):
        sheet = made.create_sheet(str(number))
        for row in rows:
            sheet.append(row)
    made.save(path)
    return path


def test_other_sheets_of_a_workbook(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    first, last = [["question"], ["First?"]], [["question"], ["Last?"]]
    path = book(tmp_path / "a.xlsx", first, [["a", "a"], [1, 2]], last)
    assert [text for text, _ in asked(path)] == ["First?", "Last?"]

    from openpyxl.worksheet._read_only import ReadOnlyWorksheet

    rows = ReadOnlyWorksheet.iter_rows

    def broken(self, **options):
        if self.title == "1":
            raise KeyError("style")
        return rows(self, **options)

    monkeypatch.setattr(ReadOnlyWorksheet, "iter_rows", broken)
    assert [text for text, _ in asked(path)] == ["First?", "Last?"]
    assert "sheet that cannot be read" in unread(path)[0]


def test_a_table_without_a_header_shows_nobodys_data(tmp_path: Path):
    row = [
        "kim.lee@acme-pumps.com",
        "Mr. John Smith called",
        "4111 1111 1111 1111",
        "+49 170 1234567",
    ]
    path = book(tmp_path / "a.xlsx", [[*row, "0815123456", "x" * 99, 7, 8, 9, 10], row])
    with pytest.raises(DataError) as caught:
        asked(path)
    sentence = str(caught.value)
    assert not [
        word for word in ("kim", "Smith", "4111", "170", "0815", "x" * 31) if word in sentence
    ]
    assert "[e-mail]" in sentence and "8, …)" in sentence and "9" not in sentence.split("found")[1]


def test_a_named_column_must_be_there(tmp_path: Path):
    path = write(tmp_path / "a.csv", "question,reply\nWhere?,Here\n")
    assert asked(path, Columns("", "Reply")) == [("Where?", "Here")]
    with pytest.raises(DataError, match=r"a\.csv: has no column 'typo' \(found: question, reply\)"):
        asked(path, Columns("", "typo"))
    with pytest.raises(DataError, match=r"no column 'typo' \(found: question, reply\); .*question"):
        asked(path, Columns("typo"))
    # Rows of JSON have a key or not: it is enough that one has it.
    rows = write(tmp_path / "a.jsonl", '{"question": "a"}\n{"question": "b", "reply": "B"}\n')
    assert asked(rows, Columns("", "reply")) == [("a", None), ("b", "B")]
