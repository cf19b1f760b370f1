"""Measure the peers' tuning: `transformers.Trainer`, and TRL's `SFTTrainer` in two ways.

`transformers` and `trl` are run at their best: the workload's batches, longest padding only
within a micro-batch, no gradient checkpointing, a choice of number formats and batch shapes.
`trl-default` is TRL as it comes: data, model, adapter, folder, batch size, length, processor.
"""

from __future__ import annotations

import ctypes
import math
import tempfile
from collections.abc import Sequence
from typing import Any

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, TrainerCallback

from bench.common import Clock, Result, Task, measure
from bench.workload import BATCH, LEARNING_RATES, LONGEST, RANK, Workload

IGNORED = -100
"""The label of tokens that the loss does not count."""


def main(task: Task) -> Result:
    """Tune with the trainer of the options; losses, tokens, seconds, megabytes."""
    work, options = Workload.load(task.workload), task.options
    makers = {"transformers": make_plain, "trl": make_trl, "trl-default": make_trl_default}
    clock = Clock()
    if options.get("heap"):
        keep_freed_memory()
    torch.manual_seed(0)
    with tempfile.TemporaryDirectory() as folder:
        trainer = makers[options["trainer"]](work, options, folder)
        trainer.clock = clock
        trainer.add_callback(StepEnds(trainer))
        trainer.train()
    return clock.result()


class StepEnds(TrainerCallback):  # type: ignore[misc]  # transformers is not typed here
    """Tells the clock when a step has ended."""

    def __init__(self, trainer: Any) -> None:
        self.trainer = trainer

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Close the step."""
        self.trainer.close_step()


def keep_freed_memory() -> None:
    """Tell glibc what pinchtune tells it (training/heap.py): it may speed up the peers too."""
    switches = ((-4, 0), (-1, -1))
    for name, value in switches:
        ctypes.CDLL(None).mallopt(name, value)


def clocked(base: Any) -> Any:
    """Return a trainer class that counts real tokens and losses and is otherwise unchanged."""

    class Clocked(base):  # type: ignore[misc]  # the base is chosen at run time
        clock: Clock
        tokens = 0
        loss = 0.0

        def training_step(self, model: Any, inputs: Any, *args: Any, **kwargs: Any) -> Any:
            self.tokens += int(inputs["attention_mask"].sum())
            loss = super().training_step(model, inputs, *args, **kwargs)
            # Both trainers divide by the targets of the whole step: micro-batches add up.
            self.loss += float(loss)
            return loss

        def close_step(self) -> None:
            self.clock.step(self.tokens, self.loss)
            self.tokens, self.loss = 0, 0.0

    return Clocked


def make_plain(work: Workload, options: dict[str, Any], folder: str) -> Any:
    """Return `transformers.Trainer` with its own loss."""
    from transformers import Trainer, TrainingArguments

    tokenizer = AutoTokenizer.from_pretrained(work.model)
    return clocked(Trainer)(
        model=load_tuned(work, options),
        args=TrainingArguments(label_names=["labels"], **arguments(work, options, folder)),
        train_dataset=labelled_rows(work, options),
        data_collator=lambda rows: pad_rows(rows, work.pad),
        processing_class=tokenizer,
    )


def make_trl(work: Workload, options: dict[str, Any], folder: str) -> Any:
    """Return TRL's trainer on the same encoded rows; its loss never holds all logits at once."""
    from datasets import Dataset
    from trl import SFTConfig, SFTTrainer

    tokenizer = AutoTokenizer.from_pretrained(work.model)
    config = SFTConfig(
        max_length=LONGEST,
        dataset_kwargs={"skip_prepare_dataset": True},
        **arguments(work, options, folder),
    )
    return clocked(SFTTrainer)(
        model=load_tuned(work, options),
        args=config,
        train_dataset=Dataset.from_list(labelled_rows(work, options)),
        processing_class=tokenizer,
    )


def make_trl_default(work: Workload, options: dict[str, Any], folder: str) -> Any:
    """Return TRL as it comes: it loads the model, tokenizes and draws batches by itself."""
    from datasets import Dataset
    from trl import SFTConfig, SFTTrainer

    steps = work.first_steps(options.get("steps", 0))
    rows = [work.rows[i] for step in steps for i in step]
    config = SFTConfig(
        output_dir=folder,
        per_device_train_batch_size=BATCH,
        max_length=LONGEST,
        use_cpu=True,
        max_steps=len(steps),
    )
    return clocked(SFTTrainer)(
        model=work.model,
        args=config,
        train_dataset=Dataset.from_list(
            [{"prompt": r.prompt, "completion": r.response} for r in rows]
        ),
        peft_config=lora() if options["method"] == "lora" else None,
    )


def arguments(work: Workload, options: dict[str, Any], folder: str) -> dict[str, Any]:
    """Return the arguments that both trainers get at their best."""
    size = options["batch"]
    return {
        "output_dir": folder,
        "use_cpu": True,
        "max_steps": len(work.first_steps(options.get("steps", 0))),
        "per_device_train_batch_size": size,
        "gradient_accumulation_steps": math.ceil(BATCH / size),
        "train_sampling_strategy": "sequential",
        "gradient_checkpointing": False,
        "bf16": options["autocast"],
        "learning_rate": LEARNING_RATES[options["method"]],
        "lr_scheduler_type": "cosine",
        "warmup_steps": 0,
        "weight_decay": 0.0,
        "max_grad_norm": 1.0,
        "save_strategy": "no",
        "logging_strategy": "no",
        "report_to": "none",
        "disable_tqdm": True,
        "torch_compile": options["compile"],
    }


def load_tuned(work: Workload, options: dict[str, Any]) -> Any:
    """Return the model in the number format of the options, with adapters for LoRA."""
    model = AutoModelForCausalLM.from_pretrained(
        work.model, dtype=getattr(torch, options["weights"])
    )
    model.config.use_cache = False
    if options["method"] == "full":
        return model
    from peft import get_peft_model

    in_float32 = options["adapters"] == "float32"
    return get_peft_model(model, lora(), autocast_adapter_dtype=in_float32)


def lora() -> Any:
    """Return the adapter that all competitors tune."""
    from peft import LoraConfig

    return LoraConfig(
        r=RANK, lora_alpha=2 * RANK, target_modules="all-linear", task_type="CAUSAL_LM"
    )


def labelled_rows(work: Workload, options: dict[str, Any]) -> list[dict[str, list[int]]]:
    """Return the rows in the order of the steps, with labels on targets only."""
    order = [i for step in work.first_steps(options.get("steps", 0)) for i in step]
    return [
        {
            "input_ids": work.rows[i].ids,
            "labels": [
                token if target else IGNORED
                for token, target in zip(work.rows[i].ids, work.rows[i].targets, strict=True)
            ],
        }
        for i in order
    ]


def pad_rows(rows: Sequence[dict[str, list[int]]], pad: int) -> dict[str, torch.Tensor]:
    """Return rows as one micro-batch [B, T], padded on the right to its longest row."""
    width = max(len(row["input_ids"]) for row in rows)

    def fill(values: list[int], filler: int) -> list[int]:
        return values + [filler] * (width - len(values))

    return {
        "input_ids": torch.tensor([fill(row["input_ids"], pad) for row in rows]),
        "attention_mask": torch.tensor([fill([1] * len(row["input_ids"]), 0) for row in rows]),
        "labels": torch.tensor([fill(row["labels"], IGNORED) for row in rows]),
    }


if __name__ == "__main__":
    measure(main)
