"""A real server on this machine that fails in every way that servers fail."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

import judge_server as acts
from judge_server import JudgeServer, serve
from pinchtune.errors import RunError, UsageError
from pinchtune.model import endpoint as module
from pinchtune.model.endpoint import Endpoint, Patience, Refused, one_line
from pinchtune.model.pace import side_by_side

SECRET = "sk-Very/Secret+1"
QUICK = Patience(connect=1, silence=0.15, whole=0.2, first_wait=0.01, tries=3)
BODY = {"model": "m", "messages": [{"role": "user", "content": "héllo \ud800 日本"}]}


@pytest.fixture
def server() -> Iterator[JudgeServer]:
    with serve() as server:
        yield server


@pytest.fixture
def endpoint(server, monkeypatch) -> Iterator[Endpoint]:
    monkeypatch.setenv("PINCH_API_KEY", SECRET)
    endpoint = Endpoint(server.address, "generate", patience=QUICK)
    yield endpoint
    endpoint.close()


def ask(endpoint: Endpoint) -> module.Reply:
    return endpoint.ask(BODY)


def test_what_is_sent_and_read(server, endpoint):
    server.script = [acts.say("hej", prompt_tokens=7, completion_tokens=3)]
    assert ask(endpoint) == ("hej", True, 7, 3)
    asked = server.asked[0]
    assert asked.body == BODY
    assert asked.headers["Authorization"] == f"Bearer {SECRET}"


PASSING = {
    "time-out": (acts.silent(0.3), "timed out"),
    "too many requests": (acts.fail(429), "status 429"),
    "server error": (acts.fail(500, "out of memory"), "status 500: out of memory"),
    "request time-out": (acts.fail(408), "status 408"),
    "truncated JSON": (acts.raw(b'{"choices": [{"mess'), "the reply is no JSON"),
    "cut body": (acts.cut, "peer closed connection without sending complete message body"),
    "slow drip": (acts.drip(5), "the reply drips too slowly"),
    "connection reset": (acts.reset, ""),
    "no UTF-8": (acts.raw(b"\xff\xfe{"), "the reply is no JSON"),
    "deep JSON": (acts.raw(b"[" * 100_000), "the reply is no JSON"),
}


@pytest.mark.parametrize("name", PASSING)
def test_what_may_pass_is_asked_again(name, server, endpoint):
    act, reason = PASSING[name]
    server.script = [act, act, acts.say("there")]
    assert ask(endpoint).text == "there"
    server.script = [act] * 3
    with pytest.raises(RunError, match="no answer after 3 tries") as caught:
        ask(endpoint)
    assert reason in str(caught.value)
    assert len(server.asked) == 6


@pytest.mark.parametrize("status", [301, 400, 401, 403, 404, 422])
def test_what_will_not_pass_fails_at_once(status, server, endpoint):
    server.script = [acts.fail(status, f"no, {SECRET}\x1b[31m\nnever" + "!" * 999)]
    with pytest.raises(Refused) as caught:
        ask(endpoint)
    told = str(caught.value)
    assert told.startswith(f"{server.address}: refused (status {status}: no, [key] [31m never!!")
    assert told.endswith("!…); check generate.endpoint, the model name and PINCH_API_KEY")
    assert (len(server.asked), caught.value.status) == (1, status)


def test_a_server_that_is_not_there(server, endpoint):
    server.server_close()
    with pytest.raises(RunError, match=r"no answer after 3 tries \(.*refused\); check that a"):
        ask(endpoint)


@pytest.mark.parametrize(
    "header",
    ["0.4", lambda: format_datetime(datetime.now(UTC) + timedelta(seconds=2), usegmt=True)],
)
def test_it_waits_as_long_as_it_is_told(header, server, endpoint):
    named = header if isinstance(header, str) else header()
    server.script = [acts.fail(429, Retry_After=named), acts.say("now")]
    ask(endpoint)
    first, second = (asked.time for asked in server.asked)
    assert second - first >= (0.4 if isinstance(header, str) else 0.9)


@pytest.mark.parametrize("header", ["soon", "-5", "", "nan", "1e999", "Mon, 99 Foo 2026"])
def test_a_wait_that_is_nonsense_is_none_or_the_end(header, server, endpoint):
    server.script = [acts.fail(429, Retry_After=header), acts.say("now")]
    if header == "1e999":
        with pytest.raises(RunError, match="asks to be left alone"):
            ask(endpoint)
    else:
        assert ask(endpoint).text == "now"


def test_a_wait_of_hours_ends_the_run(server, endpoint):
    server.script = [acts.fail(429, Retry_After="7200")]
    with pytest.raises(RunError, match=r"left alone for 7200 s \(status 429\); run the command"):
        ask(endpoint)


def test_a_wait_that_one_is_told_holds_for_all(server, endpoint):
    server.script = [acts.fail(429, Retry_After="0.4"), *[acts.say("ok")] * 2]
    first = threading.Thread(target=ask, args=(endpoint,))
    first.start()
    time.sleep(0.15)
    ask(endpoint)
    first.join()
    times = [asked.time for asked in server.asked]
    assert len(times) == 3
    assert min(times[1:]) - times[0] >= 0.35


def test_waits_grow_and_differ(server, endpoint):
    waits = [[endpoint._backoff(k) / QUICK.first_wait for _ in range(50)] for k in range(4)]
    for k, found in enumerate(waits):
        assert 2**k / 2 <= min(found) < max(found) <= 2**k
        assert len(set(found)) > 40
    assert endpoint._backoff(60) <= QUICK.longest_wait


def test_requests_a_minute(server):
    paced = Endpoint(server.address, "judge", per_minute=1200, patience=QUICK)
    server.script = [acts.fail(500), *[acts.say("ok")] * 6]
    side_by_side(lambda _: ask(paced), range(6), 6, paced.stop, lambda _: None)
    paced.close()
    times = sorted(asked.time for asked in server.asked)
    assert len(times) == 7  # the second try counts too
    assert times[-1] - times[0] >= 6 * 0.05 - 0.02


NO_ANSWER = [
    [],
    {},
    {"choices": []},
    {"choices": [{"message": {}}]},
    {"choices": [{"message": {"content": 3}}]},
    {"error": {"message": "later"}},
]


@pytest.mark.parametrize("reply", NO_ANSWER, ids=str)
def test_replies_without_an_answer(reply, server, endpoint):
    server.script = [acts.raw(json.dumps(reply).encode())]
    with pytest.raises(RunError, match="the reply holds no answer"):
        ask(endpoint)


@pytest.mark.parametrize("usage", [None, {}, {"prompt_tokens": -1}, {"prompt_tokens": "many"}])
def test_counts_that_are_missing_or_nonsense_are_0(usage, server, endpoint):
    server.usage = usage
    server.script = [acts.say("ok")]
    assert ask(endpoint)[2:] == (0, 0)


def test_a_reply_without_end_is_broken_off(server, endpoint, monkeypatch):
    monkeypatch.setattr(module, "MAX_REPLY_BYTES", 1000)
    server.script = [acts.raw(b" " * 2000)] * 3
    with pytest.raises(RunError, match="the reply is longer than"):
        ask(endpoint)


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("localhost:1", "judge.endpoint: 'localhost:1' is no address; begin it with http://"),
        ("http://me:secret@h/v1", "judge.endpoint: holds more than a base URL; a key goes into"),
        ("http://h/v1?key=secret", "judge.endpoint: holds more than a base URL; a key goes into"),
        ("http://h:x/", "is no address (Invalid port: 'x'); correct it"),
    ],
)
def test_addresses(address, message):
    with pytest.raises(UsageError) as caught:
        Endpoint(address, "judge")
    assert message in str(caught.value)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("key", ["sécret", "secret\nX-Evil: 1", "two secrets"])
def test_a_key_that_is_none(key, monkeypatch):
    monkeypatch.setenv("PINCH_API_KEY", key)
    with pytest.raises(UsageError) as caught:
        Endpoint("http://h", "judge")
    assert str(caught.value) == "PINCH_API_KEY: holds signs that no key has; set it again"


def test_the_first_key_that_is_set_counts(monkeypatch):
    names = ("PINCH_JUDGE_API_KEY", "PINCH_API_KEY")
    assert module.read_key(names) == ""
    monkeypatch.setenv("PINCH_API_KEY", "general\n")
    assert module.read_key(names) == "general"
    monkeypatch.setenv("PINCH_JUDGE_API_KEY", "own")
    assert module.read_key(names) == "own"
    monkeypatch.setenv("PINCH_JUDGE_API_KEY", "")
    assert module.read_key(names) == ""


def test_stopping_ends_the_waits(server):
    slow = Endpoint(server.address, "judge", patience=QUICK._replace(first_wait=60))
    server.script = [acts.fail(500)] * 9
    threading.Timer(0.2, slow.stop).start()
    start = time.monotonic()
    with pytest.raises(RunError, match="stopped"):
        ask(slow)
    slow.close()
    assert time.monotonic() - start < 5


def test_one_line():
    assert one_line(" a\n\tb\x00\u202ec ", 9) == "a b c"
    assert one_line("می\u200cخواهم", 99) == "می\u200cخواهم"
    assert one_line("x" * 50, 9) == "x" * 8 + "…"
