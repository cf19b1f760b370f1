"""Tune with TRL's SFTTrainer what pinchtune exported: the same tokens, order, schedule and start.

    python tune.py                    # writes arm/ and losses.jsonl
    python tune.py --base FOLDER      # where the base model lies on this machine

Everything else stands in config.json, whose part `sft` are the arguments of SFTConfig.
"""

import argparse
import json
import math
import os
from functools import partial
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent


def main() -> None:
    """Tune, and write the arm and the loss of each step."""
    parser = argparse.ArgumentParser(description="Tune what pinchtune exported with TRL.")
    parser.add_argument("--base", help="folder or hub id of the base model")
    config = json.loads((HERE / "config.json").read_text(encoding="utf-8"))
    config["base"] = parser.parse_args().base or config["base"]
    for name in ("HF_HUB_DISABLE_TELEMETRY", "DO_NOT_TRACK"):
        os.environ.setdefault(name, "1")
    trainer = make_trainer(config)
    trainer.train()
    trainer.save_model(str(HERE / config["sft"]["output_dir"]))
    losses = [row for row in trainer.state.log_history if "loss" in row]
    text = "".join(json.dumps({"step": r["step"], "loss": r["loss"]}) + "\n" for r in losses)
    (HERE / "losses.jsonl").write_text(text, encoding="utf-8")


def make_trainer(config: dict[str, Any]) -> Any:
    """Return SFTTrainer over the rows as they are, with pinchtune's learning rates."""
    import torch
    from datasets import Dataset
    from torch.optim.lr_scheduler import LambdaLR
    from torch.utils.data import SequentialSampler
    from transformers import AutoTokenizer
    from trl import SFTConfig, SFTTrainer

    class Tuner(SFTTrainer):  # type: ignore[misc]
        def _get_train_sampler(self, *args: Any, **kwargs: Any) -> Any:
            return SequentialSampler(self.train_dataset)

        def create_scheduler(self, num_training_steps: int, optimizer: Any = None) -> Any:
            share = partial(rate, steps=num_training_steps, warmup=config["warmup_steps"])
            self.lr_scheduler = LambdaLR(optimizer or self.optimizer, share)
            return self.lr_scheduler

    arguments = {**config["sft"], "output_dir": str(HERE / config["sft"]["output_dir"])}
    return Tuner(
        model=load_model(config),
        args=SFTConfig(
            dataset_kwargs={"skip_prepare_dataset": True},
            use_cpu=not torch.accelerator.is_available(),
            **arguments,
        ),
        train_dataset=Dataset.from_list(read_steps(config)),
        processing_class=AutoTokenizer.from_pretrained(HERE / config["tokenizer"]),
    )


def load_model(config: dict[str, Any]) -> Any:
    """Return the base model, with the adapter that pinchtune would begin with."""
    import torch
    from transformers import AutoModelForCausalLM

    # Full tuning keeps its weights in float32; an adapter leaves the base as it is.
    dtype = config["dtype"] if config["lora"] else "float32"
    model = AutoModelForCausalLM.from_pretrained(config["base"], dtype=getattr(torch, dtype))
    model.config.use_cache = False
    torch.manual_seed(config["sft"]["seed"])
    if not config["lora"]:
        return model
    from peft import LoraConfig, get_peft_model

    return get_peft_model(model, LoraConfig(**config["lora"]))


def read_steps(config: dict[str, Any]) -> list[dict[str, Any]]:
    """Return token ids and labels, step by step.

    A step that is not full gets rows without targets, which the loss does not count.
    """
    lines = (HERE / config["rows"]).read_text(encoding="utf-8").splitlines()
    rows = [json.loads(line) for line in lines]
    sft, made = config["sft"], []
    full = sft["per_device_train_batch_size"] * sft["gradient_accumulation_steps"]
    for size in config["step_sizes"]:
        step, rows = rows[:size], rows[size:]
        nothing = {**step[0], "labels": [-100] * len(step[0]["labels"])}
        made += step + [nothing] * (full - size)
    return [{"input_ids": row["input_ids"], "labels": row["labels"]} for row in made]


def rate(step: int, steps: int, warmup: int) -> float:
    """Return the share of the peak learning rate at a step from 0: warm-up, then a cosine."""
    if step < warmup:
        return (step + 1) / warmup
    return 0.5 * (1 + math.cos(math.pi * (step - warmup) / max(1, steps - warmup)))


if __name__ == "__main__":
    main()
