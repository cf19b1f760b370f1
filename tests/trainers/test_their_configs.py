"""The configurations that are written, option by option."""

from __future__ import annotations

import ast
import json
from dataclasses import fields
from pathlib import Path

import pytest
import yaml

from pinchtune.config import TrainConfig
from pinchtune.trainers import axolotl, llamafactory, ms_swift
from pinchtune.trainers.recipe import Recipe

KNOWN = json.loads(Path(__file__).with_name("their_options.json").read_text("utf-8"))
"""The names of their options, with the release and the files of it that they were read from."""
RECIPE = Recipe(
    base="org/base",
    train=TrainConfig(
        rank=8, learning_rate=2e-4, batch_size=6, device_batch_size=4, weight_decay=0.1, seed=3
    ),
    dtype="bfloat16",
    warmup=2,
    sizes=(6,) * 10,
)
FULL = Recipe("org/base", TrainConfig(method="full"), "float32", 1, (8,) * 10)
WRITERS = {
    "axolotl": axolotl.make_config,
    "llamafactory": llamafactory.make_config,
    "ms-swift": ms_swift.make_config,
}


def transformers_options() -> set[str]:
    from transformers import Seq2SeqTrainingArguments

    return {field.name for field in fields(Seq2SeqTrainingArguments)}


@pytest.mark.parametrize("recipe", [RECIPE, FULL], ids=["lora", "full"])
@pytest.mark.parametrize("name", WRITERS)
def test_every_option_is_one_of_theirs(name, recipe):
    known = set(KNOWN[name]["options"])
    assert len(known) > 100
    if KNOWN[name]["with_transformers"]:
        known |= transformers_options()
    assert set(WRITERS[name](recipe)) <= known


def said(name: str, recipe: Recipe, keys: str) -> list[object]:
    config = yaml.safe_load(yaml.safe_dump(WRITERS[name](recipe)))
    return [config.get(key) for key in keys.split()]


def test_axolotl_is_told_the_recipe():
    keys = "base_model adapter lora_r lora_alpha lora_target_linear micro_batch_size"
    assert said("axolotl", RECIPE, keys) == ["org/base", "lora", 8, 16, True, 3]
    keys = "gradient_accumulation_steps learning_rate warmup_steps lr_scheduler weight_decay"
    assert said("axolotl", RECIPE, keys) == [2, 2e-4, 2, "cosine", 0.1]
    keys = "bf16 fp16 seed max_grad_norm sequence_len sample_packing curriculum_sampling"
    assert said("axolotl", RECIPE, keys) == [True, False, 3, 1.0, 512, False, True]
    assert said("axolotl", FULL, "adapter bf16 num_epochs") == [None, False, 1]
    [data] = axolotl.make_config(RECIPE)["datasets"]
    assert data == {"path": "tokens.jsonl", "ds_type": "json", "type": None}


def test_llamafactory_is_told_the_recipe():
    keys = "model_name_or_path finetuning_type lora_rank lora_alpha lora_target lora_dropout"
    assert said("llamafactory", RECIPE, keys) == ["org/base", "lora", 8, 16, "all", 0.0]
    keys = "per_device_train_batch_size gradient_accumulation_steps num_train_epochs"
    assert said("llamafactory", RECIPE, keys) == [3, 2, 1.0]
    keys = "tokenized_path disable_shuffling template save_strategy warmup_steps bf16 seed"
    assert said("llamafactory", RECIPE, keys) == ["tokens", True, "empty", "no", 2, True, 3]
    assert said("llamafactory", FULL, "finetuning_type lora_rank") == ["full", None]


def test_ms_swift_is_told_the_recipe():
    keys = "model tuner_type lora_rank lora_alpha lora_dropout target_modules torch_dtype"
    expected = ["org/base", "lora", 8, 16, 0.0, ["all-linear"], "bfloat16"]
    assert said("ms-swift", RECIPE, keys) == expected
    keys = "dataset template external_plugins dataset_shuffle train_dataloader_shuffle"
    plugin = ["pinchtune_template.py"]
    assert said("ms-swift", RECIPE, keys) == [["train.jsonl"], "pinchtune", plugin, False, False]
    keys = "adam_beta2 weight_decay truncation_strategy fp16 bf16 add_version"
    assert said("ms-swift", FULL, keys) == [0.999, 0.0, "right", False, False, False]


def test_lists_of_ms_swift_hold_words_alone():
    """Its command line puts them behind the option as they are."""
    for value in ms_swift.make_config(RECIPE).values():
        assert value is not None and not isinstance(value, dict)
        assert not isinstance(value, list) or all(isinstance(item, str) for item in value)


@pytest.mark.parametrize("name", ["tune.py", "pinchtune_template.py"])
def test_scripts_know_nothing_of_pinchtune(name):
    from importlib.resources import files

    text = (files("pinchtune") / "trainers" / "scripts" / name).read_text("utf-8")
    names = [
        name
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in (
            [node.module] if isinstance(node, ast.ImportFrom) else [a.name for a in node.names]
        )
    ]
    assert names and not any("pinchtune" in str(name) for name in names)
