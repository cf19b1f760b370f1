"""Servers for tests: an application of scripted arms, and any application on a real port."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import uvicorn
from starlette.testclient import TestClient

from pinchtune.abtest.records import Exchange
from pinchtune.config import Config
from pinchtune.errors import UsageError
from pinchtune.listening import listen
from pinchtune.serving.app import make_app
from pinchtune.serving.arms import Arm, ScriptedArm
from pinchtune.serving.keys import Keys
from pinchtune.serving.patience import PatientProtocol
from pinchtune.serving.service import Service

HERE = "127.0.0.1"
ANSWERS = {
    "What is the time, please?": "It is a quarter past three, as far as I know.",
    "¿Qué hora es ahora, por favor?": "It is a quarter past three, as far as I know.",
    "¿Cuál es el color del cielo?": "El cielo es de color azul cuando hace sol.",
    "Say 42.": "42",
}
QUESTION = next(iter(ANSWERS))
LANGUAGES = {"tuned": ("es", "ja"), "unseen": ("ar",)}


class Recorded:
    """A recorder that keeps everything, and knows the ids that it was handed."""

    def __init__(self) -> None:
        self.exchanges: list[Exchange] = []
        self.opinions: list[tuple[str, int | None, str | None, str]] = []

    def record(self, exchange: Exchange) -> None:
        self.exchanges.append(exchange)

    def feedback(
        self, id: str, *, score: int | None, thumb: str | None, reason: str, now: float
    ) -> None:
        if id not in [exchange.id for exchange in self.exchanges]:
            raise UsageError(f"there is no answer {id}; name one that was given")
        assert abs(now - time.time()) < 60
        self.opinions.append((id, score, thumb, reason))

    def wait(self, count: int) -> list[Exchange]:
        """Return the exchanges once there are so many: they are kept beside the answers."""
        end = time.monotonic() + 20
        while len(self.exchanges) < count and time.monotonic() < end:
            time.sleep(0.005)
        assert len(self.exchanges) == count
        return self.exchanges


def make_config(**serve: Any) -> Config:
    return Config(name="support", languages=LANGUAGES, serve=serve)


def make_service(
    folder: Path, arms: Sequence[Arm] = (), config: Config | None = None, **more: Any
) -> Service:
    return Service(
        config or make_config(),
        Keys(folder / "serve.keys.json"),
        arms or [ScriptedArm("production", ANSWERS, "v1"), ScriptedArm("candidate", {}, "v2")],
        **more,
    )


def browse(service: Service, **more: Any) -> TestClient:
    """Return a client of this machine; use it as a context manager, so that all is closed."""
    options = {"base_url": f"http://{HERE}", "client": (HERE, 5), **more}
    return TestClient(make_app(service), raise_server_exceptions=True, **options)


def chat(question: str = QUESTION, **more: Any) -> dict[str, Any]:
    return {"model": "auto", "messages": [{"role": "user", "content": question}], **more}


@contextmanager
def running(app: Any, protocol: type = PatientProtocol, **settings: Any) -> Iterator[str]:
    """Serve an application on a port of its own; yield its address."""
    with listen(HERE, 0) as listener:
        config = uvicorn.Config(
            app, http=protocol, ws="none", access_log=False, log_config=None, **settings
        )
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, args=([listener],))
        thread.start()
        try:
            wait_for(lambda: server.started or not thread.is_alive())
            assert server.started
            yield f"http://{HERE}:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(30)


def wait_for(there: Callable[[], object], seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while not there():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.01)
