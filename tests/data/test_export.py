"""What is exported comes back exactly, or the export says what it cannot hold."""

from __future__ import annotations

import gzip
import json
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pinchtune.data.export import MAX_CELL, write_examples
from pinchtune.data.formats import read_examples
from pinchtune.data.shapes import FIELDS, SHAPES
from pinchtune.errors import DataError, UsageError
from pinchtune.records import STATUSES, Example

KINDS = ("jsonl", "json", "csv", "tsv", "xlsx", "parquet", "jsonl.gz", "json.gz", "csv.gz")
SAMPLES: tuple[str, ...] = (
    "=1+1",
    "-",
    "'@",
    "﷽ مرحبا، كيف",
    "שָׁלוֹם",
    "日本語、テスト。",
    "é\u0301",
    "👩🏽‍🚒",
    "a\r\nb",
    "\n",
)
SAMPLES += (
    '"q",;\t',
    "\u2028",
    "[]",
    '[{"role": "user", "content": "x"}]',
    '[{"a": 1}]',
    "{}",
    "null",
    "_x000D_",
    "\ufeff",
    " a ",
)

TEXT = st.one_of(
    st.sampled_from(SAMPLES),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=12),
    st.lists(st.sampled_from(SAMPLES), max_size=3).map("".join),
)
NAMES = st.one_of(
    st.sampled_from(["note", "Input", "extra", " prompt ", "messages", "=x", "source_id"]),
    st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=5),
).filter(lambda name: name not in (*FIELDS, "lang", "context"))
VALUES = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.floats(allow_nan=False, allow_infinity=False),
        TEXT,
    ),
    lambda inner: st.one_of(st.lists(inner, max_size=2), st.dictionaries(TEXT, inner, max_size=2)),
    max_leaves=4,
)
EXAMPLES = st.builds(
    Example,
    instruction=TEXT.filter(bool),
    response=st.one_of(st.none(), TEXT.filter(bool)),
    language=st.sampled_from(["", "en", "ja", "ar", "he", "zh"]),
    input=st.one_of(st.just(""), TEXT),
    system=st.one_of(st.just(""), TEXT),
    history=st.lists(st.tuples(TEXT, TEXT), max_size=2).map(tuple),
    source=TEXT,
    author=TEXT,
    status=st.sampled_from(STATUSES),
    parallel_id=TEXT,
    extra=st.dictionaries(NAMES, VALUES, max_size=3),
)


def round_trip(examples: list[Example], kind: str, shape: str) -> list[Example]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"a.{kind}"
        assert write_examples(path, examples, shape) == len(examples)
        return [row.example for row in read_examples(path)]


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_what_is_written_comes_back(kind: str, data: st.DataObject) -> None:
    """Any example comes back from any file in any shape, or is refused before it is written."""
    shape = data.draw(st.sampled_from(SHAPES))
    examples = data.draw(st.lists(EXAMPLES, min_size=1, max_size=4))
    try:
        back = round_trip(examples, kind, shape)
    except DataError as error:
        assert "cannot hold" in str(error) or "has the name of a column of ours" in str(error)
        # Only a column that means something else in the shape may be refused.
        names = {name for example in examples for name in example.extra}
        assert "messages" in names or _talks_in_cells(examples, shape)
        return
    assert back == examples


def _talks_in_cells(examples: list[Example], shape: str) -> bool:
    """A text that is itself a list of turns cannot be told from one in a cell."""
    texts = [text for e in examples for text in (e.prompt, e.response or "")]
    return shape == "prompt-completion" and any("role" in text for text in texts)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("kind", KINDS)
def test_every_field_survives_everywhere(kind: str, shape: str) -> None:
    full = Example(
        *("要約して", "=SUM(A1)\r\nend", "ja", "- a\n- b", "簡潔に", (("u", "a"), ("+v", "'b"))),
        *("web", "CC0", "sales", "Ada", "submitted", "p-1"),
        extra={"note": "x", "n": 3, "Input": "y", "empty": "", "deep": {"a": [None, 1.5]}},
    )
    examples = [full, Example("Hi", "x", "en"), Example("?", None, extra={"late": "z"})]
    assert round_trip(examples, kind, shape) == examples


@pytest.mark.parametrize("kind", KINDS)
def test_an_imported_id_survives_a_second_trip(kind: str, tmp_path: Path) -> None:
    source = tmp_path / "foreign.jsonl"
    source.write_text('{"id": 7, "instruction": "a", "response": "b", "meta": {"x": 1}}')
    first = [row.example for row in read_examples(source)]
    assert first == [Example("a", "b", extra={"source_id": 7, "meta": {"x": 1}})]
    assert round_trip(first, kind, "auto") == first


def test_cells_are_defused_in_the_file(tmp_path: Path) -> None:
    write_examples(tmp_path / "a.csv", [Example("=1+1", "@x", extra={"-n": "+y"})], "alpaca")
    text = (tmp_path / "a.csv").read_bytes().decode("utf-8-sig")
    assert text == "instruction,input,output,'-n\r\n'=1+1,,'@x,'+y\r\n"


def test_xlsx_holds_no_formula(tmp_path: Path) -> None:
    import openpyxl

    write_examples(tmp_path / "a.xlsx", [Example("=1+1", "x")], "alpaca")
    sheet = openpyxl.load_workbook(tmp_path / "a.xlsx").worksheets[0]
    cell = sheet["A2"]
    assert (cell.value, cell.data_type) == ("'=1+1", "s")


def test_the_same_examples_give_the_same_bytes(tmp_path: Path) -> None:
    write_examples(tmp_path / "a.jsonl.gz", [Example("a", "b")])
    # Bytes 4 to 7 of a gzip file are the time at which it was made.
    assert (tmp_path / "a.jsonl.gz").read_bytes()[4:8] == bytes(4)
    row = json.loads(gzip.decompress((tmp_path / "a.jsonl.gz").read_bytes()))
    assert row == Example("a", "b").to_row()


def test_datasets_reads_every_shape(tmp_path: Path) -> None:
    """Prompts are all text or all lists, or `datasets` could not load the file."""
    examples = [Example("a", "b", "en"), Example("c", None, "en", system="s")]
    write_examples(tmp_path / "a.jsonl", examples, "prompt-completion")
    rows = [json.loads(line) for line in (tmp_path / "a.jsonl").read_text().splitlines()]
    assert [type(row["prompt"]) for row in rows] == [list, list]


@pytest.mark.parametrize(
    ("name", "shape", "example", "message"),
    [
        (
            *("a.csv", "auto", Example("a", "")),
            "response: example 1 ({id}): a .csv file of the shape pinchtune cannot hold its "
            "response; change it or export as .jsonl",
        ),
        (
            *("a.jsonl", "alpaca", Example("a", "b", extra={"output": 1})),
            "extra: example 1 ({id}): its extra column 'output' has the name of a column of ours; "
            "rename it",
        ),
        (
            *("a.jsonl", "auto", Example("a", "b", extra={"author": "x"})),
            "extra: example 1 ({id}): its extra column 'author' has the name of a column of ours; "
            "rename it",
        ),
        (
            *("a.jsonl", "auto", Example("a", "b", extra={"lang": "en"})),
            "extra: example 1 ({id}): a .jsonl file of the shape pinchtune cannot hold the extra "
            "column 'lang'; rename it",
        ),
        (
            *("a.parquet", "auto", Example("a", "b\ud800")),
            "example 1 ({id}): holds half a character (an unpaired surrogate); correct the text",
        ),
        (
            *("a.jsonl", "auto", Example("a", "b", extra={"x": float("nan")})),
            "example 1 ({id}): cannot be written as JSON (out of range float values",
        ),
        (
            *("a.xlsx", "auto", Example("a", "b" * (MAX_CELL + 1))),
            "response: example 1 ({id}): is longer than 32767 characters, all that a cell holds; "
            "export as .jsonl",
        ),
        (
            *("a.csv", "alpaca", Example("", None)),
            "example 1 ({id}): is empty, and an empty row of a table is no row; remove it",
        ),
        (
            *("a.jsonl", "auto", Example("a", "b", "xx")),
            "language: example 1 ({id}): unknown language 'xx'; use one of: ",
        ),
    ],
)
def test_refuses_what_cannot_be_held(
    tmp_path: Path, name: str, shape: str, example: Example, message: str
) -> None:
    path = tmp_path / name
    path.write_text("as it was")
    with pytest.raises(DataError) as caught:
        write_examples(path, [example], shape)
    separator = ", " if message.split(":")[0].isalpha() else ": "
    expected = f"{path}{separator}{message.format(id=example.id)}"
    assert str(caught.value)[: len(expected)] == expected
    assert path.read_text() == "as it was"


@pytest.mark.parametrize("name", ["a.txt", "a", "a.xlsx.gz", "a.gz"])
def test_unknown_suffix(tmp_path: Path, name: str) -> None:
    with pytest.raises(DataError, match=r"has no suffix of a known file; use one of \.jsonl "):
        write_examples(tmp_path / name, [Example("a", "b")])


def test_unknown_shape(tmp_path: Path) -> None:
    options: dict[str, Any] = {"format": "chatml"}
    with pytest.raises(UsageError, match="unknown format 'chatml'; use one of: auto pinchtune"):
        write_examples(tmp_path / "a.jsonl", [], **options)
