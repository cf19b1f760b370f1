"""A real `pinch web` or `pinch serve` on a free port: it can be killed and come back."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

PATIENCE = 60
"""Seconds in which a server has to answer on a machine that is busy."""


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port


class Server:
    """The workplace of a project's folder."""

    verb: tuple[str, ...] = ("web",)
    greeting = "Workplace: {} "

    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder, free_port()
        self.address = f"http://127.0.0.1:{self.port}"
        self.log = folder / f"{self.verb[0]}.log"
        self.link = ""
        """The one-time link of the first administrator, if there was none."""

    def start(self) -> Server:
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                pinch(*self.verb, "-p", str(self.folder), "--port", str(self.port)),
                stdout=log,
                stderr=subprocess.STDOUT,
                env={**os.environ, "PYTHONUNBUFFERED": "1"},
            )
        try:
            self._wait()
        except BaseException:
            self.kill()
            raise
        found = re.search(rf"{self.address}/welcome/\S+", self.said())
        self.link = found[0] if found else ""
        return self

    def _wait(self) -> None:
        """Return when it has said where it is; its socket has been listening before."""
        end = time.monotonic() + PATIENCE
        while self.greeting.format(self.address) not in self.said():
            assert self.process.poll() is None and time.monotonic() < end, self.said()[-3000:]
            time.sleep(0.05)

    def said(self) -> str:
        return self.log.read_text("utf-8")

    def kill(self) -> None:
        """End it as a power cut would."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        self._end(signal.SIGTERM)

    def _end(self, number: int) -> None:
        self.process.send_signal(number)
        self.process.wait(PATIENCE)


class ModelServer(Server):
    """What answers with the version in production."""

    verb = ("serve", "--quiet")
    greeting = "Serving at {}/v1;"


def pinch(*words: str) -> list[str]:
    """Return the command line of a verb."""
    return [sys.executable, "-m", "pinchtune.cli", *words]


def run_pinch(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(pinch(*words), capture_output=True, text=True, timeout=10 * PATIENCE)
