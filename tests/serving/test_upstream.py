from __future__ import annotations

import json
import time
from typing import NamedTuple

import httpx
import pytest
from served import Recorded, chat, make_config, make_service, running, wait_for
from upstreams import chunk, fails, redirect, stream, whole

from judge_server import JudgeServer, cut, reset, serve, silent
from pinchtune.config import UpstreamConfig
from pinchtune.serving import upstream as module
from pinchtune.serving.app import make_app
from pinchtune.serving.service import Service
from pinchtune.serving.upstream import UpstreamArm

KEY = "sk-upstream-secret"


class Stack(NamedTuple):
    """A gateway on a port of its own, before another server."""

    near: httpx.Client
    far: JudgeServer
    service: Service


@pytest.fixture(scope="module")
def stack(tmp_path_factory):
    with serve() as far, pytest.MonkeyPatch.context() as patch:
        far.verify_request = lambda request, client: far.lines.append(client) or True
        patch.setenv("FAR_KEY", KEY)
        settings = {"url": far.address, "model": "big/model", "key": "FAR_KEY"}
        config = make_config(arm="far", upstreams={"far": settings}, requests_per_minute=0)
        arm = UpstreamArm("far", UpstreamConfig(**settings))
        service = make_service(tmp_path_factory.mktemp("gateway"), [arm], config)
        with (
            running(make_app(service, (arm.close,))) as address,
            httpx.Client(base_url=address, timeout=20) as near,
        ):
            yield Stack(near, far, service)


@pytest.fixture
def far(stack):
    stack.far.script, stack.far.asked = [], []
    stack.far.left, stack.far.lines = 0, []
    return stack.far


@pytest.fixture
def recorded(stack):
    return stack.service.recorder


@pytest.fixture(autouse=True)
def _clean(stack):
    """Begin with nothing recorded, once whatever ran before has been."""
    service = stack.service
    wait_for(lambda: not service.metrics.registry.get_sample_value("pinch_requests_running"))
    service.recorder = Recorded()


@pytest.fixture
def near(stack):
    return stack.near


def ask(near, **more):
    return near.post("/v1/chat/completions", json=chat(**more))


def test_a_request_goes_on_with_the_servers_own_model_and_key(near, far):
    far.script = [whole()]
    headers = {
        "Authorization": "Bearer pinch-client",
        "Forwarded": "for=1.2.3.4",
        "Cookie": "a=b",
        "Proxy-Authorization": "Basic x",
    }
    reply = near.post("/v1/chat/completions", json=chat(top_k=7, user="u"), headers=headers)
    assert reply.status_code == 200
    (asked,) = far.asked
    assert asked.body == chat(top_k=7, user="u") | {"model": "big/model"}
    sent = {name.lower(): value for name, value in asked.headers.items()}
    assert sent["authorization"] == f"Bearer {KEY}"
    allowed = {"host", "accept", "user-agent", "connection", "content-type", "content-length"}
    assert set(sent) == allowed | {"authorization", "accept-encoding"}
    assert sent["accept-encoding"] == "identity"


ODD = (
    b": a comment\r\n\r\n",
    chunk("Guten "),
    b'data: {"choices":  [{"delta":{"content":"Tag \xe6\x97',
    b'\xa5"}}],"odd":1.50}\n\n',
    b"event: x\ndata: not json\n\n",
    chunk("an alle zusammen", usage={"completion_tokens": 12}),
    b"data: [DONE]\n\n",
)


def test_the_bytes_of_a_stream_pass_unchanged(near, far, recorded):
    far.script = [stream(*ODD)]
    with near.stream("POST", "/v1/chat/completions", json=chat(stream=True)) as reply:
        assert b"".join(reply.iter_raw()) == b"".join(ODD)
    assert reply.headers["content-type"] == "text/event-stream"
    assert "set-cookie" not in reply.headers and "x-inner" not in reply.headers
    (found,) = recorded.wait(1)
    assert (found.answer, found.tokens, found.arm) == ("Guten Tag 日an alle zusammen", 12, "far")


def test_a_stream_comes_as_it_is_written(near, far):
    far.script = [stream(*(chunk(str(i)) for i in range(4)), pause=0.15)]
    moments = []
    with near.stream("POST", "/v1/chat/completions", json=chat(stream=True)) as reply:
        for _ in reply.iter_raw():
            moments.append(time.monotonic())
    assert len(moments) >= 4 and moments[-1] - moments[0] > 0.3


def test_a_whole_reply_passes_unchanged(near, far, recorded):
    far.script = [whole(("Guten Tag", "!"))]
    reply = ask(near)
    assert reply.json()["id"] == "theirs"
    assert reply.headers["content-length"]
    (found,) = recorded.wait(1)
    assert (found.answer, found.tokens) == ("Guten Tag!", 7)


def test_a_redirect_is_not_followed(near, far):
    with serve() as other:
        far.script = [redirect(f"{other.address}/chat/completions")]
        reply = ask(near)
        assert (reply.status_code, reply.json()["error"]["code"]) == (502, "bad_upstream")
        assert not other.asked
    assert other.address not in reply.text


@pytest.mark.parametrize("name", ["base_url", "url", "endpoint", "upstream", "api_base"])
def test_no_request_chooses_where_to_connect(near, far, name):
    with serve() as other:
        far.script = [whole()] * 3
        ask(near, **{name: other.address})
        model = chat() | {"model": other.address}
        assert near.post("/v1/chat/completions", json=model).status_code == 404
        near.post(f"/v1/chat/completions?{name}={other.address}", json=chat())
        near.post("/v1/chat/completions", json=chat(), headers={"X-Upstream": other.address})
        # A whole address as the request's target, as proxies are asked.
        target = {"target": other.address.encode()}
        near.post("/v1/chat/completions", json=chat(), extensions=target)
        assert not other.asked and len(far.asked) == 3


def test_a_server_that_refuses_our_key_is_not_the_clients_fault(near, far):
    far.script = [fails(401, json.dumps({"error": {"message": f"bad key {KEY}"}}).encode())]
    reply = ask(near)
    assert reply.status_code == 502 and KEY not in reply.text


def test_what_a_server_says_of_a_wrong_request_passes(near, far):
    body = b'{"error": {"message": "no such parameter", "param": "top_k"}}'
    far.script = [fails(400, body), fails(429, body, retry_after="7")]
    reply = ask(near, stream=True)
    assert (reply.status_code, reply.content) == (400, body)
    reply = ask(near)
    assert (reply.status_code, reply.headers["retry-after"]) == (429, "7")


def test_a_page_of_a_proxy_in_between_does_not_pass(near, far):
    far.script = [fails(503, b"<html>inner-host-17</html>", "text/html")]
    reply = ask(near)
    assert reply.status_code == 502 and "inner-host" not in reply.text


def test_a_page_in_place_of_a_stream_does_not_pass(near, far):
    far.script = [fails(200, b"<html>inner-host-17</html>", "text/html; charset=utf-8")]
    reply = ask(near, stream=True)
    assert (reply.status_code, reply.json()["error"]["code"]) == (502, "bad_upstream")
    assert "inner-host" not in reply.text


def test_a_server_that_does_not_stream_may_answer_as_a_whole(near, far, recorded):
    far.script = [whole(("Guten Tag", "!"))]
    reply = ask(near, stream=True)
    assert reply.json()["id"] == "theirs" and reply.headers["content-length"]
    assert recorded.wait(1)[0].answer == "Guten Tag!"


def test_a_connection_that_was_just_closed_is_opened_again(near, far):
    far.script = [reset, whole()]
    assert ask(near).status_code == 200


def test_a_server_that_is_not_there_is_named_without_its_address(near, far):
    far.script = [reset, reset]
    reply = ask(near)
    assert (reply.status_code, reply.json()["error"]["code"]) == (502, "bad_upstream")
    assert "127.0.0.1" not in reply.text and "far" in reply.text


def test_a_reply_that_breaks_off_is_an_error(near, far, recorded):
    far.script = [cut]
    assert ask(near).status_code == 502
    far.script = [stream(chunk("Guten Tag an alle"), b'data: {"choi', cut=True)]
    reply = ask(near, stream=True)
    assert reply.status_code == 200
    last = reply.text.split("\n\n")[-2]
    assert json.loads(last.removeprefix("data: "))["error"]["code"] == "bad_upstream"
    assert [found.status for found in recorded.wait(2)] == [502, 502]
    assert recorded.exchanges[1].answer == "Guten Tag an alle"


def test_a_silent_server_is_given_up(tmp_path, far, monkeypatch):
    monkeypatch.setattr(module, "SILENCE_SECONDS", 0.2)
    arm = UpstreamArm("far", UpstreamConfig(url=far.address, model="m"))
    config = make_config(arm="far", upstreams={"far": {"url": far.address, "model": "m"}})
    app = make_app(make_service(tmp_path, [arm], config), (arm.close,))
    far.script = [silent(1)]
    with running(app) as address:
        reply = httpx.post(f"{address}/v1/chat/completions", json=chat(), timeout=20)
    assert (reply.status_code, reply.json()["error"]["code"]) == (504, "upstream_timeout")


def test_when_the_client_leaves_the_server_is_told(near, far, recorded):
    far.script = [stream(*(chunk(f"Wort {i} ") for i in range(400)), pause=0.02)]
    with near.stream("POST", "/v1/chat/completions", json=chat(stream=True)) as reply:
        next(reply.iter_raw())
    (found,) = recorded.wait(1)
    assert found.status == 499 and "Wort 0" in found.answer and "Wort 399" not in found.answer
    end = time.monotonic() + 10
    while not far.left and time.monotonic() < end:
        time.sleep(0.02)
    assert far.left == 1


def test_a_reply_without_an_end_is_cut(near, far, monkeypatch):
    monkeypatch.setattr(module, "MAX_REPLY_BYTES", 1000)
    far.script = [whole(("x" * 2000,))]
    assert ask(near).status_code == 502


ODD_URLS = ["ftp://a", "127.0.0.1:8000", "http://u:p@host", "http://a?b=c", "", "http://a\n"]


@pytest.mark.parametrize("url", ODD_URLS)
def test_addresses_are_base_urls(url):
    with pytest.raises(ValueError, match="is no base URL"):
        UpstreamConfig(url=url, model="m")


def test_connections_are_taken_again(near, far, recorded):
    """Twenty requests, one of which breaks off, open at most two connections."""
    far.script = [*[whole()] * 10, stream(chunk("Guten Tag"), cut=True), *[whole()] * 9]
    for i in range(20):
        ask(near, stream=i == 10)
    assert [found.status for found in recorded.wait(20)].count(200) == 19
    assert len(far.asked) == 20 and len(far.lines) in (1, 2)
