"""Files of every kind, as people have them, and what is said of broken ones."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

import pinchtune.files
from pinchtune.data.formats import Located, identify_languages, read_examples
from pinchtune.errors import DataError, MissingExtra, UsageError
from pinchtune.records import Example

STARTER = Path(pinchtune.files.__file__).parent / "starter"

ROW = {"instruction": "Hi", "response": "Hello"}
SHAPES_HINT = "pinchtune (instruction, response), alpaca (instruction, output), messages, "


def write(folder: Path, name: str, data: str | bytes) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    return path


def places(rows: list[Located]) -> list[tuple[str, int]]:
    return [(row.example.instruction, row.line) for row in rows]


@pytest.mark.parametrize(
    ("name", "data", "expected"),
    [
        ("a.jsonl", '{"prompt": "a"}\n\n{"prompt": "b"}', [("a", 1), ("b", 3)]),
        ("a.ndjson", '\ufeff{"prompt": "a"}', [("a", 1)]),
        ("a.jsonl.gz", gzip.compress(b'{"prompt": "a"}', mtime=0), [("a", 1)]),
        ("a.json", '[\n{"prompt": "a"},\n\n {"prompt":\n"b"}]', [("a", 2), ("b", 4)]),
        ("a.json", '{"n": 2,\n"rows": [{"prompt": "a"},\n{"prompt": "b"}]}', [("a", 2), ("b", 3)]),
        ("a.json", '{"prompt":\n"a"}', [("a", 1)]),
        ("a.json", '{"prompt": "a"}\n{"prompt": "b"}', [("a", 1), ("b", 2)]),
        ("a.json", '{"messages": [{"role": "user", "content": "a"}]}', [("a", 1)]),
        ("a.csv", 'prompt,completion\na,x\n\n,\n"b\nc",y\nd,z', [("a", 2), ("b\nc", 5), ("d", 7)]),
        ("a.csv", "\ufeffPrompt;Completion\r\na,a;x\r\n", [("a,a", 2)]),
        ("a.csv", "prompt\tcompletion\na;b,c\tx\n", [("a;b,c", 2)]),
        ("a.csv", "note,note 2,prompt\n1;2,3;4,a", [("a", 2)]),
        ("a.tsv", "prompt\n'=1+1", [("=1+1", 2)]),
        ("A.CSV.GZ", gzip.compress(b"prompt\na", mtime=0), [("a", 2)]),
    ],
)
def test_text_files(
    tmp_path: Path, name: str, data: str | bytes, expected: list[tuple[str, int]]
) -> None:
    assert places(read_examples(write(tmp_path, name, data))) == expected


def test_cells_are_text_and_empty_ones_absent(tmp_path: Path) -> None:
    text = 'Instruction,Response,Input,Note,History\n=A1,12,,3,"[[""u"", ""a""]]"\nb,,,,\n'
    rows = read_examples(write(tmp_path, "a.csv", text), language="en")
    assert [row.example for row in rows] == [
        Example("=A1", "12", "en", history=(("u", "a"),), extra={"Note": "3"}),
        Example("b", None, "en"),
    ]


def test_workbook(tmp_path: Path) -> None:
    import datetime

    import openpyxl

    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    day = datetime.date(2024, 5, 6)
    for cells in (["Instruction", "Response", "Note"], [], ["a", 42, day], ["b", 1.5, True]):
        sheet.append(cells)
    sheet.append(["c_x000D_", 7.0])
    book.save(tmp_path / "a.xlsx")
    rows = read_examples(tmp_path / "a.xlsx")
    assert [row.line for row in rows] == [3, 4, 5]
    assert [row.example for row in rows] == [
        Example("a", "42", extra={"Note": "2024-05-06 00:00:00"}),
        Example("b", "1.5", extra={"Note": "TRUE"}),
        Example("c\r", "7"),
    ]


def test_parquet_with_typed_columns(tmp_path: Path) -> None:
    import datetime

    import pyarrow
    import pyarrow.parquet

    turns = [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]
    table = {"messages": [turns, turns[:1]], "score": [float("nan"), 0.5], "n": [1, None]}
    table["day"] = [datetime.date(2024, 5, 6), None]
    pyarrow.parquet.write_table(pyarrow.table(table), tmp_path / "a.parquet")
    rows = read_examples(tmp_path / "a.parquet", language="en")
    assert rows == [
        (Example("a", "b", "en", extra={"n": 1, "day": "2024-05-06"}), rows[0].path, 1),
        (Example("a", None, "en", extra={"score": 0.5}), rows[0].path, 2),
    ]


def test_parquet_with_bytes_is_refused(tmp_path: Path) -> None:
    import pyarrow
    import pyarrow.parquet

    table = pyarrow.table({"prompt": ["a"], "image": [b"\x00"]})
    pyarrow.parquet.write_table(table, tmp_path / "a.parquet")
    with pytest.raises(DataError) as caught:
        read_examples(tmp_path / "a.parquet")
    message = "1, image: holds values of type bytes, not text; remove the column"
    assert str(caught.value) == f"{tmp_path}/a.parquet:{message}"


def test_folder_reads_files_of_the_split(tmp_path: Path) -> None:
    for name in ("train-0.jsonl", "test.jsonl", "sub/more.jsonl", ".hidden.jsonl"):
        write(tmp_path, name, json.dumps({"prompt": name}))
    write(tmp_path, "README.md", "no data")
    assert [r.example.instruction for r in read_examples(tmp_path)] == [
        *("sub/more.jsonl", "train-0.jsonl")
    ]
    assert len(read_examples(tmp_path, split="test")) == 2


def test_folder_without_the_split(tmp_path: Path) -> None:
    write(tmp_path, "test.jsonl", json.dumps(ROW))
    with pytest.raises(DataError, match="holds no file of the split 'train'; name another split"):
        read_examples(tmp_path)


def test_files_of_a_folder_may_differ_in_shape(tmp_path: Path) -> None:
    write(tmp_path, "a.jsonl", json.dumps(ROW))
    write(tmp_path, "b.jsonl", json.dumps({"prompt": "x", "completion": "y"}))
    assert len(read_examples(tmp_path)) == 2


@pytest.fixture
def datasets(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    return pytest.importorskip("datasets")


def test_folder_saved_by_datasets(tmp_path: Path, datasets: Any) -> None:
    data = datasets.Dataset.from_list([{**ROW, "n": 1}, {"instruction": "b", "response": None}])
    data.save_to_disk(str(tmp_path / "one"))
    datasets.DatasetDict(test=data).save_to_disk(str(tmp_path / "two"))
    expected = [Example("Hi", "Hello", extra={"n": 1}), Example("b")]
    assert [r.example for r in read_examples(tmp_path / "one")] == expected
    assert [r.example for r in read_examples(tmp_path / "two", split="test")] == expected
    with pytest.raises(DataError, match="has no split 'train'; use one of test"):
        read_examples(tmp_path / "two")


def test_hub_data_set(monkeypatch: pytest.MonkeyPatch, datasets: Any) -> None:
    asked: list[Any] = []

    def load(name: str, config: str | None, **options: object) -> Any:
        asked.append((name, config, options))
        return datasets.Dataset.from_list([ROW])

    monkeypatch.setattr(datasets, "load_dataset", load)
    assert read_examples("org/name:es", split="dev") == [(Example("Hi", "Hello"), "org/name:es", 1)]
    assert asked == [("org/name", "es", {"split": "dev"})]


def test_hub_data_set_that_cannot_be_had(monkeypatch: pytest.MonkeyPatch, datasets: Any) -> None:
    def load(*_: object, **__: object) -> Any:
        raise datasets.exceptions.DatasetNotFoundError("Not there.\nReally.")

    monkeypatch.setattr(datasets, "load_dataset", load)
    with pytest.raises(DataError) as caught:
        read_examples("org/name")
    assert str(caught.value) == (
        "org/name: is neither a file nor a data set that can be loaded (Not there.); check the "
        "name, the split 'train', the configuration (org/name:config) and the network"
    )


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        (
            "a.jsonl",
            '{"instruction": "a", "response": "b"}\n{"messages": []}',
            "a.jsonl:2: has the shape messages, but line 1 has the shape pinchtune; "
            "split the file by shape, or say which one to read with --format",
        ),
        (
            "a.jsonl",
            '{"a": 1}',
            f"a.jsonl:1: has columns of no known shape (found: a); rename "
            f"them to one of: {SHAPES_HINT}sharegpt (conversations), prompt-completion (prompt, "
            "completion or question, answer)",
        ),
        (
            "a.jsonl",
            '{"prompt": 1}',
            "a.jsonl:1, prompt: is a number where text was expected; put it in quotes",
        ),
        (
            "a.jsonl",
            "{",
            "a.jsonl:1: is not valid JSON (Expecting property name enclosed in "
            "double quotes); correct or remove the line",
        ),
        ("a.jsonl", "", "a.jsonl: holds no rows; check that this is the right file"),
        ("a.csv", "", "a.csv: holds no rows; check that this is the right file"),
        ("a.csv", "prompt\n", "a.csv: holds no rows; check that this is the right file"),
        (
            "a.csv",
            'prompt\n"a" b',
            "a.csv:2: is not valid CSV (',' expected after '\"'); export the table again",
        ),
        (
            "a.csv",
            "prompt\na,b",
            "a.csv:2: has a cell in column 2, which has no name; name it in row 1",
        ),
        (
            "a.csv",
            "prompt,Prompt\na,b",
            "a.csv:1, header: names the column 'prompt' twice; rename one",
        ),
        (
            "a.csv",
            "instruction,response,history\na,b,hello",
            'a.csv:2, history: is no list in JSON, such as [["Hello", "Hi!"]]; correct it',
        ),
        (
            "a.csv",
            b"prompt\n\xe9",
            "a.csv: is not UTF-8 (byte 7); save the file as UTF-8 and try again",
        ),
        ("a.json", "3", "a.json: holds a number; expected a list of rows [{…}]"),
        (
            "a.json",
            '[\n{"prompt": "a"},\n2]',
            "a.json:3: holds a number where an object {…} was expected; correct or remove it",
        ),
        (
            "a.json",
            '[{"prompt": "a"}]\n[1]',
            "a.json:2: goes on after the end of the list; remove the rest of the file",
        ),
        (
            "a.json",
            '{"a": [1], "b": [2]}',
            "a.json: is an object with 2 lists; expected one list of rows [{…}]",
        ),
        (
            "a.json",
            '[\n{"prompt" 1}]',
            "a.json:2: is not valid JSON (Expecting ':' delimiter); correct or remove the line",
        ),
        (
            "a.json",
            "[" * 100_000,
            "a.json:1: is not valid JSON (nested too deeply); correct or remove the line",
        ),
        ("a.xlsx", "prompt", "a.xlsx: is no .xlsx workbook; save it again as .xlsx"),
        ("a.parquet", "prompt", "a.parquet: is no parquet file; export it again"),
        ("a.jsonl.gz", "prompt", "a.jsonl.gz: is not a whole gzip file; pack it again"),
        (
            "a.csv.gz",
            gzip.compress(b"prompt\na", mtime=0)[:-9],
            "a.csv.gz: is not a whole gzip file; pack it again",
        ),
        (
            "a.txt",
            "a",
            "a.txt: has no suffix that tells its format; save it as one of .jsonl "
            ".ndjson .json .csv .tsv .xlsx .parquet",
        ),
        (
            "a.xlsx.gz",
            "a",
            "a.xlsx.gz: has no suffix that tells its format; save it as one of "
            ".jsonl .ndjson .json .csv .tsv .xlsx .parquet",
        ),
    ],
)
def test_says_what_is_wrong_and_where(
    tmp_path: Path, name: str, data: str | bytes, message: str
) -> None:
    path = write(tmp_path, name, data)
    with pytest.raises(DataError) as caught:
        read_examples(path)
    assert str(caught.value) == f"{tmp_path}/{message}"


def test_a_file_that_is_not_there() -> None:
    with pytest.raises(DataError, match=r"^data/none\.jsonl: does not exist; check the name$"):
        read_examples("data/none.jsonl")


def test_unknown_options() -> None:
    with pytest.raises(UsageError, match="unknown format 'chatml'; use one of: auto pinchtune"):
        read_examples("a.jsonl", format="chatml")
    with pytest.raises(UsageError, match="unknown language 'xx'"):
        read_examples("a.jsonl", language="xx")


def test_a_forced_format(tmp_path: Path) -> None:
    rows = '{"instruction": "a", "output": "b", "response": "c"}\n{"instruction": "d"}'
    path = write(tmp_path, "a.jsonl", rows)
    assert [r.example for r in read_examples(path, format="alpaca")] == [
        Example("a", "b", extra={"source_response": "c"}),
        Example("d"),
    ]


def test_declared_language_goes_before_the_option(tmp_path: Path) -> None:
    rows = '{"prompt": "a", "lang": "fi"}\n{"prompt": "b", "lang": ""}'
    found = read_examples(write(tmp_path, "a.jsonl", rows), language="et-EE")
    assert [r.example.language for r in found] == ["fi", "et"]


def test_missing_library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "openpyxl", None)
    with pytest.raises(MissingExtra, match=r"openpyxl is not installed; .*'pinchtune\[data\]'"):
        read_examples(write(tmp_path, "a.xlsx", b""))


def test_languages_are_identified(tmp_path: Path) -> None:
    from dataclasses import replace

    rows = read_examples(STARTER / "pinch")
    assert len(rows) > 100
    candidates = sorted({row.example.language for row in rows})
    bare = [row._replace(example=replace(row.example, language="")) for row in rows]
    assert identify_languages(bare, candidates) == rows


def test_what_is_declared_or_cannot_be_told_stays() -> None:
    rows = [Located(Example("Hello there", None, "fi"), "a", 1), Located(Example("123"), "a", 2)]
    assert identify_languages(rows, ["en", "es"]) == rows
