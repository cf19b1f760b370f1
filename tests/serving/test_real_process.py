"""`pinch serve` as a process of its own: what its protocol, its log and its guards do."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from released_tiny import arms, ask, release_tiny
from served import HERE, chat, wait_for
from upstreams import fails, whole

from judge_server import JudgeServer, reset
from judge_server import serve as far_server
from made_up_versions import BEN
from pinchtune.abtest.plan import Guard, Plan
from pinchtune.abtest.running import open_test, start_test
from pinchtune.releasing.registry import PROMOTE
from pinchtune.serving.keys import Keys
from pinchtune.serving.patience import HEAD_SECONDS
from server import ModelServer

FAR = """\
[serve]
arm = "far"
requests_per_minute = 0
[serve.upstreams.far]
url = "{}"
model = "m"
key = "FAR_KEY"
"""
FAR_KEY = "sk-upstream-0123456789abcdef"
SLOW_HEAD = b"POST /v1/chat/completions HTTP/1.1\r\nHost: a\r\nX-Slow: "


class Gateway(ModelServer):
    """A server that logs its requests."""

    verb = ("serve",)


@pytest.fixture
def far() -> Iterator[JudgeServer]:
    with far_server() as server:
        yield server


@pytest.fixture
def gateway(tmp_path: Path, far: JudgeServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[Gateway]:
    monkeypatch.setenv("FAR_KEY", FAR_KEY)
    (tmp_path / "pinch.toml").write_text(FAR.format(far.address), "utf-8")
    server = Gateway(tmp_path)
    yield server
    server.kill()


def test_no_key_reaches_what_the_process_writes(gateway, far):
    """In the path, in the query, in a header, in a body; our own key and another server's."""
    key = Keys(gateway.folder / "serve.keys.json").make("window")
    gateway.start()
    far.script = [
        fails(401, f'{{"error": "bad key {FAR_KEY}"}}'.encode()),
        fails(500, f"<p>{FAR_KEY}</p>".encode(), "text/html"),
        reset,
        reset,
        whole((f"Your key is {FAR_KEY}.",)),
    ]
    with httpx.Client(base_url=gateway.address, timeout=30) as client:
        client.headers["Authorization"] = f"Bearer {key}"
        for path in (f"/v1/models/{key}", f"/{key}", f"/v1/models?api_key={key}", f"/x/{key}/y"):
            client.get(path)
        statuses = [
            client.post(f"/v1/chat/completions?key={key}", json=chat(user=key)).status_code
            for _ in range(4)
        ]
        client.post("/v1/feedback", json={"id": "a", "score": 1, key: 1})
        client.get("/v1/models", headers={"Authorization": f"Basic {key}"})
    with socket.create_connection((HERE, gateway.port), 10) as line:
        line.sendall(f"GET /{key} HTTP/1.1\r\nHost: a\r\nX-{key}\r\n\r\n".encode())
        line.recv(1000)
    gateway.stop()
    said = gateway.said()
    assert statuses == [502, 502, 502, 200] and len(far.asked) == 5
    assert {asked.headers["Authorization"] for asked in far.asked} == {f"Bearer {FAR_KEY}"}
    assert "GET /v1/models/pinch-… 404" in said and "POST /v1/chat/completions 502" in said
    assert key.removeprefix("pinch-") not in said and FAR_KEY not in said
    assert "Traceback" not in said


@pytest.mark.slow
def test_a_slow_head_is_given_up_and_others_are_served_meanwhile(gateway, far):
    gateway.start()
    far.script = [whole()] * 1000
    start = time.monotonic()
    lines = [socket.create_connection((HERE, gateway.port), 10) for _ in range(20)]
    with httpx.Client(base_url=gateway.address, timeout=5) as client:
        for line in lines:
            line.sendall(SLOW_HEAD)
        while open_lines := [line for line in lines if is_open(line)]:
            assert time.monotonic() - start < 3 * HEAD_SECONDS, f"{len(open_lines)} are waited for"
            assert client.post("/v1/chat/completions", json=chat()).status_code == 200
            time.sleep(0.2)
        assert time.monotonic() - start > HEAD_SECONDS - 1
        assert client.post("/v1/chat/completions", json=chat()).status_code == 200
    for line in lines:
        line.close()


def is_open(line: socket.socket) -> bool:
    """Send another byte of the head, and see whether the server has had enough."""
    line.setblocking(False)
    try:
        line.send(b"a")
        return line.recv(1) != b""
    except BlockingIOError:
        return True
    except OSError:
        return False


@pytest.mark.slow
def test_a_guard_stops_the_test_and_the_server_takes_the_candidate_back(tmp_path):
    """Nobody is at the machine: the pointer, the record and the answers say that it happened."""
    registry = release_tiny(tmp_path, "v1", "v2")
    registry.point("candidate", registry.get("v1"), PROMOTE, BEN)
    guard = Guard("satisfaction", 0.05, "es")
    start_test(tmp_path, Plan(("production", "candidate"), ("es",), guards=(guard,)), "Kim")
    server = ModelServer(tmp_path).start()
    users = [f"user-{n}" for n in range(80)]
    try:
        with httpx.Client(base_url=server.address, timeout=60) as client:
            given = [ask(client, user) for user in users]
            assert {answer["system_fingerprint"] for answer in given} == {"v1", "v2"}
            for answer in given:
                thumb = "down" if answer["system_fingerprint"] == "v1" else "up"
                rated = {"id": answer["id"], "thumb": thumb}
                assert client.post("/v1/feedback", json=rated).status_code == 200
            wait_for(lambda: registry.pointer("candidate") is None, 60)
            wait_for(lambda: arms(client) == {"production": "v2"})
            assert {ask(client, user)["system_fingerprint"] for user in users[:20]} == {"v2"}
    finally:
        server.stop()
    assert open_test(tmp_path) is None
    last = registry.history()[-1]
    assert (last["action"], last["pointer"], last["by"]) == ("rollback", "candidate", "guard")
    assert last["why"].startswith("guard satisfaction: 0.0 % against 100.0 % in Spanish")
    assert "a guard stopped the A/B test; nobody gets its second arm any more" in server.said()
