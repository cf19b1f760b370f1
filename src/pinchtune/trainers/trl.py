"""TRL: a short script around SFTTrainer, and its arguments as JSON."""

from __future__ import annotations

import shutil
from importlib.resources import as_file, files
from pathlib import Path

from pinchtune.files import write_json
from pinchtune.trainers.hf import training_arguments
from pinchtune.trainers.recipe import ARM, TOKENIZER, TOKENS, Kit

CONFIG, SCRIPT = "config.json", "tune.py"


def write(folder: Path, kit: Kit) -> None:
    """Write tune.py and config.json."""
    recipe = kit.recipe
    lora = {
        "r": recipe.train.rank,
        "lora_alpha": recipe.alpha,
        "lora_dropout": 0.0,
        "target_modules": "all-linear",
        "task_type": "CAUSAL_LM",
    }
    arguments = {
        "output_dir": ARM,
        "max_length": recipe.train.max_length,
        **training_arguments(recipe),
        "save_strategy": "no",
    }
    arguments.pop("warmup_steps")  # the script has the schedule itself
    config = {
        "base": recipe.base,
        "dtype": recipe.dtype,
        "tokenizer": TOKENIZER,
        "rows": TOKENS,
        "lora": lora if recipe.is_lora else None,
        "warmup_steps": recipe.warmup,
        "step_sizes": recipe.sizes,
        "sft": arguments,
    }
    write_json(folder / CONFIG, config)
    with as_file(files("pinchtune") / "trainers" / "scripts" / SCRIPT) as script:
        shutil.copyfile(script, folder / SCRIPT)
