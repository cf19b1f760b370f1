"""Encoded conversations as padded tensors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from pinchtune.model.chat import Encoded


class Batch(NamedTuple):
    """One micro-batch, padded on the right."""

    ids: Tensor
    """Token ids, int64 [B, T]."""
    mask: Tensor
    """1 for tokens, 0 for padding, int64 [B, T]."""
    targets: Tensor
    """True for the tokens that the loss counts, bool [B, T]."""


def collate(examples: Sequence[Encoded], pad_id: int, device: torch.device | str = "cpu") -> Batch:
    """Return the examples as one padded batch on `device`."""
    width = max(len(e.ids) for e in examples)
    ids = torch.full((len(examples), width), pad_id)
    mask, targets = torch.zeros_like(ids), torch.zeros_like(ids, dtype=torch.bool)
    for row, example in enumerate(examples):
        n = len(example.ids)
        ids[row, :n] = torch.tensor(example.ids)
        mask[row, :n] = 1
        targets[row, :n] = torch.tensor(example.targets)
    return Batch(ids.to(device), mask.to(device), targets.to(device))
