"""kill -9 of commands and of the server at random moments, while people ask and rate."""

from __future__ import annotations

import json
import os
import random
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest
from released_tiny import arms, ask, release_tiny
from served import wait_for

from forker import Forker
from made_up_versions import BEN, check_whole
from pinchtune.abtest.course import current_folder
from pinchtune.abtest.plan import Plan
from pinchtune.abtest.running import start_test
from pinchtune.releasing import Registry
from pinchtune.releasing.registry import PROMOTE
from server import ModelServer

pytestmark = pytest.mark.slow
KILLS = 20
SCRIPT = Path(__file__).with_name("act_by_command.py")
WORDS = {
    "promote": ("promote", "{}", "--by", "Cy", "--no-smoke", "-q"),
    "rollback": ("rollback", "{}", "--by", "Dee", "--why", "burning", "--no-smoke", "-q"),
}


class Commander(Forker):
    """Runs `pinch versions`."""

    def on(self, folder: Path, verb: str, name: str, kill_after: float | None = None) -> int:
        words = [word.format(name) for word in WORDS[verb]]
        return self.act(json.dumps(["versions", *words, "-p", str(folder)]), kill_after)


@pytest.fixture(scope="module")
def commander() -> Iterator[Commander]:
    commander = Commander(SCRIPT)
    yield commander
    commander.close()


@dataclass
class Load:
    """People who ask without a pause, and rate what they get."""

    address: str
    versions: set[str] = field(default_factory=set)
    acknowledged: dict[str, int] = field(default_factory=dict)
    """The last rating of each answer that the server said it had kept."""
    failures: list[str] = field(default_factory=list)
    _stop: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)

    def start(self, people: int = 4) -> None:
        self._stop.clear()
        self._threads = [threading.Thread(target=self._work, args=(n,)) for n in range(people)]
        for thread in self._threads:
            thread.start()

    def end(self) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _work(self, number: int) -> None:
        rng = random.Random(number)
        with httpx.Client(base_url=self.address, timeout=60) as client:
            while not self._stop.is_set():
                try:
                    self._turn(client, rng)
                except httpx.TransportError as error:
                    self.failures.append(type(error).__name__)
                    return
                except AssertionError as error:
                    self.failures.append(str(error))

    def _turn(self, client: httpx.Client, rng: random.Random) -> None:
        answer = ask(client, user=f"user-{rng.randrange(200)}")
        self.versions.add(str(answer["system_fingerprint"]))
        id, score = str(answer["id"]), rng.randrange(1, 6)
        reply = client.post("/v1/feedback", json={"id": id, "score": score})
        if reply.status_code == 200:
            self.acknowledged[id.rpartition("-")[2]] = score


def other(registry: Registry) -> str:
    now = registry.pointer("production")
    return next(name for name in ("v1", "v2") if name != now)


@pytest.mark.parametrize("verb", WORDS)
def test_a_killed_command_leaves_one_verified_version(tmp_path, commander, verb):
    """And the server goes on answering, with the version that the pointer names."""
    registry = release_tiny(tmp_path, "v1", "v2")
    server = ModelServer(tmp_path).start()
    load, rng = Load(server.address), random.Random(verb)
    try:
        load.start()
        start = time.monotonic()
        assert commander.on(tmp_path, verb, other(registry)) == 0
        seconds, kills, moved = time.monotonic() - start, 0, 0
        with httpx.Client(base_url=server.address, timeout=60) as client:
            while kills < KILLS:
                before = registry.pointer("production")
                status = commander.on(tmp_path, verb, other(registry), rng.uniform(0, seconds))
                kills += os.WIFSIGNALED(status)
                check_whole(registry)
                moved += registry.pointer("production") != before
                wait_for(lambda: arms(client)["production"] == registry.pointer("production"))
        wanted = other(registry)
        assert commander.on(tmp_path, verb, wanted) == 0
        assert registry.pointer("production") == wanted and moved > 0
    finally:
        load.end()
        server.stop()
    assert load.failures == [] and load.versions == {"v1", "v2"}


def kept_ratings(folder: Path) -> dict[str, int]:
    """Return the last rating of each answer, from a journal that is sound."""
    with closing(sqlite3.connect(current_folder(folder) / "journal.db")) as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        return dict(db.execute("SELECT exchange, score FROM feedback ORDER BY number"))


def test_a_killed_server_loses_no_acknowledged_feedback(tmp_path, commander):
    """And it comes back with the version that the pointer names."""
    registry = release_tiny(tmp_path, "v1", "v2")
    registry.point("candidate", registry.get("v1"), PROMOTE, BEN)
    start_test(tmp_path, Plan(("production", "candidate"), ("es",)), "Kim")
    server, rng = ModelServer(tmp_path), random.Random("server")
    load, kept = Load(server.address), 0
    for turn in range(KILLS):
        server.start()
        try:
            with httpx.Client(base_url=server.address, timeout=60) as client:
                assert arms(client)["production"] == registry.pointer("production")
            before = len(load.acknowledged)
            load.start()
            wait_for(lambda known=before: len(load.acknowledged) > known)
            time.sleep(rng.uniform(0, 0.5))
            if turn % 2:
                # A pointer moves in the moments before the end.
                commander.on(tmp_path, "rollback", other(registry))
        finally:
            server.kill()
            load.end()
        check_whole(registry)
        found = kept_ratings(tmp_path)
        assert load.acknowledged.items() <= found.items()
        assert len(load.acknowledged) > kept
        kept = len(load.acknowledged)
    # Whoever was cut off met a broken connection, never a wrong answer.
    assert all(failure.endswith("Error") for failure in load.failures), load.failures
