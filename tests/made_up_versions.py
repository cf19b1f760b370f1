"""Versions without weights: what the registry keeps are files."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from pinchtune.files import hash_file
from pinchtune.releasing import Registry, Version
from pinchtune.releasing.adding import add_version
from pinchtune.releasing.names import KINDS
from pinchtune.releasing.people import Person

ANA, BEN = Person("Ana", "shared"), Person("Ben", "other")
SHARDS = ("model-1.safetensors", "model-2.safetensors", "config.json")


def make_arm(folder: Path, text: str = "weights") -> dict[str, str | None]:
    """Write an arm's folder and return its files with their hashes."""
    (folder / "deep").mkdir(parents=True, exist_ok=True)
    for name in (*SHARDS, "deep/tokenizer.json"):
        (folder / name).write_text(f"{text} {name}", "utf-8")
    return {name: hash_file(folder / name) for name in (*SHARDS, "deep/tokenizer.json")}


def make_version(
    registry: Registry,
    name: str,
    verdict: str = "go",
    tuned_by: Person = ANA,
    facts: Mapping[str, object] | None = None,
) -> Version:
    arm = registry.folder.parent / "arm"
    promised = make_arm(arm, name)
    known = {
        "base": "nothing",
        "base_facts": {},
        "method": "full",
        "arm": "pinch",
        "decision": {"verdict": verdict} if verdict else None,
        "tuned_by": tuned_by.to_json(),
        **(facts or {}),
    }
    evidence = {"decision.json": f'{{"verdict": "{verdict}"}}'.encode()}
    return add_version(registry, name, arm, promised, evidence, known)


def check_whole(registry: Registry) -> None:
    """Whatever was cut off, all that can be seen is whole."""
    for name in registry.names():
        assert registry.verify(name) == []
    for kind in KINDS:
        pointed = registry.pointer(kind)
        assert pointed is None or pointed in registry.names()
        changes = [e for e in registry.history() if e.get("pointer") == kind]
        assert (changes[-1]["version"] if changes else None) == pointed
    ids = [event["id"] for event in registry.history()]
    assert len(ids) == len(set(ids))
