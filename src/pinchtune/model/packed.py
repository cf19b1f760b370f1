"""Weights laid out once for the processor's matrix product, instead of at every product.

Only for bfloat16 on a CPU, where torch's library lays the weights out anew in each call; that
is a quarter of the time of a product with sixty rows. Anywhere else the plain product is used.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

Product = Callable[[Tensor], Tensor]
"""A function x [..., in] -> [..., out]; not differentiable."""

FEW = 64
"""Rows that the layout is made for where a step is one token of every answer."""
MANY = 1024
"""Rows that it is made for where whole texts are read."""


def pack(weight: Tensor, bias: Tensor | None = None, rows: int = FEW) -> Product:
    """Return the function x -> x weight^T + bias, laid out for about so many rows at a time."""
    if not can_pack(weight):
        return partial(_plain, weight, bias)
    operators: Any = torch.ops.mkldnn
    packed = operators._reorder_linear_weight(weight.detach(), rows)
    return partial(_product, operators._linear_pointwise, packed, bias)


def can_pack(weight: Tensor) -> bool:
    """Return True if torch has a packed product for the weight on this processor."""
    return (
        weight.dtype == torch.bfloat16
        and weight.device.type == "cpu"
        and bool(torch._C._has_mkldnn)
        and bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())
    )


def pack_layers(model: Any) -> int:
    """Let the linear layers of a model that is only used, not tuned, multiply packed weights.

    The packed weights stand beside the plain ones. The output layer is left alone: it is applied
    elsewhere. Returns how many layers were packed.
    """
    head = model.get_output_embeddings()
    layers = [m for m in model.modules() if type(m) is nn.Linear and m is not head]
    packable = [layer for layer in layers if can_pack(layer.weight)]
    for layer in packable:
        layer.forward = pack(layer.weight, layer.bias)  # type: ignore[method-assign, assignment]
    return len(packable)


def _plain(weight: Tensor, bias: Tensor | None, x: Tensor) -> Tensor:
    return nn.functional.linear(x, weight, bias)


def _product(multiply: Any, packed: Tensor, bias: Tensor | None, x: Tensor) -> Tensor:
    flat = x.reshape(-1, x.shape[-1])
    product: Tensor = multiply(flat, packed, bias, "none", [], "")
    return product.view(*x.shape[:-1], -1)
