"""How far the weights of each layer moved between two models of one shape."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

import torch
from torch import Tensor

from pinchtune.model.layers import decoder_layers


class Moved(NamedTuple):
    """Two models, the second against the first."""

    layers: list[float]
    """Of each layer, the Frobenius norm of the difference of all its weights over their norm."""
    shares: list[float]
    """Of each layer, its share of the squared difference of all layers; 0 where nothing moved."""
    rest: float
    """As `layers`, of the weights outside the layers: words, last norm, output layer."""


@torch.inference_mode()
def measure_movement(before: Any, after: Any) -> Moved:
    """Return how far the weights moved; an adapter must be merged."""
    pairs = [_norms(*pair) for pair in zip(_layers(before), _layers(after), strict=True)]
    total = sum(change for change, _ in pairs)
    rest = _norms(_outside(before), _outside(after))
    return Moved(
        [_relative(*pair) for pair in pairs],
        [change / total if total else 0.0 for change, _ in pairs],
        _relative(*rest),
    )


def _layers(model: Any) -> list[list[Tensor]]:
    return [list(layer.parameters()) for layer in decoder_layers(model)]


def _outside(model: Any) -> list[Tensor]:
    inside = {id(p) for p in decoder_layers(model).parameters()}
    return [p for p in model.parameters() if id(p) not in inside]


def _norms(before: Iterable[Tensor], after: Iterable[Tensor]) -> tuple[float, float]:
    """Return the squared norms of the difference and of what was before."""
    change = size = 0.0
    for a, b in zip(before, after, strict=True):
        first, second = a.float(), b.float()
        change += float((second - first).square().sum(dtype=torch.float64))
        size += float(first.square().sum(dtype=torch.float64))
    return change, size


def _relative(change: float, size: float) -> float:
    return float((change / size) ** 0.5) if size else 0.0
