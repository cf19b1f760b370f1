"""Whatever happens to a version on the disk is named."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from made_up_versions import ANA, make_arm, make_version
from pinchtune.files import hash_file
from pinchtune.releasing import Registry
from pinchtune.releasing.adding import add_version
from pinchtune.releasing.version import Version


def flip(path: Path, place: int = 0) -> None:
    data = bytearray(path.read_bytes())
    data[place % len(data)] ^= 1
    path.write_bytes(data)


def replace_by_link(path: Path) -> None:
    copy = path.parent.parent.parent / "elsewhere"
    shutil.move(path, copy)
    path.symlink_to(copy)


DAMAGE: dict[str, tuple[Callable[[Version], object], str]] = {
    "a byte": (
        lambda v: flip(v.model_path / "model-1.safetensors"),
        "model/model-1.safetensors: is not what was released",
    ),
    "a shard": (
        lambda v: (v.model_path / "model-2.safetensors").unlink(),
        "model/model-2.safetensors: is missing",
    ),
    "cut off": (
        lambda v: os.truncate(v.model_path / "deep/tokenizer.json", 3),
        "model/deep/tokenizer.json: is not what was released",
    ),
    "extra": (
        lambda v: (v.model_path / "pytorch_model.bin").write_bytes(b"pickle"),
        "model/pytorch_model.bin: does not belong to the version",
    ),
    "hidden": (lambda v: (v.path / ".x").write_bytes(b""), ".x: does not belong to the version"),
    "a link": (
        lambda v: replace_by_link(v.model_path / "config.json"),
        "model/config.json: is a link or a device, not a file",
    ),
    "a linked folder": (
        lambda v: (v.model_path / "more").symlink_to("/"),
        "model/more: does not belong to the version",
    ),
    "evidence": (
        lambda v: (v.evidence_path / "decision.json").write_text('{"verdict": "go!"}'),
        "evidence/decision.json: is not what was released",
    ),
    "truncated manifest": (
        lambda v: os.truncate(v.path / "version.json", 100),
        "version.json: is missing, cut off or damaged; restore it from a backup",
    ),
    "empty manifest": (
        lambda v: os.truncate(v.path / "version.json", 0),
        "version.json: is missing, cut off or damaged; restore it from a backup",
    ),
    "other manifest": (
        lambda v: (v.path / "version.json").write_text("[1]"),
        "version.json: is missing, cut off or damaged; restore it from a backup",
    ),
}


@pytest.mark.parametrize("name", DAMAGE)
def test_damage_is_named(registry, name):
    version = make_version(registry, "v1")
    damage, said = DAMAGE[name]
    damage(version)
    assert registry.verify("v1") == [f"{version.path}/{said}"]


def test_a_better_decision_written_into_the_manifest_is_found(registry):
    version = make_version(registry, "v1", verdict="no-go")
    path = version.path / "version.json"
    path.write_text(path.read_text().replace('"no-go"', '"go"'))
    [said] = registry.verify("v1")
    assert said == f"{path}: was changed after it was written; restore it from a backup"


def test_a_renamed_folder_is_found(registry):
    version = make_version(registry, "v1")
    version.path.rename(registry.folder / "v2")
    [said] = registry.verify("v2")
    assert said.endswith("version.json: is of version 'v1'; rename the folder back")


def test_all_that_is_wrong_is_told(registry):
    version = make_version(registry, "v1")
    for name in ("model-1.safetensors", "model-2.safetensors"):
        (version.model_path / name).unlink()
    flip(version.model_path / "config.json")
    assert len(registry.verify("v1")) == 3


@given(place=st.integers(0), file=st.sampled_from(("version.json", "model/config.json")))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25)
def test_no_flipped_bit_goes_unseen(place, file, tmp_path_factory):
    registry = Registry(tmp_path_factory.mktemp("v") / "versions")
    version = make_version(registry, "v1")
    flip(version.path / file, place)
    assert registry.verify("v1")


def test_a_version_that_says_nothing_of_its_base_is_checked_all_the_same(registry, tmp_path):
    promised = make_arm(tmp_path / "arm")
    facts = {"base": "somewhere", "method": "lora", "tuned_by": ANA.to_json()}
    version = add_version(registry, "v1", tmp_path / "arm", promised, {}, facts)
    assert registry.verify("v1") == []
    flip(version.model_path / "config.json")
    assert len(registry.verify("v1")) == 1


def test_the_base_model_belongs_to_an_adapter(registry, tmp_path):
    weights = tmp_path / "base" / "model.safetensors"
    weights.parent.mkdir()
    weights.write_bytes(b"base")
    facts = {"base": str(weights.parent), "weights": {weights.name: hash_file(weights)}}
    adapter = {"base": facts["base"], "base_facts": facts, "method": "lora"}
    make_version(registry, "v1", facts=adapter)
    make_version(registry, "v2", facts={**adapter, "method": "full"})
    assert registry.verify("v1") == []
    weights.write_bytes(b"other")
    [said] = registry.verify("v1")
    assert said == f"{weights}: is not the base model that was tuned; put the old one back"
    shutil.rmtree(weights.parent)
    [said] = registry.verify("v1")
    assert "is not a model folder" in said
    assert registry.verify("v2") == []
