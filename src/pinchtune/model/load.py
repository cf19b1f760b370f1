"""Weights and tokenizers: the embedded base model, a Hugging Face id, a folder, or an arm.

Only safetensors are read, and no code of a model's repository is run.
"""

from __future__ import annotations

import gc
import json
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import lru_cache
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

from pinchtune.config import ModelConfig
from pinchtune.errors import RunError, UsageError
from pinchtune.files import hash_file, read_json, write_json
from pinchtune.model.chat import prepare_tokenizer
from pinchtune.model.embedded import COMPLETE, EMBEDDED, cache_folder, resolve_base
from pinchtune.model.fused import pick_fused

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel, PreTrainedTokenizerFast

TOKENIZER_FILES = {
    "tokenizer_config.json": "save the tokenizer there (tokenizer.save_pretrained)",
    "tokenizer.json or *.model or *vocab*": "save the tokenizer there (tokenizer.save_pretrained)",
}
ADAPTER_FILES = {"adapter_model.safetensors": "tune the arm again (pickled weights are never read)"}
WEIGHT_FILES = {
    "config.json": "name the folder that holds the model",
    "*.safetensors": "convert the weights (pickled weights are never read)",
}
BF16_GAIN = 1.3
"""How much faster than float32 bfloat16 must be to be taken."""


def _check_holds(folder: Path, patterns: Mapping[str, str]) -> None:
    """Raise UsageError if a model folder lacks a file; each pattern comes with what to do."""
    for pattern, advice in patterns.items():
        names = pattern.split(" or ")
        if folder.is_dir() and not any(any(folder.glob(name)) for name in names):
            raise UsageError(f"{folder}: has no {pattern}; {advice}")


def load_tokenizer(base: str) -> PreTrainedTokenizerFast:
    """Return the tokenizer of `base`, with a chat template and padding on the left."""
    from transformers import AutoTokenizer

    source = resolve_base(base)
    _check_holds(Path(source), TOKENIZER_FILES)
    try:
        with collection_paused():
            return prepare_tokenizer(AutoTokenizer.from_pretrained(source, trust_remote_code=False))
    except (OSError, ValueError) as error:
        raise _not_loaded(base, error) from error


@contextmanager
def collection_paused() -> Iterator[None]:
    """Look for no garbage in the block: reading a vocabulary makes millions of objects to keep."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def load_model(config: ModelConfig, in_memory: bool = False) -> PreTrainedModel:
    """Return the base model on its device, in its number format, frozen, ready for inference.

    `in_memory` leaves it in the machine's memory: it is to be split before it goes to a device.
    """
    from safetensors import SafetensorError
    from transformers import AutoModelForCausalLM

    source = resolve_base(config.base)
    _check_holds(Path(source), WEIGHT_FILES)
    device = pick_device(config.device)
    dtype = pick_dtype(config.dtype, device)
    try:
        model = AutoModelForCausalLM.from_pretrained(
            source,
            dtype=dtype,
            use_safetensors=True,
            trust_remote_code=False,
            attn_implementation=pick_fused(device, name_dtype(dtype), config.kernels).attention,
        )
    except (OSError, ValueError, SafetensorError) as error:
        raise _not_loaded(config.base, error) from error
    return make_ready(model, device, config.kernels, in_memory)


def count_layers(base: str) -> int:
    """Return how many layers a base model has, without its weights."""
    from transformers import AutoConfig

    source = resolve_base(base)
    _check_holds(Path(source), {"config.json": WEIGHT_FILES["config.json"]})
    try:
        config = AutoConfig.from_pretrained(source, trust_remote_code=False)
    except (OSError, ValueError) as error:
        raise _not_loaded(base, error) from error
    return int(config.get_text_config().num_hidden_layers)


def make_ready(
    model: PreTrainedModel, device: str, kernels: str, in_memory: bool = False
) -> PreTrainedModel:
    """Return a loaded model on its device, frozen, with the quick ways that `kernels` allows."""
    from pinchtune.model.attention import quicken_attention

    model.config.use_cache = True
    # A strided last position times frozen weights copies the whole output layer once a row.
    model.get_output_embeddings().register_forward_pre_hook(_make_contiguous)
    moved: PreTrainedModel = model if in_memory else model.to(device)
    if kernels == "auto" and device == "cpu":
        quicken_attention(moved)
    return moved.requires_grad_(False).eval()


def _make_contiguous(_layer: Any, inputs: tuple[torch.Tensor, ...]) -> tuple[torch.Tensor, ...]:
    return tuple(value.contiguous() for value in inputs)


def _not_loaded(base: str, error: Exception) -> UsageError:
    reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
    return UsageError(
        f"model.base: {base} cannot be loaded ({reason}); name a model folder, a hub id that is "
        f"downloaded already or reachable, or one of: {', '.join(EMBEDDED)}"
    )


def load_arm(folder: str | Path, config: ModelConfig) -> PreTrainedModel:
    """Return a tuned arm ready for inference; an adapter is merged into its base."""
    folder = Path(folder)
    if not (folder / "adapter_config.json").is_file():
        return load_model(config.model_copy(update={"base": str(folder)}))
    from peft import PeftModel
    from safetensors import SafetensorError

    _check_holds(folder, ADAPTER_FILES)
    base = load_model(config)
    try:
        with quiet_peft():
            merged = PeftModel.from_pretrained(base, str(folder)).merge_and_unload()
    except (SafetensorError, RuntimeError) as error:
        # Anything else, such as too little memory, is not the folder's fault.
        if isinstance(error, RuntimeError) and "size mismatch" not in str(error):
            raise
        raise UsageError(
            f"{folder}: is damaged, or was tuned on another base model; run `pinch train`"
        ) from error
    return merged.eval()


@contextmanager
def quiet_peft() -> Iterator[None]:
    """Hide that peft asks transformers for an attribute under its old name."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "`is_gradient_checkpointing`", FutureWarning)
        yield


def pick_device(wanted: str) -> str:
    """Return the device to use; UsageError if the wanted one is not there."""
    import torch

    have = {
        "cpu": True,
        "cuda": torch.cuda.is_available(),
        "mps": torch.backends.mps.is_available(),
    }
    if wanted == "auto":
        return next(name for name in ("cuda", "mps", "cpu") if have[name])
    if not have[wanted]:
        raise UsageError(f"model.device: {wanted} is not available on this machine; use auto")
    return wanted


def pick_dtype(wanted: str, device: str) -> torch.dtype:
    """Return the number format; `auto` takes bfloat16 where a timing shows that it is faster."""
    import torch

    if wanted != "auto":
        found: torch.dtype = getattr(torch, wanted)
        return found
    if device != "cpu":
        return torch.bfloat16
    return torch.bfloat16 if bf16_gain() >= BF16_GAIN else torch.float32


def name_dtype(dtype: torch.dtype) -> str:
    """Return the number format as pinch.toml names it."""
    return str(dtype).removeprefix("torch.")


def describe_compute(model: PreTrainedModel, kernels: str) -> str:
    """Return one line: where, with how many threads, in which format it is computed, and how."""
    import torch

    device, dtype = model.device.type, name_dtype(model.dtype)
    line = f"computing on {device}"
    if device == "cpu":
        line += f", {torch.get_num_threads()} threads"
    note = pick_fused(device, dtype, kernels).note
    return ", ".join(part for part in (f"{line}, {dtype}", note) if part)


@lru_cache(maxsize=1)
def bf16_gain() -> float:
    """Return how many times faster than float32 bfloat16 multiplies here (timed once, kept)."""
    import torch

    file = cache_folder() / "bf16.json"
    name = f"{_processor()} x{torch.get_num_threads()} torch {torch.__version__}"
    known: dict[str, float] = read_json(file) if file.is_file() else {}
    if name not in known:
        slow, fast = time_matmul(torch.float32), time_matmul(torch.bfloat16)
        known[name] = slow / fast
        # A read-only cache costs a second each time, nothing else.
        with suppress(RunError):
            write_json(file, known)
    return known[name]


def time_matmul(dtype: torch.dtype, size: int = 1024, budget: float = 0.4) -> float:
    """Return the best time in seconds of a `size`³ product in about `budget` seconds."""
    import torch

    a, b = torch.ones(size, size, dtype=dtype), torch.ones(size, size, dtype=dtype)
    a @ b
    best, end = float("inf"), perf_counter() + budget
    while perf_counter() < end:
        start = perf_counter()
        a @ b
        best = min(best, perf_counter() - start)
    return best


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    if info.is_file():
        for line in info.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    import platform

    return platform.processor() or platform.machine()


def model_facts(base: str) -> dict[str, Any]:
    """Return what identifies a base model in a manifest: name and weight hash or commit."""
    source = resolve_base(base)
    folder = Path(source)
    if not folder.is_dir():
        return {"base": base}
    done = folder / COMPLETE
    if done.is_file():
        return {"base": base, "weights": read_json(done)}
    weights = {p.name: hash_file(p) for p in sorted(folder.glob("*.safetensors"))}
    return {
        "base": base,
        "weights": weights,
        "config": json.loads((folder / "config.json").read_text()),
    }
