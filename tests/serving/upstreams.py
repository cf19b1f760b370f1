"""Acts of another server, for `judge_server`: streams, and what should not be followed."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from typing import Any

from judge_server import Act


def chunk(text: str, **more: Any) -> bytes:
    row = {"choices": [{"index": 0, "delta": {"content": text}}], **more}
    return f"data: {json.dumps(row)}\n\n".encode()


def stream(*parts: bytes, pause: float = 0.0, cut: bool = False) -> Act:
    """Send these bytes as they are, one HTTP chunk each; `cut` breaks off at the end."""

    def act(handler: Any) -> None:
        handler.send_response(200)
        handler.send_header("Content-Type", "text/event-stream")
        handler.send_header("Transfer-Encoding", "chunked")
        handler.send_header("Set-Cookie", "a=b")
        handler.send_header("X-Inner", "secret")
        handler.end_headers()
        try:
            for part in parts:
                handler.wfile.write(f"{len(part):x}\r\n".encode() + part + b"\r\n")
                time.sleep(pause)
            if not cut:
                handler.wfile.write(b"0\r\n\r\n")
        except OSError:
            handler.server.left += 1
        handler.close_connection = cut

    return act


def whole(parts: Sequence[str] = ("Hallo Welt",), **headers: str) -> Act:
    text = "".join(parts)
    usage = {"prompt_tokens": 3, "completion_tokens": 7, "total_tokens": 10}
    row = {"id": "theirs", "choices": [{"message": {"content": text}}], "usage": usage}
    data = json.dumps(row).encode()
    named = {name.replace("_", "-"): value for name, value in headers.items()}

    def act(handler: Any) -> None:
        handler.send(200, data, {"Content-Type": "application/json", **named})

    return act


def redirect(where: str) -> Act:
    return lambda handler: handler.send(307, b"", {"Location": where})


def fails(status: int, body: bytes, kind: str = "application/json", **headers: str) -> Act:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda handler: handler.send(status, body, {"Content-Type": kind, **named})
