"""The settings that three of the trainers hand on to transformers under one name."""

from __future__ import annotations

from typing import Any

from pinchtune.trainers.recipe import BETAS, EPSILON, Recipe


def training_arguments(recipe: Recipe) -> dict[str, Any]:
    """Return arguments of transformers that say what the recipe says.

    All epochs are in the file, each in its own order, so that the trainer sees one.
    """
    train = recipe.train
    return {
        "num_train_epochs": 1.0,
        "per_device_train_batch_size": recipe.micro_batch,
        "gradient_accumulation_steps": recipe.accumulation,
        "learning_rate": train.learning_rate,
        "lr_scheduler_type": "cosine",
        "warmup_steps": recipe.warmup,
        "weight_decay": train.weight_decay,
        "adam_beta1": BETAS[0],
        "adam_beta2": BETAS[1],
        "adam_epsilon": EPSILON,
        "max_grad_norm": train.clip,
        "bf16": recipe.dtype == "bfloat16",
        "fp16": recipe.dtype == "float16",
        "seed": train.seed,
        "logging_steps": 1,
        "report_to": "none",
    }
