"""Requests as no library sends them: too slow, too large, with two lengths."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
from urllib.parse import urlsplit

import pytest
from served import HERE, chat, make_config, make_service, running, wait_for

from pinchtune.serving.app import make_app
from pinchtune.serving.guard import Guard
from pinchtune.serving.patience import PatientProtocol

BODY = json.dumps(chat()).encode()


class Hasty(PatientProtocol):
    head_seconds, stall_seconds = 1.0, 1.0


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    service = make_service(tmp_path_factory.mktemp("odd"), config=make_config(request_kilobytes=8))
    app = make_app(service)
    for layer in app.user_middleware:
        layer.kwargs |= {"body_seconds": 1.0} if layer.cls is Guard else {}
    with running(app, Hasty) as address:
        yield address


def connect(address):
    parts = urlsplit(address)
    return socket.create_connection((parts.hostname, parts.port), timeout=10)


def send(address, *parts, pause=0.0):
    """Send bytes as they are and return everything that comes back until the end."""
    with connect(address) as line:
        for part in parts:
            try:
                line.sendall(part)
            except OSError:
                break
            time.sleep(pause)
        found = b""
        try:
            while data := line.recv(65536):
                found += data
        except OSError:
            pass
    return found


SIZE = len(BODY)


def head(*lines, length=SIZE):
    rows = [
        "POST /v1/chat/completions HTTP/1.1",
        f"Host: {HERE}",
        "Content-Type: application/json",
        *lines,
    ]
    if length is not None:
        rows.append(f"Content-Length: {length}")
    return "\r\n".join([*rows, "", ""]).encode("latin-1")


CLOSE = "Connection: close"


def status(reply):
    return int(reply.split(b" ", 2)[1]) if reply else 0


def test_the_parser_is_the_one_that_is_tested_here_whatever_is_installed():
    code = (
        "import sys, types\n"
        "sys.modules['httptools'] = types.ModuleType('httptools')\n"
        "from pinchtune.serving.patience import PatientProtocol\n"
        "print(PatientProtocol.__base__.__name__)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "H11Protocol\n" == f"{PatientProtocol.__base__.__name__}\n"


def test_a_plain_request_is_answered(address):
    assert status(send(address, head(CLOSE) + BODY)) == 200


@pytest.mark.parametrize(
    "lines",
    [
        ["Transfer-Encoding: chunked"],
        ["Content-Length: 5"],
        ["Transfer-Encoding: chunked", "Transfer-Encoding: identity"],
        ["Transfer-Encoding: xchunked"],
        ["Transfer-Encoding : chunked"],
        ["Content-Length: +5"],
        ["X: a\rb"],
        ["X: a\nTransfer-Encoding: chunked"],
        ["X: a\0b"],
        ["X-Bad\x0b: 1"],
    ],
)
def test_a_request_that_can_be_read_in_two_ways_is_refused(address, lines):
    smuggled = b"0\r\n\r\nGET /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
    reply = send(address, head(*lines) + BODY + smuggled)
    # The second request must never be answered.
    assert reply.count(b"HTTP/1.1 ") <= 1 and b"pinch_" not in reply
    assert 400 <= status(reply) < 600 or reply == b""


def test_a_chunked_request_is_answered(address):
    lines = head("Transfer-Encoding: chunked", CLOSE, length=None)
    body = f"{len(BODY):x}\r\n".encode() + BODY + b"\r\n0\r\n\r\n"
    assert status(send(address, lines + body)) == 200


def test_a_body_that_is_announced_as_too_large_is_refused_at_once(address):
    reply = send(address, head(length=9 * 1024))
    assert status(reply) == 413 and b"request_too_large" in reply and b"connection: close" in reply


def test_a_body_that_turns_out_too_large_is_refused(address):
    piece = b"1000\r\n" + b" " * 4096 + b"\r\n"
    reply = send(address, head("Transfer-Encoding: chunked", length=None) + piece * 4)
    assert status(reply) == 413


def test_a_head_without_an_end_is_broken_off(address):
    start = time.monotonic()
    assert status(send(address, head(CLOSE)[:-2], b"X", b": 1", pause=0.5)) == 0
    assert time.monotonic() - start < 5


def test_a_second_head_without_an_end_is_broken_off_too(address):
    with connect(address) as line:
        line.sendall(head() + BODY)
        assert line.recv(65536)
        line.sendall(b"POST /v1")
        start = time.monotonic()
        while line.recv(65536):
            pass
    assert time.monotonic() - start < 5


def test_a_connection_without_a_request_is_closed(address):
    with connect(address) as line:
        assert line.recv(1) == b""


def test_a_body_that_drips_is_refused(address):
    reply = send(address, head(length=100), *[b" "] * 8, pause=0.2)
    assert status(reply) == 408 and b"request_timeout" in reply


def test_a_head_without_measure_is_refused(address):
    reply = send(address, head("X: " + "a" * 200_000))
    assert status(reply) in (0, 400, 431)


def test_an_answer_that_nobody_reads_is_given_up(tmp_path):
    sent, ended = [], []

    async def flood(scope, receive, send):
        if scope["type"] != "http":
            return
        await send({"type": "http.response.start", "status": 200, "headers": []})
        for _ in range(500):
            await send({"type": "http.response.body", "body": b"x" * 100_000, "more_body": True})
            sent.append(1)
        ended.append(1)

    with running(flood, Hasty, lifespan="off") as address, connect(address) as line:
        line.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        wait_for(lambda: sent, 10)
        # uvicorn drops what is sent after the connection has gone.
        wait_for(lambda: ended, 10)
