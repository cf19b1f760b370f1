"""A project that begins with somebody else's configuration."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

import pinchtune
from pinchtune.errors import ConfigError, DataError, UsageError

ROWS = [
    {"instruction": f"Say {i}.", "input": "", "output": f"{i} it is, my dear friend."}
    for i in range(5)
]


def write_config(folder: Path, **options: object) -> Path:
    config = {
        "base_model": 'org/my "base"',
        "learning_rate": "1e-4",
        "lora_r": 4,
        "adapter": "lora",
    }
    folder.mkdir(exist_ok=True)
    path = folder / "axolotl.yaml"
    path.write_text(yaml.safe_dump({**config, **options}), "utf-8")
    return path


def test_the_project_says_what_the_configuration_said(tmp_path):
    source = write_config(tmp_path / "theirs", bf16=True, flash_attention=True)
    begun = pinchtune.init_from(tmp_path / "new", source, starter=False)
    config = pinchtune.Project.open(tmp_path / "new").config
    assert config.model.base == 'org/my "base"' and config.model.dtype == "bfloat16"
    assert (config.train.rank, config.train.learning_rate) == (4, 1e-4)
    assert config.train.max_length == 512 and config.languages.tuned == ("es", "ja", "ru", "ar")
    assert begun.left == {"flash_attention": ""}
    assert not (tmp_path / "new/data").exists()


def test_their_data_are_the_base_set(tmp_path):
    source = write_config(tmp_path / "theirs", datasets=[{"path": "rows 日本.jsonl"}])
    rows = "".join(json.dumps(row) + "\n" for row in ROWS)
    (tmp_path / "theirs/rows 日本.jsonl").write_text(rows)
    begun = pinchtune.init_from(tmp_path / "new", source)
    project = pinchtune.Project.open(tmp_path / "new")
    assert [e.response for e in project.examples("base")] == [row["output"] for row in ROWS]
    names = {path.name for path in (tmp_path / "new/data").iterdir()}
    assert names == {"pinch.jsonl", "evaluation.jsonl"} and not begun.left


def test_data_that_cannot_be_read_are_named(tmp_path):
    source = write_config(tmp_path / "theirs", datasets=[{"path": "rows.jsonl"}, {"path": "a/b"}])
    (tmp_path / "theirs/rows.jsonl").write_text('{"text": "x"}\n')
    begun = pinchtune.init_from(tmp_path / "new", source)
    assert "data.base" not in begun.taken
    [first, second] = begun.left.values()
    assert "has columns of no known shape" in first
    assert second == "take it in with `pinch data import a/b --into base`"
    assert (tmp_path / "new/data/base.jsonl").exists()


def test_a_value_that_we_refuse_names_their_file(tmp_path):
    source = write_config(tmp_path / "theirs", learning_rate=2)
    with pytest.raises(ConfigError, match=r"axolotl\.yaml: train\.learning_rate: expected"):
        pinchtune.init_from(tmp_path / "new", source)
    assert not (tmp_path / "new").exists()


def test_no_project_is_overwritten(tmp_path):
    source = write_config(tmp_path / "theirs")
    pinchtune.init_from(tmp_path / "new", source, starter=False)
    with pytest.raises(UsageError, match="exists already"):
        pinchtune.init_from(tmp_path / "new", source)
    with pytest.raises(DataError, match="does not exist"):
        pinchtune.init_from(tmp_path / "other", tmp_path / "gone.yaml")
