"""ms-swift: one YAML file, and our chat template as a plug-in.

It takes no tokens, so it makes them itself from the conversations. Its templates are the texts
around messages; those of ours are told to it.
"""

from __future__ import annotations

import shutil
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

from pinchtune.files import write_json
from pinchtune.model.chat import Slots, template_slots
from pinchtune.trainers.hf import training_arguments
from pinchtune.trainers.recipe import ARM, CONVERSATIONS, Kit, Recipe, write_yaml

CONFIG, TEMPLATE = "config.yaml", "template.json"
PLUGIN = "pinchtune_template.py"
NAME = "pinchtune"
"""What the template is called there."""


def write(folder: Path, kit: Kit) -> None:
    """Write config.yaml, the template and the plug-in that reads it."""
    write_yaml(folder / CONFIG, make_config(kit.recipe))
    write_json(folder / TEMPLATE, make_template(template_slots(kit.tokenizer)))
    with as_file(files("pinchtune") / "trainers" / "scripts" / PLUGIN) as plugin:
        shutil.copyfile(plugin, folder / PLUGIN)


def make_template(slots: Slots) -> dict[str, list[str]]:
    """Return the chat template in ms-swift's words; a part that is empty is no part."""
    parts = {
        "prefix": slots.prefix,
        "system_prefix": f"{slots.before_system}{{{{SYSTEM}}}}{slots.after_system}",
        "prompt": f"{slots.before_question}{{{{QUERY}}}}{slots.before_response}",
        "chat_sep": slots.separator,
        "suffix": slots.suffix,
    }
    return {name: [text] if text else [] for name, text in parts.items()}


def make_config(recipe: Recipe) -> dict[str, Any]:
    """Return the configuration in ms-swift's words."""
    train = recipe.train
    lora = {
        "tuner_type": "lora",
        "lora_rank": train.rank,
        "lora_alpha": recipe.alpha,
        "lora_dropout": 0.0,
        "lora_dtype": "float32",
        "target_modules": ["all-linear"],
    }
    return {
        "model": recipe.base,
        "use_hf": True,
        "torch_dtype": recipe.dtype,
        **(lora if recipe.is_lora else {"tuner_type": "full"}),
        "dataset": [CONVERSATIONS],
        "split_dataset_ratio": 0.0,
        "external_plugins": [PLUGIN],
        "template": NAME,
        "max_length": train.max_length,
        "truncation_strategy": "right",
        "dataset_shuffle": False,
        "train_dataloader_shuffle": False,
        **training_arguments(recipe),
        "data_seed": train.seed,
        "save_strategy": "epoch",
        "save_only_model": True,
        "add_version": False,
        "output_dir": ARM,
    }
