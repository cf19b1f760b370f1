"""A project with real versions, from its folder to an answer and back to the version before."""

from __future__ import annotations

import httpx
import pytest
from served import chat, running, wait_for

from pinchtune.errors import DataError, RunError
from pinchtune.model.tiny import make_tiny_model
from pinchtune.releasing import Registry
from pinchtune.releasing.adding import add_version
from pinchtune.releasing.people import Person
from pinchtune.serving.making import make_server
from pinchtune.stages.project import Project

ADA, BO = Person("Ada", "ada"), Person("Bo", "bo")


@pytest.fixture
def registry(tmp_path):
    found = Registry(tmp_path / "versions")
    for seed, name in enumerate(("v1", "v2")):
        model = make_tiny_model(tmp_path / "arms" / name, seed)
        files = dict.fromkeys(path.name for path in model.iterdir())
        facts = {"base": "tiny", "method": "full", "base_facts": {}, "tuned_by": ADA.to_json()}
        add_version(found, name, model, files, {}, facts)
    (tmp_path / "pinch.toml").write_text('name = "support"\n[generate]\nmax_new_tokens = 5\n')
    return found


def promote(registry, name, action="promote"):
    registry.point("production", registry.get(name), action, BO)


def test_a_version_is_served_and_the_one_before_again(tmp_path, registry):
    promote(registry, "v1")
    app = make_server(Project.open(tmp_path))
    with running(app) as address, httpx.Client(base_url=address, timeout=60) as client:

        def version():
            reply = client.post("/v1/chat/completions", json=chat())
            assert reply.status_code == 200
            return reply.json()["system_fingerprint"]

        assert version() == "v1"
        promote(registry, "v2")
        wait_for(lambda: version() == "v2")
        promote(registry, "v1", "rollback")
        wait_for(lambda: version() == "v1")
        damage(registry, "v2")
        promote(registry, "v2")
        wait_for(lambda: "refused" in client.get("/metrics").text)
        assert version() == "v1"
        figures = client.get("/metrics").text
        assert 'pinch_version{arm="production",version="v1"} 1.0' in figures
        assert 'outcome="refused"} 1.0' in figures


def damage(registry, name):
    path = registry.get(name).model_path / "model.safetensors"
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)


def test_a_damaged_version_or_pointer_does_not_start(tmp_path, registry):
    promote(registry, "v1")
    damage(registry, "v1")
    with pytest.raises(RunError, match=r"v1 is not whole: .*model\.safetensors"):
        make_server(Project.open(tmp_path))
    registry.pointer_path("production").write_text("{")
    with pytest.raises(DataError, match=r"production\.json: is damaged"):
        make_server(Project.open(tmp_path))
