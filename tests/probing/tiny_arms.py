"""Tiny models of every style that is supported, and twins of them that tuning has moved."""

from __future__ import annotations

import copy
import sys
from pathlib import Path
from typing import Any

import torch

from pinchtune.model.layers import decoder_layers

# As pytest does when it runs that folder first.
sys.path.insert(0, str(Path(__file__).parents[1] / "model"))
from families import CONFIGS, make_family

STYLES = tuple(CONFIGS)


def make_twin(model: Any, seed: int = 1) -> Any:
    """Return a copy whose layers, and nothing else, have moved a little."""
    twin = copy.deepcopy(model)
    torch.manual_seed(seed)
    with torch.no_grad():
        for weight in decoder_layers(twin).parameters():
            weight.add_(torch.randn_like(weight), alpha=0.05)
    return twin


def say(model: Any, ids: torch.Tensor) -> torch.Tensor:
    """Return the model's own logits."""
    with torch.inference_mode():
        return model(input_ids=ids, use_cache=False).logits


IDS = torch.arange(5, 35)[None]
__all__ = ["IDS", "STYLES", "make_family", "make_twin", "say"]
