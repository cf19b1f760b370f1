from __future__ import annotations

import gzip
import json
import mailbox
from email.message import EmailMessage
from pathlib import Path

import pytest

from pinchtune.errors import DataError
from pinchtune.mining.logs import Enquiry, read_enquiries


def texts(path: Path) -> list[tuple[str, str]]:
    return [(e.text, e.answer) for e in read_enquiries(path)]


def write(path: Path, *rows: object) -> Path:
    path.write_text("".join(json.dumps(r, ensure_ascii=False) + "\n" for r in rows), "utf-8")
    return path


def test_plain_text_and_gz(tmp_path: Path):
    path = tmp_path / "log.txt.gz"
    path.write_bytes(gzip.compress("ひとつ\nзва\n".encode()))
    assert texts(path) == [("ひとつ", ""), ("зва", "")]


@pytest.mark.parametrize("name", ["log.csv", "log.tsv"])
def test_tables(tmp_path: Path, name: str):
    mark = "," if name.endswith("csv") else "\t"
    path = tmp_path / name
    path.write_text(f"Question{mark}Answer\n¿Dónde?{mark}Aquí\n", "utf-8")
    assert texts(path) == [("¿Dónde?", "Aquí")]


def test_requests_to_a_model(tmp_path: Path):
    turns = [
        {"role": "system", "content": "s"},
        {"role": "user", "content": "one"},
        {"role": "assistant", "content": "1"},
        {"role": "user", "content": [{"type": "text", "text": "two"}]},
    ]
    answer = {"choices": [{"message": {"role": "assistant", "content": "2"}}]}
    expected = [("one", "1"), ("two", "2")]
    rows = [
        {"messages": turns, "choices": answer["choices"]},
        {"request": {"messages": turns}, "response": answer},
        {"request": {"body": {"messages": turns}}, "response": {"body": answer}},
    ]
    assert texts(write(tmp_path / "log.jsonl", *rows)) == expected * 3


def test_two_questions_in_a_row_are_two(tmp_path: Path):
    turns = [{"from": "human", "value": "a"}, {"from": "human", "value": "b"}]
    assert texts(write(tmp_path / "log.jsonl", {"conversations": turns})) == [("a", ""), ("b", "")]


def test_mail(tmp_path: Path):
    box = mailbox.mbox(tmp_path / "log.mbox")
    for body, automatic in (("注文を取り消したい", ""), ("I am away", "auto-replied")):
        message = EmailMessage()
        message["From"] = "a@b.example"
        message.set_content(body)
        if automatic:
            message["Auto-Submitted"] = automatic
        box.add(message)
    (tmp_path / "one.eml").write_bytes(bytes(message))
    box.close()
    found = list(read_enquiries(tmp_path / "log.mbox"))
    assert [(e.text.strip(), e.automatic, e.line) for e in found] == [
        ("注文を取り消したい", False, 1),
        ("I am away", True, 2),
    ]
    assert next(read_enquiries(tmp_path / "one.eml")).automatic


def test_a_mail_in_an_unknown_encoding_is_no_end(tmp_path: Path):
    path = tmp_path / "one.eml"
    path.write_bytes(b"Content-Type: text/plain; charset=klingon\n\nabc\xff\n")
    assert isinstance(next(read_enquiries(path)), Enquiry)


def test_what_cannot_be_read_is_named(tmp_path: Path):
    with pytest.raises(DataError, match=r"a\.jsonl:1: .*name it `text`"):
        texts(write(tmp_path / "a.jsonl", {"foo": 1}))
    (tmp_path / "b.docx").write_text("x")
    with pytest.raises(DataError, match=r"\.mbox"):
        texts(tmp_path / "b.docx")
