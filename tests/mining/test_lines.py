"""Text files in any encoding: read, or told and passed over."""

from __future__ import annotations

import gzip
import json
import os
import tracemalloc
from pathlib import Path

import pytest

from pinchtune.errors import DataError
from pinchtune.mining.enquiries import Columns, Enquiry, Unread
from pinchtune.mining.readers import KEPT, find_logs, read_log

TABLE = "question,answer\nWo ist mein Päckchen für München?,Grüße\n"


def read(path: Path, columns: Columns | None = None) -> list[Enquiry | Unread]:
    return list(read_log(path, columns or Columns()))


def write(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig"])
@pytest.mark.parametrize("kind", ["csv", "tsv", "txt", "jsonl"])
def test_a_byte_order_mark_tells_the_encoding(tmp_path: Path, kind: str, encoding: str):
    text = {
        "csv": "question,answer\n注文は?,はい\n",
        "tsv": "question\tanswer\n注文は?\tはい\n",
        "txt": "注文は?\n",
        "jsonl": '{"text": "注文は?"}\n',
    }[kind]
    (item,) = read(write(tmp_path / f"log.{kind}", text.encode(encoding)))
    assert item.text == "注文は?"


def test_what_is_no_utf8_is_told(tmp_path: Path):
    path = write(tmp_path / "a.csv", f"{TABLE}Where?,Here\n".encode("latin-1"))
    bad, good = read(path)
    assert bad.sentence.endswith(
        "a.csv:2: is not UTF-8 (byte 13); save the file as UTF-8 (a table as CSV UTF-8) "
        "and try again"
    )
    assert good.text == "Where?"
    write(path, "文章,質問\n1,注文をキャンセルしたい①です\n".encode("cp932"))
    with pytest.raises(DataError, match=r"a\.csv:1: is not UTF-8"):
        read(path)


@pytest.mark.parametrize("kind", ["csv", "txt", "jsonl"])
def test_bytes_that_are_no_text_are_refused(tmp_path: Path, kind: str):
    data = "question\nWhere is it?\n".encode("utf-16-le")
    with pytest.raises(DataError, match="binary data"):
        read(write(tmp_path / f"log.{kind}", data))
    with pytest.raises(DataError, match="no whole UTF-16"):
        read(write(tmp_path / f"log.{kind}", b"\xff\xfe\x00"))


def test_names_of_files_and_keys_can_be_anything(tmp_path: Path):
    name = os.fsencode(tmp_path) + b"/r\xe9clamations.jsonl"
    with open(name, "wb") as file:
        file.write(b'{"\\ud800": 1, "b": 2}\n{"text": "Where?"}\n')
    unread, asked = read(find_logs([tmp_path])[0])
    json.dumps([unread.sentence, asked.source], ensure_ascii=False).encode()
    assert "r\ufffdclamations" in asked.source and "found: \ufffd, b" in unread.sentence
    with open(name, "wb") as file:
        file.write(b'{"\\ud800": 1, "b": 2}\n')
    with pytest.raises(DataError) as caught:
        read(find_logs([tmp_path])[0])
    str(caught.value).encode()


def test_hidden_files_are_no_logs(tmp_path: Path):
    for name in ("a.txt", ".b.txt", "~$c.xlsx", ".cache/d.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        write(tmp_path / name, b"x")
    assert find_logs([tmp_path]) == [tmp_path / "a.txt"]


def test_a_line_without_end_does_not_fill_the_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("pinchtune.mining.lines.LONGEST_LINE", 2**16)
    path = tmp_path / "log.csv.gz"
    path.write_bytes(gzip.compress(b"question\n" + b"a" * 2**24 + b"\nWhere?\n"))
    tracemalloc.start()
    bad, good = read(path)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert "log.csv.gz:2: is longer than" in bad.sentence and good.text == "Where?"
    assert most < 2**21


def test_long_texts_are_cut_when_they_are_read(tmp_path: Path):
    row = json.dumps({"text": "a " * KEPT, "answer": "b " * KEPT})
    (item,) = read(write(tmp_path / "log.jsonl", row.encode()))
    assert len(item.text) == len(item.answer) == KEPT
