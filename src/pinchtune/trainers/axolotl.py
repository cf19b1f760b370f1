"""axolotl: one YAML file over rows that are tokens already."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pinchtune.trainers.recipe import (
    ARM,
    BETAS,
    EPSILON,
    TOKENIZER,
    TOKENS,
    Kit,
    Recipe,
    write_yaml,
)

CONFIG = "config.yaml"


def write(folder: Path, kit: Kit) -> None:
    """Write config.yaml."""
    write_yaml(folder / CONFIG, make_config(kit.recipe))


def make_config(recipe: Recipe) -> dict[str, Any]:
    """Return the configuration in axolotl's words."""
    train = recipe.train
    lora = {
        "adapter": "lora",
        "lora_r": train.rank,
        "lora_alpha": recipe.alpha,
        "lora_dropout": 0.0,
        "lora_target_linear": True,
    }
    return {
        "base_model": recipe.base,
        "tokenizer_config": TOKENIZER,
        # No type: the columns are tokens and labels, so no template and no mask is applied.
        "datasets": [{"path": TOKENS, "ds_type": "json", "type": None}],
        "dataset_prepared_path": "prepared",
        "val_set_size": 0.0,
        "shuffle_merged_datasets": False,
        "curriculum_sampling": True,
        "sequence_len": train.max_length,
        "sample_packing": False,
        "pad_to_sequence_len": False,
        **(lora if recipe.is_lora else {}),
        "num_epochs": 1,
        "micro_batch_size": recipe.micro_batch,
        "gradient_accumulation_steps": recipe.accumulation,
        "learning_rate": train.learning_rate,
        "lr_scheduler": "cosine",
        "warmup_steps": recipe.warmup,
        "optimizer": "adamw_torch_fused",
        "adam_beta1": BETAS[0],
        "adam_beta2": BETAS[1],
        "adam_epsilon": EPSILON,
        "weight_decay": train.weight_decay,
        "max_grad_norm": train.clip,
        "bf16": recipe.dtype == "bfloat16",
        "fp16": recipe.dtype == "float16",
        "tf32": False,
        "gradient_checkpointing": True,
        "seed": train.seed,
        "logging_steps": 1,
        "save_strategy": "no",
        "output_dir": ARM,
    }
