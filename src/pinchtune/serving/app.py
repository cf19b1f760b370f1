"""The OpenAI-compatible server as an application: its addresses and what they return."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.responses import Response
from starlette.routing import Route

from pinchtune.errors import RunError, UsageError
from pinchtune.serving.answering import Answers, let_in, read_body
from pinchtune.serving.asking import check_text, read_object
from pinchtune.serving.errors import ApiError, bad_value, unsupported
from pinchtune.serving.guard import Guard, Net

if TYPE_CHECKING:
    from starlette.requests import Request

    from pinchtune.serving.service import Service

LOOK_SECONDS = 0.5
"""How often the pointers are looked at when nobody asks anything."""
MOST_ID, MOST_REASON = 100, 2000
"""Characters of an answer's id, and of a reason."""
METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"
Handler = Callable[["Request"], Awaitable[Response]]
_log = logging.getLogger("pinchtune.serving")


def make_app(service: Service, closers: tuple[Callable[[], Any], ...] = ()) -> Starlette:
    """Return the application of a service; `closers` are called when it ends."""

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        service.ear.warm()
        looking = asyncio.create_task(_keep_looking(service))
        try:
            yield
        finally:
            looking.cancel()
            for close in (*closers, service.close):
                done = close()
                if isinstance(done, Awaitable):
                    await done

    pages = _Pages(service)
    routes = [
        Route("/v1/chat/completions", Answers(service, "chat"), methods=["POST"]),
        Route("/v1/completions", Answers(service, "completion"), methods=["POST"]),
        Route("/v1/feedback", pages.feedback, methods=["POST"]),
        Route("/v1/models", pages.models),
        Route("/v1/models/{name:path}", pages.model),
        Route("/metrics", pages.metrics),
        Route("/health", pages.health),
    ]
    handlers: dict[Any, Any] = {ApiError: _tell, HTTPException: _tell_http}
    limit = service.config.serve.request_kilobytes * 1024
    app = Starlette(
        routes=routes,
        lifespan=lifespan,
        middleware=[Middleware(Guard, body_bytes=limit), Middleware(Net)],
        exception_handlers=handlers,
    )
    app.state.service = service
    return app


async def _keep_looking(service: Service) -> None:
    while True:
        service.look()
        await asyncio.sleep(LOOK_SECONDS)


class _Pages:
    """Everything that is no answer of a model."""

    def __init__(self, service: Service) -> None:
        self.service = service

    async def health(self, request: Request) -> Response:
        """Return 200 if whatever `auto` asks for is ready; whoever may ask reads the versions."""
        service, shown = self.service, {}
        arms = {name: arm.version for name, arm in service.arms.items() if arm.ready}
        ready = service.config.serve.arm in arms
        with suppress(ApiError):
            let_in(service, request.scope, has_body=False)
            shown = {"arms": arms}
        status = {"status": "ok" if ready else "not ready"}
        return _json({**status, **shown}, 200 if ready else 503)

    async def models(self, request: Request) -> Response:
        """List what can be asked."""
        let_in(self.service, request.scope, has_body=False)
        return _json({"object": "list", "data": [_model(name) for name in self.service.names]})

    async def model(self, request: Request) -> Response:
        """Say that a model is there."""
        let_in(self.service, request.scope, has_body=False)
        name = request.path_params["name"]
        if name not in self.service.names:
            message = f"there is no model {name[:64]!r}"
            raise ApiError(404, message, "model_not_found", "model")
        return _json(_model(name))

    async def metrics(self, request: Request) -> Response:
        """Return the figures."""
        let_in(self.service, request.scope, has_body=False)
        return Response(self.service.metrics.text(), media_type=METRICS_TYPE)

    async def feedback(self, request: Request) -> Response:
        """Keep what a user thought of an answer."""
        holder = let_in(self.service, request.scope, has_body=True)
        with self.service.limits.of(holder.name).enter():
            body = read_object(await read_body(request.receive))
            id, score, thumb, reason = _read_feedback(body)
            try:
                await self.service.feed_back(id, score, thumb, reason)
            except UsageError as error:
                raise ApiError(404, str(error), "unknown_id", "id") from error
            except RunError as error:
                _log.error("feedback could not be kept: %s", error)
                message = "this could not be kept; send it again later"
                raise ApiError(503, message, "not_kept") from error
        return _json({"object": "feedback", "id": body["id"], "status": "kept"})


def _model(name: str) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": 0, "owned_by": "pinchtune"}


def _read_feedback(body: dict[str, Any]) -> tuple[str, int | None, str | None, str]:
    for name in body:
        if name not in ("id", "score", "thumb", "reason"):
            raise unsupported(name)
    id, reason = check_text(body.get("id"), "id"), check_text(body.get("reason") or "", "reason")
    score, thumb = body.get("score"), body.get("thumb")
    if not 0 < len(id) <= MOST_ID:
        raise bad_value("id", "expected the id of an answer")
    if len(reason) > MOST_REASON:
        raise bad_value("reason", f"expected text of at most {MOST_REASON} characters")
    if score is not None and (isinstance(score, bool) or score not in (1, 2, 3, 4, 5)):
        raise bad_value("score", "expected a whole number from 1 to 5")
    if thumb not in (None, "up", "down"):
        raise bad_value("thumb", 'expected "up" or "down"')
    if (score is None) == (thumb is None):
        raise bad_value("score", "expected either score or thumb")
    # Clients know an answer by its own id, which begins with its kind, or by X-Request-Id.
    return id.rpartition("-")[2], None if score is None else int(score), thumb, reason


def _json(value: Any, status: int = 200) -> Response:
    return Response(json.dumps(value), status, media_type="application/json")


async def _tell(request: Request, error: ApiError) -> Response:
    reply = _json(error.body(), error.status)
    for name, value in error.headers():
        reply.headers[name.decode()] = value.decode()
    return reply


async def _tell_http(request: Request, error: HTTPException) -> Response:
    texts = {404: "there is nothing at this address", 405: "the address does not take this method"}
    message = texts.get(error.status_code, "the request cannot be answered")
    return await _tell(request, ApiError(error.status_code, message, "not_found"))
