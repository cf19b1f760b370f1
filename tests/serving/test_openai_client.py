"""The official client, against the tiny model behind a real port."""

from __future__ import annotations

import threading

import openai
import pytest
from batched import Tiny
from released import Versions
from served import make_config, running, wait_for

from pinchtune.config import GenerateConfig, ModelConfig
from pinchtune.model.chat import encode_conversation, encode_text
from pinchtune.records import Message
from pinchtune.serving.keys import Keys
from pinchtune.serving.making import assemble
from pinchtune.serving.weights import load_version

GENERATE = GenerateConfig(max_new_tokens=24, repetition_penalty=1.1)
ASKED = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hello there 日"}]


@pytest.fixture(scope="module")
def served(tiny_model, tmp_path_factory):
    folder = tmp_path_factory.mktemp("served")
    config = make_config(slots=3, queue=2, context=200).model_copy(
        update={"generate": GENERATE, "model": ModelConfig(dtype="float32", device="cpu")}
    )
    versions = Versions(folder)
    versions.add("v1", tiny_model)
    versions.point("production", "v1")
    keys = Keys(folder / "keys.json")
    key = keys.make("test")
    app = assemble(config, keys, versions, lambda v: load_version(v, config))
    with running(app) as address:
        yield address, key, app.state.service


@pytest.fixture
def client(served):
    address, key, _ = served
    with openai.OpenAI(base_url=f"{address}/v1", api_key=key, max_retries=0) as client:
        yield client


@pytest.fixture(scope="module")
def expected(tiny_model):
    """What the offline decoder answers, with the tokenizer's own end token."""
    tiny = Tiny(tiny_model, repetition_penalty=1.1)
    decoder = tiny.decoder()
    decoder.ends = {1}
    messages = [Message(row["role"], row["content"]) for row in ASKED]
    (ids,) = decoder.decode([encode_conversation(tiny.tokenizer, messages)], 24)
    (bare,) = decoder.decode([encode_text(tiny.tokenizer, "Once upon")], 24)
    return tiny.text(ids), tiny.tokenizer.decode(bare, skip_special_tokens=True), len(ids)


def chat(client, **more):
    return client.chat.completions.create(model="auto", messages=ASKED, **more)


def test_a_chat_is_answered_as_offline(client, expected):
    reply = chat(client)
    assert reply.choices[0].message.content == expected[0]
    assert reply.usage.completion_tokens == expected[2]
    assert reply.system_fingerprint == "v1"
    assert reply.id == f"chatcmpl-{reply._request_id}"


def test_a_stream_is_the_same_answer(client, expected):
    parts = list(chat(client, stream=True, stream_options={"include_usage": True}))
    assert parts[0].choices[0].delta.role == "assistant"
    words = [part.choices[0].delta.content or "" for part in parts if part.choices]
    assert "".join(words) == expected[0] and len(words) > 3
    assert parts[-2].choices[0].finish_reason in ("stop", "length")
    assert parts[-1].usage.completion_tokens == expected[2]


def test_a_completion_goes_on_with_the_text_itself(client, expected):
    reply = client.completions.create(model="production", prompt="Once upon")
    assert reply.choices[0].text == expected[1]
    parts = client.completions.create(model="production", prompt="Once upon", stream=True)
    assert "".join(part.choices[0].text for part in parts) == expected[1]


def test_stops_and_limits(client, expected):
    stop = expected[0][5:7]
    reply = chat(client, stop=[stop, "never there"])
    assert reply.choices[0].message.content == expected[0].partition(stop)[0].rstrip()
    assert reply.choices[0].finish_reason == "stop"
    short = chat(client, max_completion_tokens=3)
    assert (short.usage.completion_tokens, short.choices[0].finish_reason) == (3, "length")


def test_a_seed_repeats_a_drawn_answer(client):
    drawn = [chat(client, temperature=1.5, seed=n % 3) for n in range(6)]
    texts = [reply.choices[0].message.content for reply in drawn]
    assert texts[:3] == texts[3:] and len(set(texts)) == 3
    assert len({chat(client, temperature=1.5).choices[0].message.content for _ in range(3)}) > 1


def test_errors_are_those_of_the_client(client, served):
    with pytest.raises(openai.BadRequestError) as told:
        chat(client, logprobs=True)
    assert (told.value.param, told.value.code) == ("logprobs", "unsupported_parameter")
    with pytest.raises(openai.NotFoundError) as missing:
        client.chat.completions.create(model="gpt-9", messages=ASKED)
    assert missing.value.code == "model_not_found"
    with pytest.raises(openai.BadRequestError) as long:
        chat(client, max_tokens=190)
    assert long.value.code == "context_length_exceeded"
    stranger = client.with_options(api_key="pinch-wrong")
    with pytest.raises(openai.AuthenticationError) as unknown:
        stranger.models.list()
    assert unknown.value.code == "invalid_api_key"


def test_models_are_listed(client):
    assert [model.id for model in client.models.list()] == ["auto", "support", "production"]
    assert client.models.retrieve("auto").owned_by == "pinchtune"


def test_many_streams_at_once_are_each_their_own(client, served):
    """Three slots and two places to wait: some are turned away, none gets another's words."""
    alone = {n: chat_of(client, n) for n in range(8)}
    found, busy, lock = {}, [], threading.Lock()

    def ask(n):
        try:
            text = chat_of(client, n, stream=True)
        except openai.InternalServerError as error:
            with lock:
                busy.append(error)
            return
        with lock:
            found[n] = text

    threads = [threading.Thread(target=ask, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) + len(busy) == 8 and len(found) >= 3
    assert found == {n: alone[n] for n in found}
    for error in busy:
        assert error.status_code == 503 and int(error.response.headers["retry-after"]) > 0


def chat_of(client, n, stream=False):
    rows = [{"role": "user", "content": f"Number {n} of 8"}]
    reply = client.chat.completions.create(model="auto", messages=rows, stream=stream)
    if not stream:
        return reply.choices[0].message.content
    return "".join(part.choices[0].delta.content or "" for part in reply)


def test_a_client_that_leaves_frees_its_slot(client, served):
    service = served[2]
    batch = service.arms["production"].loaded.batch
    with chat(client, stream=True, max_tokens=100) as stream:
        next(iter(stream))
        assert batch.busy
    wait_for(lambda: not batch.busy)
