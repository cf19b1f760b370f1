"""A judge behind real HTTP on this machine: it judges by a rule, and fails as it is told to."""

from __future__ import annotations

import json
import re
import socket
import struct
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple

from pinchtune.model.endpoint import Patience as Patience

Rule = Callable[[str, str], str]
"""From the two answers to `first`, `second` or `tie`."""


class Asked(NamedTuple):
    """One request."""

    body: dict[str, Any]
    headers: dict[str, str]
    time: float

    @property
    def text(self) -> str:
        """The user message."""
        return str(self.body["messages"][-1]["content"])


def fenced(text: str, name: str) -> str:
    """Return what stands between the marks of a name, as a careful reader finds it."""
    code = re.findall(r"^<<<SECOND ANSWER (\w+)>>>$", text, re.M)[-1]
    start, end = f"<<<{name} {code}>>>\n", f"\n<<<END {name} {code}>>>"
    assert text.count(start) == text.count(end) == 1
    return text[text.index(start) + len(start) : text.index(end)]


def longer(first: str, second: str) -> str:
    """A rule: more characters win."""
    lengths = (len(first), len(second))
    return "tie" if lengths[0] == lengths[1] else "first" if lengths[0] > lengths[1] else "second"


def verdict(winner: str = "first", **changes: object) -> str:
    """Return the JSON of a verdict."""
    row = {"reason": "Made up.", "first_in_language": True, "second_in_language": True}
    return json.dumps({**row, "winner": winner, **changes})


class JudgeServer(ThreadingHTTPServer):
    """Judges by `rule`, after the faults of `script` have been acted out, one a request."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, rule: Rule = longer) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.rule, self.script, self.asked = rule, list[Act](), list[Asked]()
        self.usage: dict[str, int] | None = {"prompt_tokens": 100, "completion_tokens": 10}
        self.seconds = 0.0
        self.paid: Counter[str] = Counter()
        """How often each question was answered in full."""
        self.busy = self.busiest = 0
        self.lock = threading.Lock()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/v1"

    def act(self) -> Act:
        with self.lock:
            return self.script.pop(0) if self.script else judge

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that was killed is no news."""


class _Handler(BaseHTTPRequestHandler):
    server: JudgeServer
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.asked = Asked(body, dict(self.headers), time.monotonic())
        with self.server.lock:
            self.server.asked.append(self.asked)
            self.server.busy += 1
            self.server.busiest = max(self.server.busiest, self.server.busy)
        try:
            self.server.act()(self)
        finally:
            with self.server.lock:
                self.server.busy -= 1

    def send(self, status: int, data: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(data)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: object) -> None:
        pass


Act = Callable[[_Handler], None]


def judge(handler: _Handler) -> None:
    """Judge by the rule."""
    server, text = handler.server, handler.asked.text
    time.sleep(server.seconds)
    winner = server.rule(fenced(text, "FIRST ANSWER"), fenced(text, "SECOND ANSWER"))
    with server.lock:
        server.paid[json.dumps(handler.asked.body["messages"])] += 1
    say(verdict(winner))(handler)


def say(text: object, **usage: int) -> Act:
    """Reply with a chat completion that holds this text."""

    def act(handler: _Handler) -> None:
        choice = {"message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
        counted = usage or handler.server.usage
        handler.send(200, json.dumps({"choices": [choice], "usage": counted}).encode())

    return act


def fail(status: int, words: str = "", **headers: str) -> Act:
    """Reply with an error."""
    data = json.dumps({"error": {"message": words}}).encode()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda handler: handler.send(status, data, named)


def raw(data: bytes, status: int = 200) -> Act:
    """Reply with these bytes."""
    return lambda handler: handler.send(status, data)


def reset(handler: _Handler) -> None:
    """Break the connection off without a word."""
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    handler.close_connection = True
    handler.connection.close()


def silent(seconds: float) -> Act:
    """Say nothing for a while, then nothing useful."""

    def act(handler: _Handler) -> None:
        time.sleep(seconds)
        handler.close_connection = True

    return act


def drip(seconds: float) -> Act:
    """Send a byte now and then, without ever coming to the end."""

    def act(handler: _Handler) -> None:
        handler.close_connection = True
        handler.send_response(200)
        handler.send_header("Content-Length", "100000")
        handler.end_headers()
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            handler.wfile.write(b" ")
            handler.wfile.flush()
            time.sleep(0.02)

    return act


def cut(handler: _Handler) -> None:
    """Promise more bytes than come."""
    handler.close_connection = True
    handler.send_response(200)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    handler.wfile.write(b'{"choices": [')


@contextmanager
def serve(rule: Rule = longer) -> Iterator[JudgeServer]:
    """Yield a running judge."""
    with JudgeServer(rule) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
