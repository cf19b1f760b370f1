"""What a client is told when it gets no answer, in the shape that OpenAI's clients read."""

from __future__ import annotations

import json
from typing import Any

_TYPES = {
    401: "authentication_error",
    403: "permission_error",
    429: "rate_limit_error",
}

LAST = (408, 413)
"""Statuses after which the connection is closed: the rest of the body is not waited for."""


class ApiError(Exception):
    """Why a request gets no answer: status, sentence, code, and the parameter it is about."""

    def __init__(
        self,
        status: int,
        message: str,
        code: str,
        param: str | None = None,
        retry_after: int | None = None,
    ) -> None:
        super().__init__(message)
        self.status, self.message, self.code = status, message, code
        self.param, self.retry_after = param, retry_after

    def body(self) -> dict[str, Any]:
        """Return the JSON that the client reads."""
        fallback = "server_error" if self.status >= 500 else "invalid_request_error"
        error = {
            "message": self.message,
            "type": _TYPES.get(self.status, fallback),
            "param": self.param,
            "code": self.code,
        }
        return {"error": error}

    def headers(self) -> list[tuple[bytes, bytes]]:
        """Return the headers of the reply."""
        found = [(b"content-type", b"application/json")]
        if self.status == 401:
            found.append((b"www-authenticate", b"Bearer"))
        if self.retry_after is not None:
            found.append((b"retry-after", str(self.retry_after).encode()))
        if self.status in LAST:
            found.append((b"connection", b"close"))
        return found

    def data(self) -> bytes:
        """Return the reply's body; a client's name of a parameter can be no text."""
        return json.dumps(self.body()).encode()


def bad_value(param: str, message: str) -> ApiError:
    """Return the error of a parameter with a value that cannot be."""
    return ApiError(400, f"{param}: {message}", "invalid_value", param)


def unsupported(param: str, message: str = "is not supported; leave it out") -> ApiError:
    """Return the error of a parameter that this server does not know how to honour."""
    return ApiError(400, f"{param} {message}", "unsupported_parameter", param)


def unforeseen() -> ApiError:
    """Return the error of what should not have happened; the log says where."""
    return ApiError(500, "unforeseen error; the log says more", "failed")


def busy(seconds: int) -> ApiError:
    """Return the error of a server that has too much to do."""
    return ApiError(503, "the server is busy; try again later", "overloaded", None, seconds)
