"""Rows of every shape become the same example, and what is wrong is said with the fix."""

from __future__ import annotations

from typing import Any

import pytest

from pinchtune.data.shapes import SHAPES, recognise_shape, to_example, to_row
from pinchtune.errors import DataError
from pinchtune.records import Example

TALK = Example("And Rome?", "Italy.", "en", system="Be brief.", history=(("Paris?", "France."),))
TURNS = [
    {"role": "system", "content": "Be brief."},
    {"role": "user", "content": "Paris?"},
    {"role": "assistant", "content": "France."},
    {"role": "user", "content": "And Rome?"},
    {"role": "assistant", "content": "Italy."},
]
CONVERSATIONS = [
    {"from": "system", "value": "Be brief."},
    {"from": "human", "value": "Paris?"},
    {"from": "gpt", "value": "France."},
    {"from": "human", "value": "And Rome?"},
    {"from": "gpt", "value": "Italy."},
]
PARTS = [{"role": "user", "content": [{"type": "text", "text": t} for t in ("And ", "Rome?")]}]

SAME_TALK = [
    {"instruction": "And Rome?", "response": "Italy.", "history": [["Paris?", "France."]]}
    | {"system": "Be brief."},
    {"instruction": "And Rome?", "output": "Italy.", "history": [["Paris?", "France."]]}
    | {"system": "Be brief."},
    {"messages": TURNS},
    {"messages": TURNS[1:], "system": "Be brief."},
    {"conversations": CONVERSATIONS},
    {"conversations": CONVERSATIONS[1:], "system": "Be brief."},
    {"prompt": TURNS[:4], "completion": TURNS[4:]},
    {"prompt": TURNS[:4], "completion": "Italy."},
]


@pytest.mark.parametrize("row", SAME_TALK, ids=lambda row: "+".join(row))
def test_every_shape_says_the_same(row: dict[str, Any]) -> None:
    assert to_example(row, recognise_shape(row), "en") == TALK


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ({"prompt": "Hi", "completion": "Hello"}, Example("Hi", "Hello")),
        ({"question": "Hi", "answer": "Hello"}, Example("Hi", "Hello")),
        ({"prompt": "Hi", "response": "Hello"}, Example("Hi", "Hello")),
        (
            {"question": "Who?", "context": "Ada.", "answer": "A"},
            Example("Who?", "A", input="Ada."),
        ),
        ({"instruction": "Hi", "output": "Hello", "input": ""}, Example("Hi", "Hello")),
        ({"instruction": "Hi", "input": "Bob", "output": None}, Example("Hi", None, input="Bob")),
        ({"instruction": "Hi"}, Example("Hi")),
        ({"prompt": "Hi"}, Example("Hi")),
        ({"messages": TURNS[1:2]}, Example("Paris?")),
        ({"messages": PARTS}, Example("And Rome?")),
        ({"prompt": "Paris?", "completion": TURNS[2:3]}, Example("Paris?", "France.")),
        ({"instruction": "Hi", "response": None, "lang": "JA"}, Example("Hi", None, "ja")),
        (
            {"instruction": "Hi", "response": "x", "language": "pt-BR", "score": 3},
            Example("Hi", "x", "pt", extra={"score": 3, "language_tag": "pt-BR"}),
        ),
        (
            {"instruction": "Hi", "response": "x", "id": 17, "status": "draft"},
            Example("Hi", "x", status="draft", extra={"source_id": 17}),
        ),
        (
            {"messages": TURNS[1:3], "instruction": "?", "input": "else"},
            Example("Paris?", "France.", extra={"source_instruction": "?", "source_input": "else"}),
        ),
        (
            {"messages": [{"role": "user", "content": "Hi", "name": "Bo", "tool_calls": None}]},
            Example("Hi", extra={"turn_columns": [{"name": "Bo"}]}),
        ),
        (
            {"instruction": "Hi", "response": "x", "id": 1, "source_id": 2},
            Example("Hi", "x", extra={"source_id_": 1, "source_id": 2}),
        ),
    ],
)
def test_reads(row: dict[str, Any], expected: Example) -> None:
    assert to_example(row, recognise_shape(row)) == expected


def test_own_id_is_dropped_even_if_the_language_is_added_later() -> None:
    row = Example("Hi", "Hello").to_row()
    assert to_example(row, "pinchtune", "en") == Example("Hi", "Hello", "en")


def test_columns_keep_their_order() -> None:
    row = {"z": 1, "instruction": "Hi", "b": 2, "response": "x", "a": 3}
    assert list(to_example(row, "pinchtune").extra) == ["z", "b", "a"]


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (
            {"text": "a", "label": 1},
            "has columns of no known shape (found: text, label); rename them to one of: "
            "pinchtune (instruction, response), alpaca (instruction, output), messages, "
            "sharegpt (conversations), prompt-completion (prompt, completion or question, answer)",
        ),
        (
            {"instruction": 5, "response": "x"},
            "instruction: is a number where text was expected; put it in quotes",
        ),
        (
            {"instruction": None, "response": "x"},
            "instruction: is null where text was expected; write it as text",
        ),
        (
            {"instruction": "a", "response": ["x"]},
            "response: is a list where text was expected; write it as text",
        ),
        (
            {"instruction": "a", "response": "x", "status": "done"},
            "status: is 'done'; use one of draft, submitted, approved, rejected",
        ),
        (
            {"instruction": "a", "response": "x", "history": [["u"]]},
            "history[0]: has 1 turns; expected [what the user said, what was answered]",
        ),
        (
            {"instruction": "a", "response": "x", "history": "u"},
            "history: is text where a list was expected; correct it",
        ),
        (
            {"messages": TURNS[2:]},
            "messages[0]: is of the assistant where the user was expected; after an optional "
            "system message, user and assistant take turns",
        ),
        (
            {"messages": [*TURNS[:2], TURNS[1]]},
            "messages[2]: is of the user where the assistant was expected; after an optional "
            "system message, user and assistant take turns",
        ),
        (
            {"messages": [TURNS[1], TURNS[0]]},
            "messages[1]: is of the system where the assistant was expected; after an optional "
            "system message, user and assistant take turns",
        ),
        (
            {"messages": TURNS[:1]},
            "messages: has no turn of the user; add one or remove the row",
        ),
        ({"messages": []}, "messages: has no turn of the user; add one or remove the row"),
        (
            {"messages": [{"role": "tool", "content": "x"}]},
            "messages[0]: has the role 'tool'; use system, user or assistant, and leave tools out",
        ),
        (
            {"messages": ["Hi"]},
            "messages[0]: is text where an object was expected; correct it",
        ),
        (
            {"messages": [{"role": "user", "content": [{"type": "image_url"}]}]},
            "messages[0].content: has a part that is image_url; only text can be tuned on, "
            "remove the row",
        ),
        (
            {"messages": [*TURNS[:2], {"role": "assistant", "content": "", "tool_calls": [{}]}]},
            "messages[2]: calls a tool; only text can be tuned on, remove the row",
        ),
        (
            {"messages": TURNS, "system": "Be long."},
            "system: differs from the system message; keep one of the two",
        ),
        (
            {"prompt": TURNS[1:3], "completion": "x"},
            "prompt + completion[2]: is of the assistant where the user was expected; after an "
            "optional system message, user and assistant take turns",
        ),
    ],
)
def test_says_what_is_wrong(row: dict[str, Any], message: str) -> None:
    with pytest.raises(DataError) as caught:
        to_example(row, recognise_shape(row))
    assert str(caught.value) == message


def test_unknown_language_is_an_error() -> None:
    with pytest.raises(DataError, match="language: unknown language 'tlh'; use one of: af am ar"):
        to_example({"instruction": "a", "response": "b", "language": "tlh"}, "pinchtune")


def test_a_shape_that_is_forced_needs_its_column() -> None:
    with pytest.raises(DataError, match="messages: is null where a list was expected"):
        to_example({"instruction": "a"}, "messages")


@pytest.mark.parametrize("shape", SHAPES)
def test_writes_what_it_reads(shape: str) -> None:
    example = Example("Sum up", None, "sw", input="a\n\nb", status="draft", extra={"k": [1, None]})
    for each in (example, TALK):
        row = to_row(each, shape, talking=bool(each.history))
        assert recognise_shape(row) == shape
        assert to_example(row, shape) == each


def test_foreign_shapes_look_as_other_tools_expect() -> None:
    assert to_row(TALK, "messages") == {"messages": TURNS, "language": "en"}
    assert to_row(TALK, "sharegpt") == {"conversations": CONVERSATIONS, "language": "en"}
    talking = to_row(TALK, "prompt-completion", talking=True)
    assert talking == {"prompt": TURNS[:4], "completion": TURNS[4:], "language": "en"}
    plain = Example("Sum up", "ok", input="text")
    assert to_row(plain, "alpaca") == {"instruction": "Sum up", "input": "text", "output": "ok"}
    flat = to_row(plain, "prompt-completion")
    assert flat == {"prompt": "Sum up\n\ntext", "completion": "ok", "input": "text"}
