"""What happens to the files of a version, or to the disk, beside a server that answers."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from released_tiny import arms, ask, release_tiny
from served import wait_for

from made_up_versions import check_whole
from pinchtune.abtest.plan import Plan
from pinchtune.abtest.running import start_test
from pinchtune.errors import DONE, RUN_FAILED
from pinchtune.files import hash_tree, write_json
from pinchtune.releasing import Registry
from server import ModelServer, run_pinch

pytestmark = pytest.mark.slow
LIMITED = (
    "import resource, sys\n"
    "room = int(sys.argv[1]); resource.setrlimit(resource.RLIMIT_FSIZE, (room, room))\n"
    "sys.argv = ['pinch', *sys.argv[2:]]\n"
    "from pinchtune.cli.main import main\n"
    "main()\n"
)


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def shard(model: Path) -> Path:
    return sorted(model.glob("model-*.safetensors"))[0]


DAMAGE: dict[str, tuple[Callable[[Path], object], str]] = {
    "a byte": (
        lambda v: flip(shard(v / "model")),
        "model/model-00001-of-0000\\d.safetensors: is not what was released",
    ),
    "a shard": (
        lambda v: shard(v / "model").unlink(),
        "model/model-00001-of-0000\\d.safetensors: is missing",
    ),
    "manifest": (
        lambda v: os.truncate(v / "version.json", 100),
        "version.json: is missing, cut off or damaged; restore it from a backup",
    ),
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ModelServer]:
    """v1, v2 and v3 were production in turn, and v3 is."""
    folder = tmp_path_factory.mktemp("damage")
    release_tiny(folder, "v1", "v2", "v3")
    server = ModelServer(folder).start()
    yield server
    server.stop()


@pytest.fixture
def client(server: ModelServer) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=server.address, timeout=60) as client:
        yield client


@pytest.fixture
def registry(server: ModelServer, client: httpx.Client) -> Iterator[Registry]:
    """The registry; its versions and pointers are as before when the test ends."""
    registry = Registry(server.folder / "versions")
    wait_for(lambda: arms(client)["production"] == "v3")
    shutil.copytree(registry.folder, server.folder / "backup")
    yield registry
    for name in registry.names() or ("v1", "v2", "v3"):
        shutil.rmtree(registry.folder / name, ignore_errors=True)
    shutil.copytree(server.folder / "backup", registry.folder, dirs_exist_ok=True)
    shutil.rmtree(server.folder / "backup")


@pytest.mark.parametrize("name", DAMAGE)
def test_a_damaged_version_is_named_refused_and_never_answers(server, client, registry, name):
    damage, said = DAMAGE[name]
    damage(registry.folder / "v2")
    before = hash_tree(registry.folder)

    told = run_pinch("versions", "verify", "v2", "-p", str(server.folder))
    assert told.returncode == RUN_FAILED
    assert re.search(f"v2: {registry.folder}/v2/{said}", told.stdout)
    words = ("versions", "promote", "v2", "--by", "Cy", "--no-smoke", "-p", str(server.folder))
    told = run_pinch(*words)
    assert told.returncode == RUN_FAILED
    assert re.search(f"pinch: v2 is damaged: .*{said}; nothing was changed", told.stderr)
    words = ("versions", "rollback", "--why", "burning", "--no-smoke", "-p", str(server.folder))
    told = run_pinch(*words)
    assert told.returncode == RUN_FAILED and told.stderr.count("\n") == 1
    assert told.stderr.endswith("v1 is whole: pinch versions rollback v1\n")
    assert hash_tree(registry.folder) == before

    # Somebody writes the pointer by hand: what is loaded goes on answering.
    write_json(registry.pointer_path("production"), {"version": "v2"})
    log = len(server.said())
    wait_for(lambda: "production stays at v3: " in server.said()[log:])
    assert ask(client)["system_fingerprint"] == "v3" and arms(client)["production"] == "v3"


def test_the_version_that_answers_is_damaged(server, client, registry):
    """It answers on from memory; verify names it, and the way back works."""
    for damage, _ in DAMAGE.values():
        damage(registry.folder / "v3")
    assert ask(client)["system_fingerprint"] == "v3"
    told = run_pinch("versions", "verify", "-p", str(server.folder))
    assert told.returncode == RUN_FAILED and "v1: whole\nv2: whole\nv3: " in told.stdout
    words = ("versions", "rollback", "--why", "burning", "--no-smoke", "-p", str(server.folder))
    assert run_pinch(*words).returncode == DONE
    wait_for(lambda: ask(client)["system_fingerprint"] == "v2")


def run_limited(room: int, *words: str) -> subprocess.CompletedProcess[str]:
    """Run `pinch` where no file may grow beyond `room` bytes, as on a full disk."""
    command = [sys.executable, "-c", LIMITED, str(room), *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=600)


@pytest.mark.parametrize("verb", ["promote", "rollback"])
@pytest.mark.parametrize("room", [0, 100, 700])
def test_a_full_disk_leaves_one_whole_version(server, client, registry, verb, room):
    """Either the pointer's file or the history has no room left."""
    words = {
        "promote": ("promote", "v2", "--by", "Cy"),
        "rollback": ("rollback", "--by", "Dee", "--why", "burning"),
    }
    folder = str(server.folder)
    told = run_limited(room, "versions", *words[verb], "--no-smoke", "-q", "-p", folder)
    assert told.returncode == RUN_FAILED, told.stdout + told.stderr
    assert told.stderr.startswith("pinch: ") and told.stderr.count("\n") == 1
    assert "cannot be written" in told.stderr
    check_whole(registry)
    pointed = registry.pointer("production")
    wait_for(lambda: arms(client)["production"] == pointed)
    assert not list(registry.folder.glob("*.unfinished"))
    # As soon as there is room again, it goes on, and nothing that was done is missing.
    back = run_pinch("versions", "rollback", "v1", "--why", "x", "--no-smoke", "-q", "-p", folder)
    assert back.returncode == DONE, back.stderr
    check_whole(registry)


@pytest.mark.skipif(sys.platform != "linux", reason="limits of another process are Linux's")
def test_a_server_on_a_full_disk_answers_and_refuses_feedback(server, client, registry):
    import resource

    start_test(server.folder, Plan(("production", "candidate"), ("es",)), "Kim")
    # The server opens a test that was just started beside what it does.
    wait_for(lambda: rate(client, ask(client, "user-1")).status_code == 200)
    one = ask(client, "user-1")
    assert rate(client, one).status_code == 200
    process = server.process.pid
    _, most = resource.prlimit(process, resource.RLIMIT_FSIZE)
    resource.prlimit(process, resource.RLIMIT_FSIZE, (0, most))
    try:
        two = ask(client, "user-2")
        assert rate(client, two).status_code in (404, 503), "of an answer that was not kept"
        told = rate(client, one)
        assert told.status_code == 503
        assert told.json()["error"]["message"] == "this could not be kept; send it again later"
        assert ask(client, "user-3")["system_fingerprint"] == "v3"
    finally:
        resource.prlimit(process, resource.RLIMIT_FSIZE, (most, most))
    end = time.monotonic() + 60
    while rate(client, ask(client, "user-4")).status_code != 200:
        assert time.monotonic() < end, "feedback is not taken again"
    assert rate(client, one).status_code == 200


def rate(client: httpx.Client, answer: dict[str, object]) -> httpx.Response:
    return client.post("/v1/feedback", json={"id": answer["id"], "score": 4})
