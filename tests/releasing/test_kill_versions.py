"""kill -9 at random moments: every pointer names a verified version, nothing is half made."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from made_up_versions import BEN, check_whole, make_version
from pinchtune.releasing import Registry
from pinchtune.releasing.registry import PROMOTE

SCRIPT = Path(__file__).with_name("act_on_versions.py")


class Actor:
    """Forks children that act on the registry; importing costs more than acting."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, str(SCRIPT)],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            bufsize=1,
        )

    def act(self, folder: Path, action: str, name: str, kill_after: float | None = None) -> int:
        """Return the child's wait status; it is killed after some seconds if told so."""
        assert self.process.stdin and self.process.stdout
        self.process.stdin.write(f"{folder}\t{action}\t{name}\n")
        child = int(self.process.stdout.readline())
        if kill_after is not None:
            time.sleep(kill_after)
            with suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)
        return int(self.process.stdout.readline())


@pytest.fixture
def actor() -> Iterator[Actor]:
    actor = Actor()
    yield actor
    actor.process.communicate(timeout=30)


def target(registry: Registry, action: str, turn: int) -> str:
    if action == "add":
        return f"new{turn}"
    now = registry.pointer("production")
    return next(name for name in ("v1", "v2") if name != now)


@pytest.mark.parametrize("action", ["add", "promote", "rollback"])
@pytest.mark.parametrize("kills", [3, pytest.param(20, marks=pytest.mark.slow)])
def test_killed_at_any_moment(actor, registry, action, kills):
    for name in ("v1", "v2"):
        make_version(registry, name)
        registry.point("production", registry.get(name), PROMOTE, BEN)
    start = time.monotonic()
    assert actor.act(registry.folder, action, target(registry, action, 0)) == 0
    seconds = time.monotonic() - start
    rng, hits, turn = random.Random(f"{action}-{kills}"), 0, 1
    while hits < kills:
        wanted = target(registry, action, turn)
        status = actor.act(registry.folder, action, wanted, rng.uniform(0, seconds))
        hits, turn = hits + os.WIFSIGNALED(status), turn + 1
        check_whole(registry)
        if status == 0:
            seconds *= 0.9
    wanted = target(registry, action, turn)
    assert actor.act(registry.folder, action, wanted) == 0
    check_whole(registry)
    if action == "add":
        assert wanted in registry.names()
        assert not list(registry.folder.glob(".*.unfinished"))
    else:
        assert registry.pointer("production") == wanted
