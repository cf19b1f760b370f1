"""A project with released versions of tiny random models, their weights in several files."""

from __future__ import annotations

from pathlib import Path

import httpx
from served import chat

from made_up_versions import ANA, BEN
from pinchtune.files import hash_tree
from pinchtune.model.tiny import make_tiny_model
from pinchtune.releasing import Registry
from pinchtune.releasing.adding import add_version
from pinchtune.releasing.registry import PROMOTE

TOML = """\
name = "support"
[model]
dtype = "float32"
device = "cpu"
[languages]
tuned = ["es", "ja"]
unseen = ["ar"]
[serve]
requests_per_minute = 0
concurrency = 0
queue = 1000
[generate]
max_new_tokens = 4
"""
SPANISH = "¿Cuál es el color del cielo?"


def release_tiny(folder: Path, *names: str) -> Registry:
    """Release a model under each name, and promote them one after the other."""
    (folder / "pinch.toml").write_text(TOML, "utf-8")
    registry = Registry(folder / "versions")
    for seed, name in enumerate(names):
        model = _shard(make_tiny_model(folder / "models" / name, seed))
        facts = {
            "base": str(model),
            "base_facts": {},
            "method": "full",
            "arm": "pinch",
            "decision": {"verdict": "go"},
            "tuned_by": ANA.to_json(),
        }
        version = add_version(registry, name, model, hash_tree(model), {}, facts)
        registry.point("production", version, PROMOTE, BEN)
    return registry


def _shard(folder: Path) -> Path:
    """Split the weights, as those of a large model are."""
    from transformers import AutoModelForCausalLM

    model = AutoModelForCausalLM.from_pretrained(folder)
    (folder / "model.safetensors").unlink()
    model.save_pretrained(folder, max_shard_size="64KB")
    assert len(list(folder.glob("model-*.safetensors"))) > 1
    return folder


def ask(client: httpx.Client, user: str = "", question: str = SPANISH) -> dict[str, object]:
    """Return an answer; an error if there is none."""
    body = chat(question, model="auto", **({"user": user} if user else {}))
    reply = client.post("/v1/chat/completions", json=body)
    assert reply.status_code == 200, reply.text
    found: dict[str, object] = reply.json()
    return found


def arms(client: httpx.Client) -> dict[str, str]:
    """Return the version behind each arm."""
    found: dict[str, str] = client.get("/health").json()["arms"]
    return found
