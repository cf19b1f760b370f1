"""Checkpoints from which a killed run goes on as if nothing had happened.

A checkpoint is one safetensors file, replaced atomically: trainable weights, optimiser
moments, random state and the number of steps done. Learning rate and data order follow from
the step and the seed, so they need no state.
"""

from __future__ import annotations

import json
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import save
from torch import Tensor, nn
from torch.optim import Optimizer

from pinchtune.files import atomic_write

NAME = "checkpoint.safetensors"


def save_checkpoint(folder: Path, step: int, model: nn.Module, optimizer: Optimizer) -> None:
    """Replace the checkpoint in `folder` by the state after `step` steps."""
    tensors = {f"weight/{name}": p.detach().cpu() for name, p in _trainable(model)}
    parameters = dict(_trainable(model))
    for name, parameter in parameters.items():
        for key, value in optimizer.state[parameter].items():
            tensors[f"optimizer/{key}/{name}"] = torch.as_tensor(value).detach().cpu()
    tensors["random/cpu"] = torch.get_rng_state()
    for i, state in enumerate(torch.cuda.get_rng_state_all() if torch.cuda.is_available() else []):
        tensors[f"random/cuda{i}"] = state
    data = save({k: v.contiguous() for k, v in tensors.items()}, {"step": json.dumps(step)})
    with atomic_write(folder / NAME, "wb") as file:
        file.write(data)


def load_checkpoint(folder: Path, model: nn.Module, optimizer: Optimizer) -> int:
    """Restore the newest checkpoint and return the number of steps done; 0 if there is none."""
    path = folder / NAME
    if not path.is_file():
        return 0
    with safe_open(path, "pt") as file:
        tensors: dict[str, Tensor] = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
        step: int = json.loads(file.metadata()["step"])
    with torch.no_grad():
        for name, parameter in _trainable(model):
            parameter.copy_(tensors[f"weight/{name}"])
            optimizer.state[parameter] = _moments(tensors, name, parameter)
    torch.set_rng_state(tensors["random/cpu"])
    cuda = sorted(key for key in tensors if key.startswith("random/cuda"))
    if cuda and len(cuda) == torch.cuda.device_count():
        torch.cuda.set_rng_state_all([tensors[key] for key in cuda])
    return step


def _moments(tensors: dict[str, Tensor], name: str, parameter: Tensor) -> dict[str, Tensor]:
    found = {}
    for key, value in tensors.items():
        kind, _, rest = key.partition("/")
        moment, _, owner = rest.partition("/")
        if kind == "optimizer" and owner == name:
            # AdamW keeps its step count on the CPU, its moments beside the parameter.
            found[moment] = value if value.ndim == 0 else value.to(parameter.device)
    return found


def _trainable(model: nn.Module) -> list[tuple[str, nn.Parameter]]:
    return [(name, p) for name, p in model.named_parameters() if p.requires_grad]
