"""Answers that take too long or fail: what the client is told, and what the log says."""

from __future__ import annotations

import asyncio
import json

import pytest
from served import ANSWERS, QUESTION, Recorded, browse, chat, make_config, make_service

from pinchtune.serving.arms import ScriptedAnswering, ScriptedArm

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


@pytest.mark.parametrize(("error", "code"), [(None, "timeout"), (KeyError(WORDS), "failed")])
def test_a_stream_ends_with_the_error(tmp_path, caplog, error, code):
    reply, noted = ask(tmp_path, error, stream=True)
    first, last = [part for part in reply.text.split("\n\n") if part]
    assert json.loads(first[6:])["choices"][0]["delta"]["content"] == "It is"
    assert json.loads(last[6:])["error"]["code"] == code
    assert (noted.answer, noted.status) == ("It is", 504 if error is None else 500)
    assert WORDS not in caplog.text + reply.text
