"""A tuned arm as a folder that others load: all weights, the adapter, or one GGUF file."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pinchtune.config import ModelConfig
from pinchtune.errors import RunError, UsageError
from pinchtune.files import name_write_errors, write_json
from pinchtune.model.chat import end_token_ids, prepare_tokenizer

if TYPE_CHECKING:
    from transformers import PreTrainedModel

GGUF_FILE = "model.gguf"
_ADAPTER = ("adapter_config.json", "adapter_model.safetensors", "generation_config.json")
_TOKENIZER = ("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "*.jinja")


def save_merged(model: Any, tokenizer: Any, folder: Path) -> None:
    """Write all weights as safetensors, with tokenizer, template and end tokens."""
    from safetensors import SafetensorError

    model.generation_config.eos_token_id = end_token_ids(tokenizer)
    model.generation_config.pad_token_id = tokenizer.pad_token_id
    try:
        with name_write_errors(folder):
            model.save_pretrained(folder)
            tokenizer.save_pretrained(folder)
    except SafetensorError as error:
        raise RunError(f"{folder}: the weights cannot be written ({error})") from error
    _forget_places(folder / "config.json")


def save_adapter(arm: Path, folder: Path, base: str) -> None:
    """Copy an arm's adapter; `base` is what its configuration calls the base model."""
    if not (arm / _ADAPTER[0]).is_file():
        raise UsageError(f"{arm}: was tuned with all its weights; export it with --to merged")
    with name_write_errors(folder):
        for pattern in (*_ADAPTER, *_TOKENIZER):
            for path in arm.glob(pattern):
                shutil.copyfile(path, folder / path.name)
    told = json.loads((folder / _ADAPTER[0]).read_text("utf-8"))
    write_json(folder / _ADAPTER[0], {**told, "base_model_name_or_path": base})


def save_gguf(model: Any, tokenizer: Any, folder: Path, name: str, packed: str = "") -> None:
    """Write one GGUF file, in the model's number format or a packed one."""
    from pinchtune.model.to_gguf import write_gguf

    with name_write_errors(folder):
        write_gguf(model, tokenizer, folder / GGUF_FILE, name, packed)


def _forget_places(path: Path) -> None:
    """Take out where on this machine the model came from."""
    told = json.loads(path.read_text("utf-8"))
    write_json(path, {k: v for k, v in told.items() if k != "_name_or_path"})


def load_with_adapter(folder: Path, config: ModelConfig) -> PreTrainedModel:
    """Return the base model with the adapter of a folder beside it, as peft reads it."""
    from peft import PeftModel

    from pinchtune.model.load import load_model, quiet_peft

    with quiet_peft():
        model: PreTrainedModel = PeftModel.from_pretrained(load_model(config), str(folder))
    return model.eval()


def load_gguf(folder: Path, config: ModelConfig) -> tuple[Any, Any]:
    """Return model and tokenizer as transformers reads them from a GGUF file."""
    from transformers import AutoModelForCausalLM, AutoTokenizer, GgufConfig

    from pinchtune.model.embedded import read_once
    from pinchtune.model.load import make_ready, pick_device, pick_dtype

    where = {"pretrained_model_name_or_path": str(folder), "gguf_file": GGUF_FILE}
    unpack = GgufConfig(gguf_file=GGUF_FILE, dequantize=True)
    device = pick_device(config.device)
    try:
        with read_once(folder / GGUF_FILE):
            tokenizer = AutoTokenizer.from_pretrained(**where)
            model = AutoModelForCausalLM.from_pretrained(
                **where, quantization_config=unpack, dtype=pick_dtype(config.dtype, device)
            )
    except (RuntimeError, ValueError) as error:
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise RunError(
            f"{folder / GGUF_FILE}: transformers cannot read it back, so it cannot be compared "
            f"({reason}); use --to merged"
        ) from error
    return make_ready(model, device, config.kernels), prepare_tokenizer(tokenizer)
