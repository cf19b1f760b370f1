from __future__ import annotations

import csv
import gzip
import json
import mailbox
import tracemalloc
from email.message import EmailMessage
from pathlib import Path

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard

from pinchtune.errors import DataError
from pinchtune.mining.enquiries import Columns, Enquiry, Unread
from pinchtune.mining.readers import find_logs, read_log

ROWS = [("¿Dónde está?", "Aquí"), ("注文を\n取り消す", "はい")]


def found(path: Path, columns: Columns | None = None) -> list[tuple[str, str | None]]:
    items = read_log(path, columns or Columns())
    return [(e.text, e.answer) for e in items if isinstance(e, Enquiry)]


def unread(path: Path) -> list[str]:
    return [u.sentence for u in read_log(path) if isinstance(u, Unread)]


def write(path: Path, *rows: object) -> Path:
    path.write_text("".join(json.dumps(r, ensure_ascii=False) + "\n" for r in rows), "utf-8")
    return path


def make(path: Path) -> None:
    kind = path.suffix
    if kind in (".csv", ".tsv"):
        with path.open("w", encoding="utf-8", newline="") as file:
            rows = csv.writer(file, delimiter="\t" if kind == ".tsv" else ",")
            rows.writerows([("Question", "Answer"), *ROWS])
    elif kind == ".xlsx":
        book = openpyxl.Workbook()
        for row in [("Question", "Answer"), *ROWS]:
            book.active.append(row)
        book.save(path)
    elif kind == ".parquet":
        pq.write_table(
            pa.table({"question": [r[0] for r in ROWS], "answer": ["Aquí", "はい"]}), path
        )
    else:
        rows = [{"question": q, "answer": a} for q, a in ROWS]
        path.write_text(json.dumps(rows) if kind == ".json" else "\n".join(map(json.dumps, rows)))


@pytest.mark.parametrize("kind", ["csv", "tsv", "xlsx", "parquet", "json", "jsonl"])
def test_every_kind_of_table(tmp_path: Path, kind: str):
    path = tmp_path / f"log.{kind}"
    make(path)
    assert found(path) == ROWS


@pytest.mark.parametrize("kind", ["csv", "json", "jsonl"])
@pytest.mark.parametrize(
    ("suffix", "pack"), [(".gz", gzip.compress), (".zst", zstandard.ZstdCompressor().compress)]
)
def test_packed(tmp_path: Path, kind: str, suffix: str, pack):
    plain = tmp_path / f"log.{kind}"
    make(plain)
    packed = tmp_path / f"log.{kind}{suffix}"
    packed.write_bytes(pack(plain.read_bytes()))
    assert found(packed) == ROWS


def test_zstd_frames_one_after_the_other(tmp_path: Path):
    path = tmp_path / "log.txt.zst"
    pack = zstandard.ZstdCompressor().compress
    path.write_bytes(pack("ひとつ\n".encode()) + pack("два\n".encode()))
    assert found(path) == [("ひとつ", None), ("два", None)]


@pytest.mark.parametrize("suffix", ["gz", "zst"])
def test_a_packed_file_that_breaks_off_is_read_so_far(tmp_path: Path, suffix: str):
    path = tmp_path / f"log.txt.{suffix}"
    text = b"".join(b"line number %d of many\n" % n for n in range(90_000))
    pack = gzip.compress if suffix == "gz" else zstandard.ZstdCompressor().compress
    path.write_bytes(pack(text)[:-2000])
    assert len(found(path)) > 1000
    assert [s for s in unread(path) if "not a whole" in s]
    path.write_bytes(b"this is not packed")
    with pytest.raises(DataError, match="not a whole"):
        found(path)


def test_requests_to_a_model(tmp_path: Path):
    turns = [
        {"role": "system", "content": "s"},
        {"role": "user", "content": "one"},
        {"role": "assistant", "content": "1"},
        {"role": "user", "content": [{"type": "text", "text": "two"}, {"type": "image_url"}]},
    ]
    answer = {"choices": [{"message": {"role": "assistant", "content": "2"}}]}
    rows = [
        {"messages": turns, "choices": answer["choices"]},
        {"request": {"messages": turns}, "response": answer},
        {"request": {"body": {"messages": turns}}, "response": {"body": answer}},
        {"body": {"messages": turns}, "response": {"body": answer}},
    ]
    # Each request repeats the talk so far: only its last question is new.
    assert found(write(tmp_path / "log.jsonl", *rows)) == [("two", "2")] * 4


def test_of_a_mere_talk_every_question_counts(tmp_path: Path):
    turns = [{"from": "human", "value": "a"}, {"from": "human", "value": "b"}]
    turns += [{"from": "gpt", "value": "B"}]
    path = write(tmp_path / "log.jsonl", {"conversations": turns})
    assert found(path) == [("a", None), ("b", "B")]


def test_columns_by_name(tmp_path: Path):
    path = write(tmp_path / "log.jsonl", {"Anliegen": "Wo?", "Lösung": "Da", "text": "x"})
    assert found(path, Columns("anliegen", "lösung")) == [("Wo?", "Da")]
    assert found(path) == [("x", None)]


def test_bad_rows_are_told_and_passed_over(tmp_path: Path):
    path = tmp_path / "log.jsonl"
    lines = [b'{"text": "a"}', b"{broken", b"[1]", b'{"text": 5}', b'{"text": "\xff"}']
    path.write_bytes(b"\n".join([*lines, b'{"foo": 1, "bar": 2}', b'"plain"']))
    assert found(path) == [("a", None), ("plain", None)]
    said = unread(path)
    assert [s.split(":")[1].split(",")[0] for s in said] == ["2", "3", "4", "5", "6"]
    assert "not valid JSON" in said[0] and "UTF-8" in said[3] and "mine.question" in said[4]


def test_a_file_of_which_nothing_can_be_read_is_an_error(tmp_path: Path):
    path = write(tmp_path / "log.jsonl", {"foo": 1, "bar": 2}, {"foo": 1, "bar": 2})
    with pytest.raises(DataError, match=r"no row of the file .*log\.jsonl:1.*mine\.question"):
        found(path)
    (tmp_path / "b.docx").write_text("x")
    with pytest.raises(DataError, match=r"\.mbox"):
        find_logs([tmp_path / "b.docx"])
    with pytest.raises(DataError, match="does not exist"):
        find_logs([tmp_path / "nowhere.csv"])


def mail(body: str, **headers: str) -> EmailMessage:
    message = EmailMessage()
    message["From"] = "a@b.example"
    for name, value in headers.items():
        message[name.replace("_", "-")] = value
    message.set_content(body)
    return message


def test_mail(tmp_path: Path):
    mails = [
        mail("注文を取り消したい\n>From here"),
        mail("I am away", Auto_Submitted="auto-replied"),
        mail("News", Precedence="bulk"),
        mail("Ich bin fort", Subject="Automatische Antwort: Frage"),
    ]
    page = EmailMessage()
    page.set_content("<p>Wo &amp; wann?</p><blockquote>alt</blockquote>", subtype="html")
    box = mailbox.mbox(tmp_path / "log.mbox")
    for message in [*mails, page]:
        box.add(message)
    box.close()
    items = [e for e in read_log(tmp_path / "log.mbox") if isinstance(e, Enquiry)]
    assert [e.automatic for e in items] == [False, True, True, True, False]
    assert items[0].text.startswith("注文を取り消したい") and items[4].text.strip() == "Wo & wann?"
    lines = (tmp_path / "log.mbox").read_bytes().split(b"\n")
    assert all(lines[e.line - 1].startswith(b"From ") for e in items)
    (tmp_path / "one.eml").write_bytes(bytes(mails[1]))
    assert next(read_log(tmp_path / "one.eml")).automatic


def test_a_mail_in_an_unknown_encoding_is_no_end(tmp_path: Path):
    path = tmp_path / "one.eml"
    path.write_bytes(b"Content-Type: text/plain; charset=klingon\n\nabc\xff\n")
    assert found(path) == [("abcÿ\n", None)]


def test_a_long_table_is_not_held(tmp_path: Path):
    path = tmp_path / "log.csv"
    path.write_text("text\n" + "where is my order?\n" * 200_000, "utf-8")
    tracemalloc.start()
    assert sum(1 for _ in read_log(path)) == 200_000
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < path.stat().st_size / 2
