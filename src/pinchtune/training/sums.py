"""Losses summed by language: over rows, micro-batches, lanes and processes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

import torch

from pinchtune.model.tensors import Batch

if TYPE_CHECKING:
    from accelerate import Accelerator
    from torch import Tensor

Sums = Mapping[str, tuple[float, int]]
"""(loss sum in nats, target tokens) by language."""


def row_sums(losses: Tensor, batch: Batch) -> list[float]:
    """Return the summed loss of each row, of the losses of all target tokens [N]."""
    rows = batch.targets[:, 1:].nonzero()[:, 0].cpu()
    sums = torch.zeros(len(batch.ids), dtype=torch.float64)
    return sums.index_add_(0, rows, losses.cpu().double()).tolist()


def add_sums(parts: Iterable[Sums]) -> Sums:
    """Return the sums of all parts together."""
    total: dict[str, tuple[float, int]] = {}
    for part in parts:
        for language, (value, tokens) in part.items():
            before, count = total.get(language, (0.0, 0))
            total[language] = (before + value, count + tokens)
    return total


def gather_sums(accelerator: Accelerator, parts: Iterable[Sums]) -> Sums:
    """Return the sums of all parts of all processes."""
    own = add_sums(parts)
    if accelerator.num_processes == 1:
        return own
    from accelerate.utils import gather_object

    return add_sums(gather_object([own]))
