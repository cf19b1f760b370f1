"""Configurations of other trainers: what is taken, and that the rest is named."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from pinchtune.errors import UsageError
from pinchtune.trainers import axolotl, llamafactory
from pinchtune.trainers.reading import Taken, read_config
from pinchtune.trainers.recipe import Recipe

FACTORY = """
model_name_or_path: Qwen/Qwen3-4B
trust_remote_code: true
stage: sft
do_train: true
finetuning_type: lora
lora_rank: 16
lora_alpha: 16
lora_target: q_proj,v_proj
dataset: mine,theirs,gone
dataset_dir: data
template: qwen3
cutoff_len: 1024
learning_rate: 1e-4
num_train_epochs: 3.0
per_device_train_batch_size: 2
gradient_accumulation_steps: 8
lr_scheduler_type: cosine
warmup_ratio: 0.1
bf16: true
plot_loss: true
"""
AXOLOTL = """
base_model: NousResearch/Llama-3.2-1B
adapter: qlora
load_in_4bit: true
lora_r: 32
lora_alpha: 64
lora_dropout: 0.05
lora_target_linear: true
datasets:
  - path: rows.jsonl
    type: alpaca
  - path: org/set
    type: chat_template
sequence_len: 2048
sample_packing: true
micro_batch_size: 2
gradient_accumulation_steps: 4
num_epochs: 1
learning_rate: 0.0002
warmup_steps: 10
bf16: auto
"""


def read(folder: Path, text: str, name: str = "config.yaml") -> Taken:
    (folder / name).write_text(text, "utf-8")
    return read_config(folder / name)


def test_llamafactory(tmp_path):
    (tmp_path / "data").mkdir()
    info = {"mine": {"file_name": "mine.json"}, "theirs": {"hf_hub_url": "org/theirs"}}
    (tmp_path / "data/dataset_info.json").write_text(json.dumps(info))
    taken = read(tmp_path, FACTORY)
    assert taken.title == "LLaMA-Factory"
    assert taken.settings == {
        "model.base": "Qwen/Qwen3-4B",
        "model.dtype": "bfloat16",
        "train.method": "lora",
        "train.rank": 16,
        "train.max_length": 1024,
        "train.learning_rate": 1e-4,
        "train.epochs": 3,
        "train.warmup": 0.1,
        "train.weight_decay": 0.0,
        "train.clip": 1.0,
        "train.seed": 42,
        "train.device_batch_size": 2,
        "train.batch_size": 16,
    }
    assert taken.data == [str(tmp_path / "data/mine.json"), "org/theirs"]
    assert taken.left == {
        "trust_remote_code": "",
        "template": "",
        "plot_loss": "",
        "lora_alpha": "16: pinchtune takes twice the rank",
        "lora_target": "q_proj,v_proj: pinchtune does it as with all",
        "dataset": "gone: no dataset_info.json that is found here says what it is",
    }


def test_axolotl(tmp_path):
    (tmp_path / "rows.jsonl").write_text("{}\n")
    taken = read(tmp_path, AXOLOTL)
    assert taken.title == "axolotl"
    assert taken.settings["train.rank"] == 32 and taken.settings["train.batch_size"] == 8
    assert "train.method" not in taken.settings and "model.dtype" not in taken.settings
    assert taken.data == [str(tmp_path / "rows.jsonl"), "org/set"]
    assert taken.left == {
        "adapter": "qlora: pinchtune tunes lora or full",
        "load_in_4bit": "True: pinchtune does it as with False",
        "lora_dropout": "0.05: pinchtune does it as with 0",
        "sample_packing": "True: pinchtune does it as with False",
        "warmup_steps": "",
        "bf16": "",
    }


def test_what_is_left_out_has_the_trainers_own_default(tmp_path):
    taken = read(tmp_path, "model_name_or_path: org/base\n")
    assert taken.settings["train.epochs"] == 3 and taken.settings["train.learning_rate"] == 5e-5
    assert taken.left == {"lr_scheduler_type": "linear: pinchtune does it as with cosine"}


@pytest.mark.parametrize("name", ["axolotl", "llamafactory"])
def test_what_was_exported_reads_back(tmp_path, name):
    from pinchtune.config import TrainConfig

    train = TrainConfig(rank=4, learning_rate=3e-4, batch_size=8, device_batch_size=4, seed=5)
    recipe = Recipe("org/base", train, "bfloat16", 1, (8,) * 8)
    made = {"axolotl": axolotl, "llamafactory": llamafactory}[name].make_config(recipe)
    taken = read(tmp_path, yaml.safe_dump(made))
    for key in ("rank", "learning_rate", "batch_size", "device_batch_size", "seed", "max_length"):
        assert taken.settings[f"train.{key}"] == getattr(train, key)
    assert taken.settings["model.dtype"] == "bfloat16"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("lr: 1\n", "has neither model_name_or_path (LLaMA-Factory) nor base_model (axolotl)"),
        ("a: [1\n", "is not valid YAML"),
        ("- 1\n", "holds no options; name a configuration of a trainer"),
        ("", "holds no options; name a configuration of a trainer"),
    ],
)
def test_bad_configurations(tmp_path, text, message):
    with pytest.raises(UsageError) as caught:
        read(tmp_path, text)
    assert message in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize("value", ["fast", "true", "[1]", "2.5"])
def test_a_value_that_is_none_is_named(tmp_path, value):
    taken = read(tmp_path, f"base_model: b\nnum_epochs: {value}\n")
    assert "num_epochs" in taken.left and "train.epochs" not in taken.settings


def test_sizes_that_are_none_are_named(tmp_path):
    taken = read(tmp_path, "base_model: b\nmicro_batch_size: auto\n")
    assert taken.left["micro_batch_size"] == "'auto' is no whole number"
    assert "train.batch_size" not in taken.settings


def test_no_object_of_python_is_made(tmp_path):
    text = f"base_model: !!python/object/apply:os.mkdir ['{tmp_path}/sprung']\n"
    with pytest.raises(UsageError, match="is not valid YAML"):
        read(tmp_path, text)
    assert not (tmp_path / "sprung").exists()
