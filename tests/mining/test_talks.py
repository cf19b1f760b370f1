"""Chat logs and requests to a model, as programs write them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pinchtune.mining.enquiries import Columns, Enquiry, Unread, read_row
from pinchtune.mining.readers import read_log

ASKED = [("Q", "A")]
CHOICES = [{"message": {"role": "assistant", "content": "A"}}]
OUTPUT = [{"type": "reasoning"}, {"content": [{"type": "output_text", "text": "A"}]}]


def turns(user: str = "user", agent: str = "assistant", who: str = "role", said: str = "content"):
    return [{who: user, said: "Q"}, {who: agent, said: "A"}]


@pytest.mark.parametrize(
    "row",
    [
        {"messages": turns("customer", "agent")},
        {"messages": turns("Client", "bot")},
        {"messages": turns("User", "Assistant")},
        {"messages": turns(who="sender", said="text")},
        {"messages": json.dumps(turns()), "text": ""},
        {"request": json.dumps({"messages": turns()[:1]}), "response": {"choices": CHOICES}},
        {"request": {"model": "x", "input": "Q"}, "response": {"output": OUTPUT}},
        {"model": "x", "input": "Q", "output": OUTPUT},
        {"model": "x", "input": turns()[:1], "output": OUTPUT},
        {"request": {"prompt": "Q"}, "response": {"choices": [{"text": "A"}]}},
        {"prompt": "Q", "choices": [{"text": "A"}]},
        {"prompt": turns()[:1], "completion": turns()[1:]},
        {"instruction": "Q", "input": "", "output": "A"},
    ],
)
def test_forms_of_a_talk(row: dict[str, object]):
    assert list(read_row(row)) == ASKED


def test_the_answer_after_a_tool_call():
    called = {"role": "assistant", "content": None, "tool_calls": [{}]}
    row = [turns()[0], called, {"role": "tool", "content": "x"}, turns()[1], turns()[0]]
    assert list(read_row({"messages": row})) == [("Q", "A"), ("Q", None)]


def test_a_named_question_comes_before_a_talk():
    row = {"messages": turns(), "note": "N"}
    assert list(read_row(row, Columns("note"))) == [("N", None)]


def found(path: Path, value: object) -> list[Enquiry | Unread]:
    path.write_text(value if isinstance(value, str) else json.dumps(value), "utf-8")
    return list(read_log(path))


def test_a_bad_row_of_a_list_is_passed_over(tmp_path: Path):
    items = found(
        tmp_path / "a.json", '[{"text": "a"},\nnull, "b",\n{"foo": 1, "bar": 2},\n{"text": "c"}]'
    )
    assert [item.text for item in items if isinstance(item, Enquiry)] == ["a", "b", "c"]
    assert [i.sentence.split(": ")[0][-1] for i in items if isinstance(i, Unread)] == ["2", "3"]


@pytest.mark.parametrize("bad", ["null", "{broken", "[1]"])
def test_json_lines_under_another_name(tmp_path: Path, bad: str):
    for lines in (['{"text": "a"}', bad, '{"text": "b"}'], [bad, '{"text": "a"}', '{"text": "b"}']):
        if bad == lines[0] == "[1]" or bad == lines[0] == "null":
            continue
        items = found(tmp_path / "a.json", "\n".join(lines))
        assert [item.text for item in items if isinstance(item, Enquiry)] == ["a", "b"]
        assert len(items) == 3


@pytest.mark.parametrize(
    ("value", "asked"),
    [
        ({"text": "Q"}, [("Q", None)]),
        ({"messages": turns()[:1], "choices": CHOICES}, ASKED),
        ({"request": {"messages": turns()[:1]}, "response": {"choices": CHOICES}}, ASKED),
        ({"description": "my export", "rows": [{"question": "Q", "answer": "A"}]}, ASKED),
        ({"conversations": [{"messages": turns()}]}, ASKED),
    ],
)
def test_an_object_is_a_row_or_holds_rows(tmp_path: Path, value: object, asked: object):
    assert [(item.text, item.answer) for item in found(tmp_path / "a.json", value)] == asked
