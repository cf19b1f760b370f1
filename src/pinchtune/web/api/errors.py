"""How the API refuses: one shape of answer for everything that can be wrong.

`{"error": {"code", "message"}}`, with `field` where one field is at fault, and after a conflict
with `current` (the example as it is now) and `yours` (what was sent).
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from starlette.exceptions import HTTPException

from pinchtune.errors import UsageError
from pinchtune.store import Conflict, Forbidden, Invalid, NotFound, StoreError, TooMany
from pinchtune.store.database import UNREACHABLE
from pinchtune.web.api.models import RowOut

log = logging.getLogger(__name__)

CODES = {
    401: "unauthorised",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    409: "conflict",
    413: "too_large",
    422: "invalid",
    429: "too_many",
    500: "failed",
    503: "busy",
}
_STATUS: tuple[tuple[type[StoreError], int], ...] = (
    (Forbidden, 403),
    (NotFound, 404),
    (Conflict, 409),
    (TooMany, 429),
    (Invalid, 422),
)


class ErrorDetail(BaseModel):
    """What went wrong."""

    code: str
    """A word that a program can go by."""
    message: str
    """A sentence for a person."""
    field: str | None = None
    """The field that is at fault, if it is one."""
    current: RowOut | None = None
    """After a conflict: the example as it is now."""
    yours: dict[str, Any] | None = None
    """After a conflict: what was sent."""


class ErrorOut(BaseModel):
    """The body of every answer that refuses."""

    error: ErrorDetail


def describe(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return what the documentation says about the refusals of an operation."""
    known = (401, 413, 422, 429, *statuses)
    return {s: {"model": ErrorOut, "description": CODES[s]} for s in sorted(known)}


def refuse(
    status: int, message: str, headers: Mapping[str, str] | None = None, **more: Any
) -> JSONResponse:
    """Return an answer that refuses."""
    error = {"code": CODES.get(status, "refused"), "message": message, **more}
    return JSONResponse({"error": error}, status, dict(headers or {}))


def install(app: FastAPI) -> None:
    """Turn every exception of the API into an answer of this shape."""
    app.add_exception_handler(StoreError, _refused)
    app.add_exception_handler(UsageError, _refused)
    app.add_exception_handler(RequestValidationError, _not_valid)
    app.add_exception_handler(HTTPException, _http)
    for kind in UNREACHABLE:
        app.add_exception_handler(kind, _unreachable)
    app.add_exception_handler(Exception, _unforeseen)


async def _refused(request: Request, error: Exception) -> JSONResponse:
    status = next((s for kind, s in _STATUS if isinstance(error, kind)), 422)
    values = error.values if isinstance(error, StoreError) else {}
    more: dict[str, Any] = {"field": values["field"]} if "field" in values else {}
    if isinstance(error, Conflict) and error.row is not None:
        more["current"] = RowOut.of(error.row).model_dump(mode="json")
        more["yours"] = await _body(request)
    headers = {"Retry-After": str(error.wait)} if isinstance(error, TooMany) else {}
    return refuse(status, str(error), headers, **more)


async def _body(request: Request) -> Any:
    try:
        return await request.json()
    except (ValueError, RuntimeError):
        return {}


async def _not_valid(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    place = [str(part) for part in first["loc"] if part not in ("body", "query", "path", "header")]
    field = ".".join(place)
    reason = first["msg"].removeprefix("Value error, ")
    message = f"{field or 'The body'}: {reason}"
    return refuse(422, message.encode("utf-8", "replace").decode(), field=field or None)


async def _http(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    if error.status_code == 400:
        return refuse(422, "The body is not JSON in UTF-8; send an object.")
    return refuse(error.status_code, _SAID.get(error.status_code, error.detail), error.headers)


_SAID = {
    404: "There is nothing here; the operations are listed in openapi.json.",
    405: "This address does not take this method.",
    413: "The body is too large.",
}


async def _unreachable(request: Request, error: Exception) -> JSONResponse:
    log.error("the database does not answer", exc_info=error)
    return refuse(503, "The database does not answer; try again later.", {"Retry-After": "10"})


async def _unforeseen(request: Request, error: Exception) -> JSONResponse:
    # Not the error's own text: it can hold what only the database should know.
    log.error("the API failed", exc_info=error)
    return refuse(500, "The server could not do this; its log says why.")
