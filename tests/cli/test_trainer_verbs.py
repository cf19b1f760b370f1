"""`pinch export trainer`, `pinch arm` and `pinch init --from` as somebody types them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pinchtune.errors import BAD_INPUT, DONE


@pytest.fixture
def mixed_project(make_project, pinch) -> Path:
    folder = make_project()
    assert pinch("mix", "-q", "-p", folder).code == DONE
    return folder


def test_export_an_arm(mixed_project, pinch, tmp_path):
    out = tmp_path / "out"
    told = pinch("export", "trainer", "pinch", out, "--to", "ms-swift", "-p", mixed_project)
    assert told.code == DONE and told.err == "24 rows for ms-swift\n"
    assert told.out == f"{out}: for ms-swift; next: see its README.md\n"
    told = pinch("export", "trainer", "pinch", out, "--to", "spark", "-p", mixed_project)
    assert told.code == BAD_INPUT and told.err.startswith("pinch: --to spark: is not known; use")


def test_export_without_a_verb_is_of_a_model(mixed_project, pinch, tmp_path):
    """As it was before there was another one."""
    for words in (("export",), ("export", "model")):
        told = pinch(*words, "v9", tmp_path / "out", "--to", "gguf", "-p", mixed_project)
        assert told.code == BAD_INPUT
        assert told.err.startswith("pinch: 'v9' is neither an arm nor a version; use one of: ")
        told = pinch(*words, "--to", "spark", "pinch", tmp_path / "out", "-p", mixed_project)
        assert told.err.startswith("pinch: --to spark: is not known; use one of: merged, adapter")
    told = pinch("export", "--help")
    assert told.code == DONE and "trainer" in told.out and "model" in told.out


def test_arms(mixed_project, pinch, tmp_path):
    told = pinch("arm", "list", "-p", mixed_project)
    assert told.out == "english  missing  pinchtune\npinch  missing  pinchtune\n"
    (tmp_path / "x").mkdir()
    told = pinch("arm", "add", tmp_path / "x", "--as", "pinch", "-p", mixed_project)
    assert told.code == BAD_INPUT and "holds neither adapter_config.json with" in told.err
    told = pinch("arm", "remove", "pinch", "-p", mixed_project)
    assert told.code == BAD_INPUT and "did not come from elsewhere" in told.err


def test_init_from(pinch, tmp_path):
    source = tmp_path / "theirs.yaml"
    source.write_text("base_model: org/base\nlearning_rate: 0.0002\nflex_attention: true\n")
    told = pinch("init", tmp_path / "new", "--from", source, "--empty")
    assert told.code == DONE
    lines = told.out.splitlines()
    assert lines[0] == f"{tmp_path / 'new/pinch.toml'} is made from a configuration of axolotl"
    assert "  train.learning_rate = 0.0002" in lines
    assert lines[-2:] == ["not taken over:", "  flex_attention"]
    told = pinch("init", tmp_path / "other", "--from", source, "--json")
    assert json.loads(told.out)["left"] == {"flex_attention": ""}
