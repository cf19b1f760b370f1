"""Neurons that are active in few languages: language activation probability entropy (LAPE).

Tang et al., *Language-Specific Neurons: The Key to Multilingual Capabilities in Large Language
Models* (ACL 2024), section 3. A neuron is a unit between the two halves of a layer's MLP; it is
active at a token if its activation is above 0.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from pinchtune.model.alignment import encode_texts, pad_rows, plan_batches
from pinchtune.model.layers import neuron_modules

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]
SHARE = 0.01
"""Share of all neurons that is called language-specific: those of the lowest entropy."""
ACTIVE = 0.95
"""A neuron counts only if in some language it is active more often than this share of all
activation probabilities; the languages where it is so are its own."""


class Counted(NamedTuple):
    """How often each neuron was active."""

    active: NDArray[np.int64]
    """[L, W], tokens at which the neuron was active."""
    tokens: int


@torch.inference_mode()
def count_active(model: Any, tokenizer: Any, texts: Sequence[str], max_length: int) -> Counted:
    """Return how often each neuron is active on some texts; the begin token is left out."""
    rows, skipped = encode_texts(tokenizer, texts, max_length)
    active, tokens = None, 0
    for places in plan_batches([len(ids) for ids in rows]):
        ids, mask = pad_rows([rows[i] for i in places], tokenizer.pad_token_id, model.device)
        counted = mask.bool()
        counted[:, :skipped] = False
        with _counting(model, counted) as found:
            model.get_decoder()(input_ids=ids, attention_mask=mask, use_cache=False)
        part = torch.stack(found).cpu().numpy()
        active = part if active is None else active + part
        tokens += int(counted.sum())
    return Counted(np.zeros((0, 0), np.int64) if active is None else active, tokens)


@contextmanager
def _counting(model: Any, counted: Tensor) -> Iterator[list[Tensor]]:
    """Yield a list that each layer adds its counts [W] to; tokens that are not counted are out."""
    found: list[Tensor] = []

    def note(_module: Any, _inputs: Any, output: Tensor) -> None:
        found.append((output.reshape(*counted.shape, -1)[counted] > 0).sum(dim=0))

    handles = [module.register_forward_hook(note) for module in neuron_modules(model)]
    try:
        yield found
    finally:
        for handle in handles:
            handle.remove()


class Specific(NamedTuple):
    """Which neurons are specific, and to which languages."""

    entropy: Array
    """[L, W]; infinite where a neuron is nowhere active often enough."""
    owned: Mask
    """[K, L, W], True where a specific neuron is one of the language's own."""

    @property
    def chosen(self) -> Mask:
        """[L, W], True for specific neurons."""
        found: Mask = np.logical_or.reduce(self.owned)
        return found


def lape(probabilities: Array, share: float = SHARE, active: float = ACTIVE) -> Specific:
    """Return the specific neurons from activation probabilities [K, L, W] in K languages."""
    total = probabilities.sum(axis=0)
    shares = probabilities / np.where(total > 0, total, 1)
    entropy = -(shares * np.log(np.where(shares > 0, shares, 1))).sum(axis=0)
    often = probabilities > _kth(probabilities, active)
    entropy = np.where(often.any(axis=0), entropy, np.inf)
    order = np.argsort(entropy, axis=None, kind="stable")[: round(share * entropy.size)]
    chosen = np.zeros(entropy.size, bool)
    chosen[order] = True
    chosen &= np.isfinite(entropy).ravel()
    return Specific(entropy, often & chosen.reshape(entropy.shape))


def _kth(values: Array, share: float) -> float:
    """Return the smallest value that so large a share of the values does not exceed."""
    place = max(1, round(share * values.size)) - 1
    return float(np.partition(values, place, axis=None)[place])
