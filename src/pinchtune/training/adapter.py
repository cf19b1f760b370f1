"""LoRA as one differentiable product instead of five modules.

The adapter's master weights stay in float32 and are cast once a step; the input is kept once,
in the model's own number format, and nothing is copied to float32 on the way. peft holds,
saves and merges the adapter as ever; its own forward is the slow twin.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn


class _LoraProduct(torch.autograd.Function):
    """x W^T + bias + scale (x A^T) B^T with gradients for x, A and B; W and bias are frozen."""

    @staticmethod
    def forward(
        ctx: Any, x: Tensor, weight: Tensor, bias: Tensor | None, a: Tensor, b: Tensor, scale: float
    ) -> Tensor:
        """Return [..., out] of x [..., in], weight [out, in], a [r, in] and b [out, r]."""
        flat = x.reshape(-1, x.shape[-1])
        down, up = a.to(x.dtype), (b * scale).to(x.dtype)
        low = flat @ down.T
        y = nn.functional.linear(flat, weight, bias).addmm_(low, up.T)
        ctx.save_for_backward(flat, low, weight, down, up)
        ctx.scale = scale
        return y.view(*x.shape[:-1], -1)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        """Return the gradients of x, A and B."""
        flat, low, weight, down, up = ctx.saved_tensors
        grad = grads[0].reshape(-1, grads[0].shape[-1])
        grad_low = grad @ up
        d_x = None
        if ctx.needs_input_grad[0]:
            d_x = (grad @ weight).addmm_(grad_low, down).view(*grads[0].shape[:-1], -1)
        d_a, d_b = (grad_low.T @ flat).float(), (grad.T @ low).float() * ctx.scale
        return d_x, None, None, d_a, d_b, None


def quicken(model: nn.Module) -> bool:
    """Give the LoRA layers of a peft model the product above; False if one cannot have it."""
    from peft.tuners.lora import LoraLayer

    layers: list[Any] = [m for m in model.modules() if isinstance(m, LoraLayer)]
    plain = [layer for layer in layers if _is_plain(layer)]
    for layer in plain:
        layer.forward = partial(_forward, layer, type(layer).forward)
    return bool(layers) and len(plain) == len(layers)


def _is_plain(layer: Any) -> bool:
    """Return True for one adapter without dropout or variants on an ordinary frozen layer."""
    from peft.tuners.lora import Linear

    names = list(layer.lora_A)
    return (
        isinstance(layer, Linear)
        and type(layer.base_layer) is nn.Linear
        and len(names) == 1
        and isinstance(layer.lora_dropout[names[0]], nn.Identity)
        and names[0] not in layer.lora_variant
    )


def _forward(
    layer: Any, plain: Callable[..., Tensor], x: Tensor, *args: Any, **kwargs: Any
) -> Tensor:
    if (
        layer.disable_adapters
        or layer.merged
        or args
        or kwargs
        or torch.is_autocast_enabled(x.device.type)
    ):
        return plain(layer, x, *args, **kwargs)
    name = layer.active_adapters[0]
    base, a, b = layer.base_layer, layer.lora_A[name].weight, layer.lora_B[name].weight
    apply: Callable[..., Tensor] = _LoraProduct.apply
    return apply(x, base.weight, base.bias, a, b, layer.scaling[name])
