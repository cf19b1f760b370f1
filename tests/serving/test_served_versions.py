from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from released import Versions
from served import chat, make_config, running, wait_for

from pinchtune.config import GenerateConfig
from pinchtune.errors import RunError
from pinchtune.model.tiny import make_tiny_model
from pinchtune.serving.engine import Engine
from pinchtune.serving.following import FIRST_PAUSE, Follower
from pinchtune.serving.keys import Keys
from pinchtune.serving.local import Loaded, LocalArm
from pinchtune.serving.making import assemble
from pinchtune.serving.weights import load_version


class Loads:
    """Makes what is loaded, and notes it."""

    def __init__(self):
        self.loaded, self.gate, self.fails, self.tries = [], threading.Event(), False, 0
        self.gate.set()

    def __call__(self, version):
        self.gate.wait(10)
        self.tries += 1
        if self.fails:
            raise MemoryError
        self.loaded.append(version.name)
        return Loaded(version.name, version.seal, None, None)


@pytest.fixture
def versions(tmp_path):
    found = Versions(tmp_path)
    for name in ("v1", "v2", "v3"):
        found.add(name, tmp_path)
    found.point("production", "v1")
    return found


@pytest.fixture
def follow(versions):
    engine, made = Engine(1), []

    def make(kept=0, clock=time.monotonic):
        names = ("production", "candidate")
        arms = [LocalArm(name, engine, GenerateConfig(), 64, None) for name in names]
        loads, changes = Loads(), []
        follower = Follower(versions, arms, loads, kept, lambda *said: changes.append(said), clock)
        made.append(follower)
        return follower, arms, loads, changes

    yield make
    for follower in made:
        follower.close()
    engine.close()


def move(follower, versions, arm, name):
    versions.point(arm.name, name)
    wait_for(lambda: follower.look() or arm.version == (name or ""))


def test_a_pointer_is_followed(follow, versions):
    follower, (production, candidate), loads, changes = follow()
    follower.start()
    assert (production.version, candidate.version) == ("v1", "")
    move(follower, versions, production, "v2")
    move(follower, versions, candidate, "v3")
    move(follower, versions, candidate, None)
    assert not candidate.ready and production.ready
    assert loads.loaded == ["v1", "v2", "v3"]
    assert changes[1:] == [
        ("production", "v1", "v2", True),
        ("candidate", "", "v3", True),
        ("candidate", "v3", "", True),
    ]


def test_a_pointer_that_is_written_again_changes_nothing(follow, versions):
    follower, (production, _), loads, _ = follow()
    follower.start()
    versions.point("production", "v1")
    follower.look()
    move(follower, versions, production, "v2")
    assert loads.loaded == ["v1", "v2"]


def test_the_old_version_answers_while_the_new_one_is_loaded(follow, versions):
    follower, (production, _), loads, _ = follow()
    follower.start()
    loads.gate.clear()
    versions.point("production", "v2")
    for _ in range(3):
        follower.look()
    assert production.version == "v1"
    # It moves on before v2 has been loaded.
    versions.point("production", "v3")
    loads.gate.set()
    wait_for(lambda: follower.look() or production.version == "v3")


@pytest.mark.parametrize("trouble", ["damaged", "memory", "unknown", "pointer"])
def test_a_version_that_is_not_whole_never_answers(follow, versions, trouble, caplog):
    follower, (production, _), loads, changes = follow()
    follower.start()
    if trouble == "damaged":
        versions.damaged.add("v2")
    loads.fails = trouble == "memory"
    versions.point("production", "v9" if trouble == "unknown" else "v2")
    if trouble == "pointer":
        versions.pointer_path("production").write_text("{")
    wait_for(lambda: follower.look() or len(changes) == 2)
    assert changes[1] == ("production", "v1", "v1", False)
    assert production.version == "v1" and "stays at v1" in caplog.text
    loads.fails = False
    versions.damaged.clear()
    move(follower, versions, production, "v3")


def test_a_version_that_is_not_whole_does_not_start(follow, versions):
    follower, *_ = follow()
    versions.damaged.add("v1")
    with pytest.raises(RunError, match="v1 is not whole: v1/model: is not what was released"):
        follower.start()


def test_the_way_back_needs_no_loading_but_is_verified(follow, versions):
    follower, (production, _), loads, changes = follow(kept=1)
    follower.start()
    move(follower, versions, production, "v2")
    move(follower, versions, production, "v1")
    assert loads.loaded == ["v1", "v2"]
    versions.damaged.add("v2")
    versions.point("production", "v2")
    wait_for(lambda: follower.look() or changes[-1][3] is False)
    assert production.version == "v1"
    move(follower, versions, production, "v3")
    move(follower, versions, production, "v1")
    assert loads.loaded == ["v1", "v2", "v3"]


@pytest.mark.parametrize("ending", ["is withdrawn", "becomes production, and is withdrawn"])
def test_a_candidate_does_not_take_the_place_of_the_way_back(follow, versions, ending):
    follower, (production, candidate), loads, _ = follow(kept=1)
    follower.start()
    move(follower, versions, production, "v2")
    move(follower, versions, candidate, "v3")
    if "production" in ending:
        move(follower, versions, production, "v3")
    move(follower, versions, candidate, None)
    move(follower, versions, production, "v2" if "production" in ending else "v1")
    assert loads.loaded == ["v1", "v2", "v3"]


def test_what_a_candidate_has_left_is_kept_where_there_is_room(follow, versions):
    follower, (_, candidate), loads, _ = follow(kept=1)
    follower.start()
    for name in ("v2", None, "v2", "v3", None, "v3"):
        move(follower, versions, candidate, name)
    assert loads.loaded == ["v1", "v2", "v3"]


def test_a_change_that_failed_is_tried_again_without_the_pointer_moving(follow, versions, caplog):
    now = [0.0]
    follower, (production, _), loads, changes = follow(clock=lambda: now[0])
    follower.start()
    loads.fails = True
    versions.point("production", "v2")
    for tries in range(1, 5):
        wait_for(lambda tries=tries: follower.look() or loads.tries == 1 + tries)
        wait_for(lambda: not busy(follower))
        now[0] += FIRST_PAUSE * 2 ** (tries - 1) - 0.01
        follower.look()
        assert not busy(follower), "it is not time yet"
        now[0] += 0.02
    loads.fails = False
    wait_for(lambda: follower.look() or production.version == "v2")
    # What is known is not told again.
    assert caplog.text.count("stays at v1: MemoryError") == 1
    assert changes[1:] == [
        ("production", "v1", "v1", False),
        ("production", "v1", "v2", True),
    ]


def busy(follower):
    return any(way.busy for way in follower._ways)


def test_a_pointer_whose_state_cannot_be_read_changes_nothing(follow, versions, caplog):
    follower, (production, _), _, _ = follow()
    follower.start()
    path = versions.pointer_path("production")
    path.unlink()
    path.symlink_to(path.name)
    for _ in range(3):
        follower.look()
    assert production.version == "v1" and caplog.text.count("cannot be read") == 1
    path.unlink()
    move(follower, versions, production, "v2")


def test_a_version_in_both_places_is_in_memory_once(follow, versions):
    follower, (production, candidate), loads, _ = follow()
    follower.start()
    move(follower, versions, candidate, "v1")
    assert candidate.loaded is production.loaded and loads.loaded == ["v1"]


def test_nothing_fails_while_versions_change_under_load(tmp_path):
    """Two versions in turn, twelve clients at a time: every answer is whole and of one of them."""
    config = make_config(slots=4, queue=100).model_copy(
        update={"generate": GenerateConfig(max_new_tokens=12)}
    )
    config = config.model_copy(
        update={"model": config.model.model_copy(update={"dtype": "float32", "device": "cpu"})}
    )
    versions, names = Versions(tmp_path), ("v0", "v1")
    for seed, name in enumerate(names):
        versions.add(name, make_tiny_model(tmp_path / name, seed))
    versions.point("production", "v0")
    keys = Keys(tmp_path / "keys.json")
    app = assemble(config, keys, versions, lambda v: load_version(v, config))
    service = app.state.service
    with running(app) as address, httpx.Client(base_url=address, timeout=60) as client:

        def ask(i):
            reply = client.post("/v1/chat/completions", json=chat(f"Question {i % 5}"))
            body = reply.json()
            assert reply.status_code == 200, body
            return i % 5, body["system_fingerprint"], body["choices"][0]["message"]["content"]

        client.post("/v1/chat/completions", json=chat())
        service.limits.at_once = service.limits.per_minute = 0
        service.limits.of("").at_once = service.limits.of("").per_minute = 0
        with ThreadPoolExecutor(12) as pool:
            found = []
            for turn in range(6):
                asked = [pool.submit(ask, i) for i in range(25)]
                versions.point("production", names[(turn + 1) % 2])
                found += [future.result() for future in asked]
    assert {version for _, version, _ in found} == set(names)
    # The same question has one answer in each version, whoever was beside it.
    assert len({(question, version) for question, version, _ in found}) == len(set(found))
