"""A version is whole or it is not there."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from made_up_versions import SHARDS, make_arm, make_version
from pinchtune.errors import RunError, UsageError
from pinchtune.files import hash_tree
from pinchtune.releasing.adding import add_version

FSYNC = os.fsync


def hidden(folder: Path) -> list[str]:
    return [p.name for p in folder.rglob(".*") if p.name != ".lock"]


def test_a_version_holds_a_copy_by_hash(registry):
    version = make_version(registry, "v1")
    assert registry.names() == ["v1"] and registry.verify("v1") == []
    found = {k: v for k, v in hash_tree(version.path).items() if k != "version.json"}
    assert found == version.files
    assert set(found) == {
        *(f"model/{name}" for name in SHARDS),
        "model/deep/tokenizer.json",
        "evidence/decision.json",
    }
    assert version.model_path == version.path / "model" and version.verdict == "go"
    assert registry.get("v1") == version and not hidden(registry.folder)


def test_a_later_run_of_the_arm_does_not_reach_the_version(registry):
    version = make_version(registry, "v1")
    for name in SHARDS:
        with (registry.folder.parent / "arm" / name).open("r+b") as file:
            file.write(b"another run")
    assert registry.verify("v1") == []
    assert (version.model_path / SHARDS[0]).stat().st_nlink == 1


def test_an_arm_that_is_not_what_was_tuned_is_refused(registry, tmp_path):
    promised = make_arm(tmp_path / "arm")
    (tmp_path / "arm" / SHARDS[1]).write_text("changed")
    with pytest.raises(RunError, match=r"model-2\.safetensors: is not what was tuned"):
        add_version(registry, "v1", tmp_path / "arm", promised, {}, {})
    (tmp_path / "arm" / SHARDS[1]).unlink()
    with pytest.raises(RunError, match=r"model-2\.safetensors: cannot be read"):
        add_version(registry, "v1", tmp_path / "arm", promised, {}, {})
    assert registry.names() == [] and not hidden(registry.folder)


def test_a_name_is_used_once(registry):
    make_version(registry, "v1")
    with pytest.raises(UsageError, match="is there already; versions never change"):
        make_version(registry, "v1")
    (registry.folder / "v2").write_text("a file in the way")
    with pytest.raises(UsageError, match="is there already"):
        make_version(registry, "v2")


@pytest.mark.parametrize("room", range(9))
def test_a_full_disk_leaves_nothing_half_made(registry, monkeypatch, room):
    make_version(registry, "v1")
    before = hash_tree(registry.folder)
    left = room

    def sync(handle: int) -> None:
        nonlocal left
        left -= 1
        if left < 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        FSYNC(handle)

    monkeypatch.setattr(os, "fsync", sync)
    with pytest.raises(RunError, match="the disk is full; free some space"):
        make_version(registry, "v2")
    monkeypatch.undo()
    assert hash_tree(registry.folder) == before and not hidden(registry.folder)
    assert registry.names() == ["v1"] and registry.verify("v1") == []
    assert make_version(registry, "v2").name == "v2"


def test_what_a_killed_process_left_goes_with_the_next_one(registry):
    make_version(registry, "v1")
    left = registry.folder / ".v2.abc.unfinished"
    (left / "model").mkdir(parents=True)
    (left / "version.json").write_text("{}")
    (registry.folder / ".production.json.x.unfinished").write_text("{")
    assert registry.names() == ["v1"]
    make_version(registry, "v3")
    assert not hidden(registry.folder)


def test_what_another_process_is_making_stays(registry):
    from pinchtune.releasing.adding import _unfinished_folder

    with _unfinished_folder(registry, "v1") as folder:
        make_version(registry, "v2")
        assert folder.is_dir()
    assert not hidden(registry.folder)
