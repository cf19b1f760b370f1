"""Answers that take too long or fail: what the client is told, and what the log says."""

from __future__ import annotations

import asyncio
import json

import pytest
from served import ANSWERS, QUESTION, Recorded, browse, chat, make_config, make_service

from pinchtune.serving.arms import ScriptedAnswering, ScriptedArm
from pinchtune.serving.asking import read_wanted
from pinchtune.serving.guard import Net

WORDS = "private words of a customer"


class Trouble(ScriptedArm):
    """Gives a first part, then waits or fails."""

    def __init__(self, error=None):
        super().__init__("production", ANSWERS, "v1")
        self.error = error

    async def answer(self, asked, shape):
        return TroubledAnswering(ANSWERS[QUESTION], asked, shape, self.error)


class TroubledAnswering(ScriptedAnswering):
    closed = 0

    def __init__(self, text, asked, shape, error):
        super().__init__(text, asked, shape)
        self.error = error

    async def parts(self):
        if self.stream:
            yield self.shape.part("It is")
            self.sent.append("It is")
        if self.error:
            raise self.error
        await asyncio.sleep(30)

    async def close(self):
        TroubledAnswering.closed += 1


def ask(tmp_path, error, stream):
    recorded = Recorded()
    service = make_service(
        tmp_path, [Trouble(error)], make_config(answer_seconds=1), recorder=recorded
    )
    TroubledAnswering.closed = 0
    with browse(service) as client:
        reply = client.post("/v1/chat/completions", json=chat(stream=stream))
    assert TroubledAnswering.closed == 1
    return reply, recorded.wait(1)[0]


@pytest.mark.parametrize(
    ("error", "status", "code"), [(None, 504, "timeout"), (KeyError(WORDS), 500, "failed")]
)
def test_a_whole_answer_becomes_an_error(tmp_path, caplog, error, status, code):
    reply, noted = ask(tmp_path, error, stream=False)
    assert (reply.status_code, reply.json()["error"]["code"]) == (status, code)
    assert noted.status == status
    assert WORDS not in caplog.text + reply.text
    assert not error or "KeyError at answering.py" in caplog.text


class Strict(ScriptedArm):
    """Refuses by name what local weights refuse."""

    async def answer(self, asked, shape):
        read_wanted(asked)
        return await super().answer(asked, shape)


HALF = "\ud83d"
NO_TEXT = {
    HALF: chat() | {HALF: 1},
    f"messages[0].{HALF}": {"model": "auto", "messages": [chat()["messages"][0] | {HALF: 1}]},
    f"messages[0].content[0].{HALF}": {
        "model": "auto",
        "messages": [{"role": "user", "content": [{"type": "text", "text": "a", HALF: 1}]}],
    },
    f"stream_options.{HALF}": chat(stream=True, stream_options={HALF: 1}),
}


def send(client, address, body):
    """Send what no library sends: half a surrogate pair."""
    headers = {"Content-Type": "application/json"}
    return client.post(address, content=json.dumps(body), headers=headers)


@pytest.mark.parametrize("param", NO_TEXT, ids=ascii)
def test_a_parameter_whose_name_is_no_text_is_refused_like_any_other(tmp_path, param):
    service = make_service(tmp_path, [Strict("production", ANSWERS)])
    with browse(service) as client:
        reply = send(client, "/v1/chat/completions", NO_TEXT[param])
    error = reply.json()["error"]
    assert (reply.status_code, error["param"]) == (400, param)
    assert error["code"] == "unsupported_parameter"


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"id": "a", "score": 1, HALF: 1}, HALF),
        ({"id": HALF, "score": 1}, "id"),
        ({"id": "a", "score": 1, "reason": f"Good {HALF}"}, "reason"),
    ],
    ids=["name", "id", "reason"],
)
def test_feedback_that_is_no_text_is_refused(tmp_path, body, param):
    recorded = Recorded()
    with browse(make_service(tmp_path, recorder=recorded)) as client:
        reply = send(client, "/v1/feedback", body)
    assert (reply.status_code, reply.json()["error"]["param"]) == (400, param)
    assert not recorded.opinions


@pytest.mark.parametrize("host", ["[", "[::1", "a]b", "[x]"])
def test_a_host_that_is_none_is_not_this_machine(tmp_path, host):
    with browse(make_service(tmp_path)) as client:
        reply = client.get("/v1/models", headers={"Host": host})
    assert (reply.status_code, reply.json()["error"]["code"]) == (401, "missing_api_key")


def test_what_nobody_foresaw_is_told_without_its_words(tmp_path, caplog):
    class Odd(Recorded):
        def feedback(self, id, **said):
            raise KeyError(WORDS)

    with browse(make_service(tmp_path, recorder=Odd())) as client:
        reply = client.post("/v1/feedback", json={"id": "a", "score": 1})
    assert (reply.status_code, reply.json()["error"]["code"]) == (500, "failed")
    assert reply.headers["x-request-id"]
    assert "a request failed: KeyError at " in caplog.text and WORDS not in caplog.text


def test_a_reply_that_has_begun_when_something_fails_is_not_begun_again(caplog):
    async def fails(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": []})
        raise KeyError(WORDS)

    sent = []

    async def keep(message):
        sent.append(message["type"])

    asyncio.run(Net(fails)({"type": "http"}, None, keep))
    assert sent == ["http.response.start"]
    assert "KeyError at" in caplog.text and WORDS not in caplog.text


@pytest.mark.parametrize(("error", "code"), [(None, "timeout"), (KeyError(WORDS), "failed")])
def test_a_stream_ends_with_the_error(tmp_path, caplog, error, code):
    reply, noted = ask(tmp_path, error, stream=True)
    first, last = [part for part in reply.text.split("\n\n") if part]
    assert json.loads(first[6:])["choices"][0]["delta"]["content"] == "It is"
    assert json.loads(last[6:])["error"]["code"] == code
    assert (noted.answer, noted.status) == ("It is", 504 if error is None else 500)
    assert WORDS not in caplog.text + reply.text
