from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from served import chat

from pinchtune.records import Message
from pinchtune.serving.asking import Wanted, read_asked, read_wanted
from pinchtune.serving.errors import ApiError


def refusal(body, kind="chat"):
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    with pytest.raises(ApiError) as told:
        read_wanted(read_asked(data, kind))
    assert told.value.status == 400
    error = told.value.body()["error"]
    assert set(error) == {"message", "type", "param", "code"}
    assert error["type"] == "invalid_request_error"
    return error


UNSUPPORTED = {
    "n": 2,
    "logprobs": True,
    "top_logprobs": 3,
    "top_p": 0.9,
    "presence_penalty": 0.1,
    "frequency_penalty": -1,
    "logit_bias": {"5": 1},
    "tools": [{"type": "function"}],
    "tool_choice": "auto",
    "functions": [],
    "response_format": {"type": "json_object"},
    "audio": {},
    "store": True,
    "metadata": {"a": "b"},
    "reasoning_effort": "low",
    "top_k": 5,
    "surprise": 1,
}


@pytest.mark.parametrize("name", UNSUPPORTED)
def test_what_cannot_be_done_is_refused_by_name(name):
    error = refusal(chat(**{name: UNSUPPORTED[name]}))
    assert (error["param"], error["code"]) == (name, "unsupported_parameter")
    assert error["message"].startswith(name)


@pytest.mark.parametrize("value", [0, 3, True])
def test_logprobs_of_a_completion_are_refused_even_zero(value):
    body = {"model": "auto", "prompt": "a", "logprobs": value}
    assert refusal(body, "completion")["param"] == "logprobs"


NEUTRAL = {
    "n": 1,
    "logprobs": False,
    "top_p": 1.0,
    "presence_penalty": 0,
    "frequency_penalty": 0.0,
    "tools": [],
    "logit_bias": {},
    "response_format": {"type": "text"},
    "surprise": None,
}


def test_what_asks_for_nothing_is_taken():
    wanted = read_wanted(read_asked(json.dumps(chat(**NEUTRAL)).encode(), "chat"))
    assert wanted == Wanted(None, None, None, (), False)


WRONG = {
    "model": 5,
    "messages": [],
    "stream": "yes",
    "max_tokens": 0,
    "max_completion_tokens": 1.5,
    "temperature": 2.1,
    "seed": True,
    "stop": ["a", ""],
    "user": ["a"],
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_values_are_named(name):
    assert refusal(chat(**{name: WRONG[name]}))["param"] == name


@pytest.mark.parametrize(
    ("message", "param"),
    [
        ("hello", "messages[1]"),
        ({"role": "wizard", "content": "a"}, "messages[1].role"),
        ({"role": "user"}, "messages[1].content"),
        ({"role": "user", "content": "a", "name": "b"}, "messages[1].name"),
        ({"role": "assistant", "content": "a"}, "messages[1].role"),
        ({"role": "tool", "content": "a"}, "messages[1].role"),
        ({"role": "user", "content": [{"type": "text"}]}, "messages[1].content[0].text"),
        ({"role": "user", "content": "\ud800"}, "messages[1].content"),
    ],
)
def test_wrong_messages_are_named(message, param):
    body = chat()
    body["messages"].append(message)
    assert refusal(body)["param"] == param


def test_a_picture_by_address_is_refused_for_every_arm():
    image = {"type": "image_url", "image_url": {"url": "http://169.254.169.254/"}}
    body = {"model": "auto", "messages": [{"role": "user", "content": [image]}]}
    with pytest.raises(ApiError, match=r"messages\[0\].content\[0\].type is not supported"):
        read_asked(json.dumps(body).encode(), "chat")


@pytest.mark.parametrize("name", ["image_url", "cache_control", "annotations"])
def test_a_part_of_a_message_is_text_and_nothing_else(name):
    part = {"type": "text", "text": "a", name: {"url": "http://169.254.169.254/"}}
    body = {"model": "auto", "messages": [{"role": "user", "content": [part]}]}
    error = refusal(body)
    assert (error["param"], error["code"]) == (
        f"messages[0].content[0].{name}",
        "unsupported_parameter",
    )


@pytest.mark.parametrize("name", ["kv_transfer_params", "ec_transfer_params", "bootstrap_host"])
@pytest.mark.parametrize("kind", ["chat", "completion"])
def test_what_would_send_an_engine_to_a_host_is_refused_for_every_arm(kind, name):
    body = chat() | {"prompt": "a", name: {"remote_host": "169.254.169.254"}}
    with pytest.raises(ApiError, match=f"^{name} is not supported"):
        read_asked(json.dumps(body).encode(), kind)


@pytest.mark.parametrize(("kind", "other"), [("chat", "prompt"), ("completion", "messages")])
def test_the_other_addresss_question_is_refused(kind, other):
    body = chat() | {"prompt": "a"}
    assert refusal(body, kind)["param"] == other
    body[other] = None
    read_wanted(read_asked(json.dumps(body).encode(), kind))


def test_stream_options_need_a_stream():
    assert refusal(chat(stream_options={"include_usage": True}))["param"] == "stream_options"
    body = chat(stream=True, stream_options={"include_obfuscation": True})
    assert refusal(body)["param"] == "stream_options.include_obfuscation"


@pytest.mark.parametrize(
    "data", [b"", b"[]", b"{", b"\xff{}", b'{"a": NaN}', b"[" * 100_000, b'"text"', b"{}"]
)
def test_what_is_no_request_is_refused(data):
    refusal(data)


def test_parts_and_roles_become_messages():
    parts = [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]
    rows = [{"role": "developer", "content": "Be short."}, {"role": "user", "content": parts}]
    asked = read_asked(json.dumps({"model": "auto", "messages": rows}).encode(), "chat")
    assert asked.messages == (Message("system", "Be short."), Message("user", "ab"))
    assert asked.question == "ab"


def test_the_newer_name_of_the_limit_counts():
    wanted = read_wanted(
        read_asked(json.dumps(chat(max_tokens=5, max_completion_tokens=7)).encode(), "chat")
    )
    assert wanted.limit == 7


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=6,
)
NAMES = ("model", "messages", "prompt", "stream", "stop", "seed", "temperature", "user", "n")


@given(st.dictionaries(st.sampled_from(NAMES), JSON), st.sampled_from(["chat", "completion"]))
def test_anything_is_read_or_refused(body, kind):
    body.setdefault("model", "auto")
    if kind == "completion":
        body.setdefault("prompt", "a")
    else:
        body.setdefault("messages", [{"role": "user", "content": "a"}])
    try:
        read_wanted(read_asked(json.dumps(body).encode(), kind))
    except ApiError as error:
        assert error.status == 400
