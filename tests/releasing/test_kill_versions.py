"""kill -9 at random moments: every pointer names a verified version, nothing is half made."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from forker import Forker
from made_up_versions import BEN, check_whole, make_version
from pinchtune.releasing import Registry
from pinchtune.releasing.registry import PROMOTE

SCRIPT = Path(__file__).with_name("act_on_versions.py")


class Actor(Forker):
    """Acts on the registry."""

    def on(self, folder: Path, action: str, name: str, kill_after: float | None = None) -> int:
        return self.act(f"{folder}\t{action}\t{name}", kill_after)


@pytest.fixture
def actor() -> Iterator[Actor]:
    actor = Actor(SCRIPT)
    yield actor
    actor.close()


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
    assert actor.on(registry.folder, action, target(registry, action, 0)) == 0
    seconds = time.monotonic() - start
    rng, hits, turn = random.Random(f"{action}-{kills}"), 0, 1
    while hits < kills:
        wanted = target(registry, action, turn)
        status = actor.on(registry.folder, action, wanted, rng.uniform(0, seconds))
        hits, turn = hits + os.WIFSIGNALED(status), turn + 1
        check_whole(registry)
        if status == 0:
            seconds *= 0.9
    wanted = target(registry, action, turn)
    assert actor.on(registry.folder, action, wanted) == 0
    check_whole(registry)
    if action == "add":
        assert wanted in registry.names()
        assert not list(registry.folder.glob(".*.unfinished"))
    else:
        assert registry.pointer("production") == wanted
