"""LLaMA-Factory: one YAML file, dataset_info.json, and a data set of tokens.

It knows templates by the names in its own code alone, so none can be told to it; rows that are
tokens already need none.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pinchtune.data.values import load_library
from pinchtune.files import write_json
from pinchtune.trainers.hf import training_arguments
from pinchtune.trainers.recipe import ARM, CONVERSATIONS, Kit, Recipe, token_rows, write_yaml

CONFIG, INFO, DATASET = "config.yaml", "dataset_info.json", "pinchtune"
TOKENS = "tokens"
"""Folder of the data set of tokens."""


def write(folder: Path, kit: Kit) -> None:
    """Write config.yaml, dataset_info.json and the data set of tokens."""
    datasets = load_library("datasets")
    write_yaml(folder / CONFIG, make_config(kit.recipe))
    write_json(folder / INFO, {DATASET: dataset_info()})
    rows = datasets.Dataset.from_list(list(token_rows(kit.rows)))
    datasets.disable_progress_bars()
    rows.save_to_disk(str(folder / TOKENS))


def dataset_info() -> dict[str, Any]:
    """Return how the conversations are to be read, for whoever turns the tokens off."""
    tags = {
        "role_tag": "role",
        "content_tag": "content",
        "user_tag": "user",
        "assistant_tag": "assistant",
        "system_tag": "system",
    }
    columns = {"messages": "messages"}
    return {
        "file_name": CONVERSATIONS,
        "formatting": "sharegpt",
        "columns": columns,
        "tags": tags,
    }


def make_config(recipe: Recipe) -> dict[str, Any]:
    """Return the configuration in LLaMA-Factory's words."""
    train = recipe.train
    lora = {
        "finetuning_type": "lora",
        "lora_rank": train.rank,
        "lora_alpha": recipe.alpha,
        "lora_dropout": 0.0,
        "lora_target": "all",
    }
    return {
        "model_name_or_path": recipe.base,
        "stage": "sft",
        "do_train": True,
        **(lora if recipe.is_lora else {"finetuning_type": "full"}),
        "dataset": DATASET,
        "dataset_dir": ".",
        "tokenized_path": TOKENS,
        "template": "empty",
        "cutoff_len": train.max_length,
        "disable_shuffling": True,
        **training_arguments(recipe),
        "save_strategy": "no",
        "output_dir": ARM,
    }
