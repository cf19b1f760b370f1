"""An arm's folder: adapter or weights that plain transformers, peft and vLLM load."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pinchtune.config import TrainConfig
from pinchtune.errors import RunError
from pinchtune.files import name_write_errors, write_json
from pinchtune.model.chat import end_token_ids
from pinchtune.model.layers import last_layers, linear_names
from pinchtune.model.load import quiet_peft

if TYPE_CHECKING:
    from torch import Tensor
    from transformers import PreTrainedModel, PreTrainedTokenizerFast


def prepare_model(model: PreTrainedModel, config: TrainConfig) -> Any:
    """Return the model with the weights that `config.method` tunes, in float32."""
    import torch

    torch.manual_seed(config.seed)
    last = config.last_layers
    if config.method == "full":
        model.float().requires_grad_(not last)
        for layer in last_layers(model, last):
            layer.requires_grad_(True)
        return model
    from peft import LoraConfig, get_peft_model

    lora = LoraConfig(
        r=config.rank,
        lora_alpha=2 * config.rank,
        target_modules=linear_names(model, last) if last else "all-linear",
        task_type="CAUSAL_LM",
    )
    with quiet_peft():
        return get_peft_model(model, lora)


def save_arm(
    folder: Path,
    model: Any,
    tokenizer: PreTrainedTokenizerFast,
    dtype: Any,
    writes: bool = True,
) -> None:
    """Write weights as safetensors, the tokenizer with its template, and the end tokens.

    Where weights are split all processes call it, and the one that `writes` writes.
    """
    is_adapter = hasattr(model, "peft_config")
    inner = model.get_base_model() if is_adapter else model.to(dtype)
    weights = _gather(model, writes)
    if not writes:
        return
    inner.generation_config.eos_token_id = end_token_ids(tokenizer)
    inner.generation_config.pad_token_id = tokenizer.pad_token_id
    with _name_weight_errors(folder):
        model.save_pretrained(folder, state_dict=weights)
        inner.generation_config.save_pretrained(folder)
        tokenizer.save_pretrained(folder)
    (folder / "README.md").unlink(missing_ok=True)
    if is_adapter:
        _sort_modules(folder / "adapter_config.json")


def _gather(model: Any, wanted: bool) -> dict[str, Tensor] | None:
    """Return the tuned weights, whole, if they are split over processes; else None."""
    from pinchtune.training.sharding import gathered, is_share

    tuned = [(name, p) for name, p in model.named_parameters() if p.requires_grad]
    if not any(is_share(p) for _, p in tuned):
        return None
    found = ((name, gathered(p, wanted)) for name, p in tuned)
    return {name: value for name, value in found if value is not None}


@contextmanager
def _name_weight_errors(folder: Path) -> Iterator[None]:
    """Turn what goes wrong in writing weights into a RunError; safetensors has an own error."""
    from safetensors import SafetensorError

    try:
        with name_write_errors(folder):
            yield
    except SafetensorError as error:
        raise RunError(
            f"{folder}: the weights cannot be written ({error}); free some space and run the "
            "command again"
        ) from error


def _sort_modules(path: Path) -> None:
    """Write the adapter's module names in order: the library keeps them in a set."""
    value = json.loads(path.read_text(encoding="utf-8"))
    if isinstance(value.get("target_modules"), list):
        value["target_modules"] = sorted(value["target_modules"])
    write_json(path, value)
