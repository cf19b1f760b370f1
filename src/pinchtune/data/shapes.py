"""The shapes of a row, and the way from a row to an `Example` and back.

    pinchtune          instruction, response and the fields of `Example` (our own)
    alpaca             instruction, input, output, system, history
    messages           messages: [{role, content}]
    sharegpt           conversations: [{from, value}]
    prompt-completion  prompt, completion (or question, answer), as text or as lists of messages

Columns that no shape knows survive in `Example.extra`. One that has the name of a field but
another meaning (`id` of another system) gets the prefix `source_`. This module sees one row
at a time and knows nothing of files.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from typing import Any, get_args

from pinchtune.data.conversation import Conversation, read_turns, write_turns
from pinchtune.data.values import expect_list, expect_text, take_nullable, take_text
from pinchtune.errors import DataError, UsageError
from pinchtune.languages import get_language
from pinchtune.records import OPTIONAL_FIELDS, Example, Status

METADATA = ("language", "source", "license", "domain", "author", "status", "parallel_id")
"""Optional columns of any shape."""
FIELDS = ("id", "language", "instruction", "response", *OPTIONAL_FIELDS)
"""Columns of our own rows."""
PAIRS = (("prompt", "completion"), ("question", "answer"), ("prompt", "response"))
"""Columns of prompt and completion, the usual names first."""
KNOWN_SHAPES = (
    "pinchtune (instruction, response), alpaca (instruction, output), messages, "
    "sharegpt (conversations), prompt-completion (prompt, completion or question, answer)"
)


def recognise_shape(columns: Collection[str]) -> str:
    """Return the shape of a row with these columns; DataError lists what was found."""
    if "instruction" in columns and "response" in columns:
        return "pinchtune"
    if "instruction" in columns and "output" in columns:
        return "alpaca"
    for column, shape in _SIGNS.items():
        if column in columns:
            return shape
    found = ", ".join(columns) or "none"
    raise DataError(
        f"has columns of no known shape (found: {found}); rename them to one of: {KNOWN_SHAPES}"
    )


_SIGNS = {
    "messages": "messages",
    "conversations": "sharegpt",
    "instruction": "pinchtune",
    "prompt": "prompt-completion",
    "question": "prompt-completion",
}


def to_example(row: Mapping[str, Any], shape: str, language: str = "") -> Example:
    """Return the example of a row; `language` is used where the row declares none."""
    rest = dict(row)
    _rename(rest, "lang", "language")
    core = _READERS[shape](rest)
    tag = take_text(rest, "language")
    metadata: dict[str, Any] = {name: take_text(rest, name) for name in METADATA[1:]}
    metadata["status"] = _check_status(metadata["status"])
    example = Example(**core, **metadata, language=tag)
    final = replace(example, language=_normalise(tag or language))
    if rest.get("id") in (None, example.id, final.id):
        rest.pop("id", None)
    if tag.casefold() not in ("", final.language):
        rest.setdefault("language_tag", tag)
    return replace(final, extra=_free_names(rest))


def _normalise(tag: str) -> str:
    if not tag:
        return ""
    try:
        return get_language(tag).code
    except UsageError as error:
        raise DataError(str(error), field="language") from error


def _check_status(status: str) -> str:
    known = get_args(Status)
    if status and status not in known:
        raise DataError(f"is {status!r}; use one of {', '.join(known)}", field="status")
    return status or "approved"


def _rename(row: dict[str, Any], alias: str, name: str) -> None:
    """Read the column `alias` as `name`, unless there is a value of that name."""
    if alias in row and not row.get(name):
        row[name] = row.pop(alias)


def _free_names(rest: dict[str, Any]) -> dict[str, Any]:
    """Return unknown columns under names that are no field of ours."""
    taken = [name for name in rest if name in FIELDS]
    names = {name: _free_name(f"source_{name}", rest) for name in taken}
    return {names.get(name, name): value for name, value in rest.items()}


def _free_name(name: str, row: Mapping[str, Any]) -> str:
    while name in row:
        name += "_"
    return name


def _read_pinchtune(row: dict[str, Any]) -> dict[str, Any]:
    _rename(row, "context", "input")
    return _read_flat(row, "response")


def _read_alpaca(row: dict[str, Any]) -> dict[str, Any]:
    return _read_flat(row, "output")


def _read_flat(row: dict[str, Any], response: str) -> dict[str, Any]:
    instruction = expect_text(row.pop("instruction", None), "instruction")
    return {
        "instruction": instruction,
        "response": take_nullable(row, response),
        "input": take_text(row, "input"),
        "system": take_text(row, "system"),
        "history": _read_history(row.pop("history", None)),
    }


def _read_history(value: object) -> tuple[tuple[str, str], ...]:
    pairs = expect_list([] if value is None else value, "history")
    return tuple(_read_pair(pair, f"history[{i}]") for i, pair in enumerate(pairs))


def _read_pair(pair: object, field: str) -> tuple[str, str]:
    turns = expect_list(pair, field)
    if len(turns) != 2:
        message = f"has {len(turns)} turns; expected [what the user said, what was answered]"
        raise DataError(message, field=field)
    return expect_text(turns[0], field), expect_text(turns[1], field)


def _read_messages(row: dict[str, Any]) -> dict[str, Any]:
    return _read_conversation(read_turns(row.pop("messages", None), "messages"), row)


def _read_sharegpt(row: dict[str, Any]) -> dict[str, Any]:
    return _read_conversation(read_turns(row.pop("conversations", None), "conversations"), row)


def _read_conversation(talk: Conversation, row: dict[str, Any]) -> dict[str, Any]:
    system = take_text(row, "system")
    if system and talk.system and system != talk.system:
        raise DataError("differs from the system message; keep one of the two", field="system")
    instruction, text = _split_input(talk.instruction, row)
    if talk.leftovers:
        row[_free_name("turn_columns", row)] = talk.leftovers
    return {
        "instruction": instruction,
        "response": talk.response,
        "input": text,
        "system": system or talk.system,
        "history": talk.history,
    }


def _split_input(instruction: str, row: dict[str, Any]) -> tuple[str, str]:
    """Take the input off the end of the prompt; any other `input` is no part of a conversation."""
    text = row.get("input")
    if not text:
        row.pop("input", None)
    elif isinstance(text, str) and instruction.endswith(f"\n\n{text}"):
        return instruction.removesuffix(f"\n\n{row.pop('input')}"), text
    return instruction, ""


def _read_pair_columns(row: dict[str, Any]) -> dict[str, Any]:
    ask, reply = _find_pair(row)
    _rename(row, "context", "input")
    prompt, completion = row.pop(ask, None), row.pop(reply, None)
    if not isinstance(prompt, list) and not isinstance(completion, list):
        return _read_text_pair(row, expect_text(prompt, ask), completion, reply)
    first = prompt if isinstance(prompt, list) else [_turn("user", prompt)]
    last = completion if isinstance(completion, list) else [_turn("assistant", completion)]
    turns = first + (last if completion is not None else [])
    return _read_conversation(read_turns(turns, f"{ask} + {reply}"), row)


def _find_pair(row: Mapping[str, Any]) -> tuple[str, str]:
    whole = [pair for pair in PAIRS if pair[0] in row and pair[1] in row]
    return (*whole, *(pair for pair in PAIRS if pair[0] in row), PAIRS[0])[0]


def _turn(role: str, content: object) -> dict[str, object]:
    return {"role": role, "content": content}


def _read_text_pair(
    row: dict[str, Any], prompt: str, completion: object, reply: str
) -> dict[str, Any]:
    text = take_text(row, "input")
    return {
        "instruction": prompt.removesuffix(f"\n\n{text}") if text else prompt,
        "response": None if completion is None else expect_text(completion, reply),
        "input": text,
        "system": take_text(row, "system"),
    }


_READERS: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
    "pinchtune": _read_pinchtune,
    "alpaca": _read_alpaca,
    "messages": _read_messages,
    "sharegpt": _read_sharegpt,
    "prompt-completion": _read_pair_columns,
}
SHAPES = tuple(_READERS)


def to_row(example: Example, shape: str, talking: bool = False) -> dict[str, Any]:
    """Return the row of an example; `talking` makes lists of messages of prompt-completion."""
    if shape == "pinchtune":
        return example.to_row()
    core = _WRITERS[shape](example, talking)
    metadata = {name: getattr(example, name) for name in METADATA}
    if example.status == "approved":
        metadata.pop("status")
    row = core | {name: value for name, value in metadata.items() if value}
    return row | {name: value for name, value in example.extra.items() if name not in row}


def _write_messages(example: Example, _talking: bool) -> dict[str, Any]:
    return {"messages": write_turns(example.messages()), **_input(example)}


def _write_sharegpt(example: Example, _talking: bool) -> dict[str, Any]:
    turns = write_turns(example.messages(), ("from", "value"), user="human", assistant="gpt")
    return {"conversations": turns, **_input(example)}


def _write_alpaca(example: Example, _talking: bool) -> dict[str, Any]:
    row = {
        "instruction": example.instruction,
        "input": example.input,
        "output": example.response,
    }
    optional = {"system": example.system, "history": [list(turn) for turn in example.history]}
    return row | {name: value for name, value in optional.items() if value}


def _write_pair_columns(example: Example, talking: bool) -> dict[str, Any]:
    if not talking:
        row = {"prompt": example.prompt, "completion": example.response}
        return row | _input(example)
    turns = write_turns(replace(example, response=None).messages())
    reply = None if example.response is None else [_turn("assistant", example.response)]
    return {"prompt": turns, "completion": reply, **_input(example)}


def _input(example: Example) -> dict[str, str]:
    return {"input": example.input} if example.input else {}


_WRITERS: dict[str, Callable[[Example, bool], dict[str, Any]]] = {
    "alpaca": _write_alpaca,
    "messages": _write_messages,
    "sharegpt": _write_sharegpt,
    "prompt-completion": _write_pair_columns,
}
