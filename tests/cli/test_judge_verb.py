"""`pinch evaluate` with a model as judge, as a person meets it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

import judge_server as acts
from answered import SETTINGS, write_answered
from judge_server import JudgeServer, serve
from pinchtune.errors import DONE, NO_GO, RUN_FAILED


@pytest.fixture
def server(monkeypatch) -> Iterator[JudgeServer]:
    monkeypatch.setenv("PINCH_JUDGE_API_KEY", "judge-secret")
    monkeypatch.setattr("pinchtune.model.endpoint.PATIENCE", acts.Patience(first_wait=0, tries=2))
    with serve() as server:
        yield server


@pytest.fixture
def command(tmp_path, server) -> list[object]:
    folder = write_answered(tmp_path / "answered")
    settings = [*SETTINGS, f"judge.endpoint={server.address}"]
    return ["evaluate", "-p", folder, *(w for s in settings for w in ("--set", s))]


def test_the_cost_is_said_before_anything_is_asked(server, command, pinch):
    told = pinch(*command, "--estimate")
    assert told.code == DONE
    assert told.out.startswith("32 requests to the judge: about ")
    assert not server.asked
    bill = json.loads(pinch(*command, "--estimate", "--json").out)
    assert (bill["requests"], bill["stored"]) == (32, 0)
    told = pinch(*command)
    assert told.code == DONE
    lines = told.err.splitlines()
    assert lines[0].startswith("32 requests to the judge: about ")
    assert lines[1].startswith("judging: 0/16")
    assert any(line.startswith("warning: the longer answer won 100 %") for line in lines)
    assert "(32 are stored)" in pinch(*command, "--estimate").out


def test_the_reference_judge_costs_nothing(command, pinch):
    told = pinch(*command[:3], "--estimate")
    assert told == (DONE, "the judge of this project asks nobody and costs nothing\n", "")


FAILURES = {
    "refused": (
        acts.fail(401, "who is judge-secret?"),
        "prompt {id}: {address}: refused (status 401: who is [key]?); check judge.endpoint, the "
        "model name and PINCH_JUDGE_API_KEY",
    ),
    "overloaded": (
        acts.fail(503),
        "{address}: no answer after 2 tries (status 503); check that a server runs at "
        "judge.endpoint, and run the command again",
    ),
    "left alone": (
        acts.fail(429, Retry_After="999"),
        "{address}: asks to be left alone for 999 s (status 429); run the command again then",
    ),
    "no answer": (
        acts.raw(b"{}"),
        "{address}: the reply holds no answer (choices[0].message.content); name the base URL of "
        "an OpenAI-compatible server in judge.endpoint",
    ),
}


@pytest.mark.parametrize("name", FAILURES)
def test_failures_are_one_sentence(name, server, command, pinch, look):
    act, sentence = FAILURES[name]
    server.script = [act] * 99
    before = look(Path(command[2]))
    told = pinch(*command, "-q", "--set", "judge.concurrency=1")
    prompt = told.err.partition("prompt ")[2][:16]
    message = sentence.format(address=server.address, id=prompt)
    assert (told.code, told.out, told.err) == (RUN_FAILED, "", f"pinch: {message}\n")
    made = look(Path(command[2])).keys() - before.keys()
    assert made == {"runs/judge", "runs/judge/replies.jsonl"}
    server.script = []
    assert pinch(*command, "-q", "--gate").code in (DONE, NO_GO)
