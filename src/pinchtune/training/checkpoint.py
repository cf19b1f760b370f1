"""Checkpoints from which a killed run goes on as if nothing had happened.

A checkpoint is one safetensors file, replaced atomically: trainable weights, optimiser
moments, random state, the number of steps done and their seconds. Learning rate and data order
follow from the step and the seed, so they need no state.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import NamedTuple

import torch
from safetensors import safe_open
from safetensors.torch import save
from torch import Tensor, nn
from torch.optim import Optimizer

from pinchtune.files import atomic_write
from pinchtune.training.sharding import as_share, gathered, put

NAME = "checkpoint.safetensors"


class Done(NamedTuple):
    """What a run has behind it: so many steps, and the seconds that they took."""

    step: int = 0
    seconds: float = 0.0


def save_checkpoint(
    folder: Path, done: Done, model: nn.Module, optimizer: Optimizer, writes: bool = True
) -> None:
    """Replace the checkpoint in `folder` by the state after the steps that are done.

    Where weights are split all processes call it, and the one that `writes` writes.
    """
    tensors = {}
    for name, parameter in _trainable(model):
        tensors[f"weight/{name}"] = gathered(parameter, writes)
        for key, value in optimizer.state[parameter].items():
            tensors[f"optimizer/{key}/{name}"] = gathered(torch.as_tensor(value), writes)
    if not writes:
        return
    tensors["random/cpu"] = torch.get_rng_state()
    for i, state in enumerate(torch.cuda.get_rng_state_all() if torch.cuda.is_available() else []):
        tensors[f"random/cuda{i}"] = state
    whole = {key: value.contiguous() for key, value in tensors.items() if value is not None}
    with atomic_write(folder / NAME, "wb") as file:
        file.write(save(whole, {key: json.dumps(value) for key, value in done._asdict().items()}))


def load_checkpoint(folder: Path, model: nn.Module, optimizer: Optimizer) -> Done:
    """Restore the newest checkpoint and return what is done; nothing if there is none."""
    path = folder / NAME
    if not path.is_file():
        return Done()
    with safe_open(path, "pt") as file:
        keys: list[str] = list(file.keys())
        for name, parameter in _trainable(model):
            with torch.no_grad():
                put(parameter, file.get_tensor(f"weight/{name}"))
            optimizer.state[parameter] = {
                moment: _as_moment(file.get_tensor(key), parameter)
                for key in keys
                if (moment := _moment_of(key, name))
            }
        torch.set_rng_state(file.get_tensor("random/cpu"))
        cuda = sorted(key for key in keys if key.startswith("random/cuda"))
        if cuda and len(cuda) == torch.cuda.device_count():
            torch.cuda.set_rng_state_all([file.get_tensor(key) for key in cuda])
        facts = file.metadata()
    # A checkpoint of an older version does not say how long its steps took.
    return Done(json.loads(facts["step"]), json.loads(facts.get("seconds", "0")))


def _moment_of(key: str, parameter: str) -> str:
    """Return which moment of a parameter a tensor is; empty if it is none of it."""
    kind, _, rest = key.partition("/")
    moment, _, owner = rest.partition("/")
    return moment if kind == "optimizer" and owner == parameter else ""


def _as_moment(value: Tensor, parameter: Tensor) -> Tensor:
    # AdamW keeps its step count on the CPU, its moments beside the parameter.
    return value if value.ndim == 0 else as_share(value, parameter)


def _trainable(model: nn.Module) -> list[tuple[str, nn.Parameter]]:
    return [(name, p) for name, p in model.named_parameters() if p.requires_grad]
