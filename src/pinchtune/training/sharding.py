"""The weights split over processes: each keeps a share of weights, gradients and moments.

torch's FSDP2 gathers a layer when it is needed and lets it go again. It is called here and not by
Accelerate, so that it is the same on processors and GPUs, and the loss stays one function. A
checkpoint and an arm hold whole weights: a run may go on with another number of processes.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.distributed.tensor import DTensor, distribute_tensor

from pinchtune.model.loss import TargetLoss


def shard(loss: TargetLoss, device: torch.device, dtype: torch.dtype | None = None) -> None:
    """Split a loss's weights over all processes and bring the shares to the device, in place.

    `dtype` is what they are computed in, if not in their own; gradients are added in float32.
    """
    from torch.distributed import get_world_size
    from torch.distributed.device_mesh import init_device_mesh
    from torch.distributed.fsdp import (
        MixedPrecisionPolicy,
        fully_shard,
        register_fsdp_forward_method,
    )

    mesh = init_device_mesh(device.type, (get_world_size(),))
    policy = MixedPrecisionPolicy(dtype, torch.float32 if dtype else None)
    for layer in _layers(loss):
        fully_shard(layer, mesh=mesh, mp_policy=policy)
    # What is left of the model is let go too, or a validation would leave it whole.
    whole: Any = fully_shard(loss, mesh=mesh, mp_policy=policy, reshard_after_forward=True)
    # Sums are divided afterwards: gloo knows no mean.
    whole.set_force_sum_reduction_for_comms(True)
    for name in ("nats", "logits", "own_logits"):
        register_fsdp_forward_method(loss, name)


def _layers(loss: TargetLoss) -> list[torch.nn.Module]:
    """Return the layers that the model's own code says must stay together."""
    modules = list(loss.modules())
    names = {name for m in modules for name in getattr(m, "_no_split_modules", None) or ()}
    return [module for module in modules if type(module).__name__ in names]


def is_share(tensor: Tensor) -> bool:
    """True if this process holds a share of the tensor, or might."""
    return isinstance(tensor, DTensor)


def gathered(tensor: Tensor, wanted: bool) -> Tensor | None:
    """Return a whole tensor on the CPU, or None where it is not wanted; all processes call it."""
    found = tensor.detach()
    if isinstance(found, DTensor):
        found = found.full_tensor()
    return found.cpu() if wanted else None


def put(target: Tensor, value: Tensor) -> None:
    """Copy a whole tensor into one that this process may hold a share of."""
    target.copy_(as_share(value, target))


def as_share(value: Tensor, like: Tensor) -> Tensor:
    """Return this process's share of a whole tensor, if `like` is shared, on its device."""
    value = value.to(like.device)
    if not isinstance(like, DTensor):
        return value
    # Every process has read the whole: nothing is sent.
    return distribute_tensor(value, like.device_mesh, like.placements, src_data_rank=None)
