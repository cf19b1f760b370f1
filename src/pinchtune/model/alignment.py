"""Where each layer lays a sentence: token-weighted mean states, for MEXA.

A token of a causal model has seen what stands before it only, so later tokens weigh more: token
t of a sentence weighs t, as in SGPT and in MEXA's default. Nothing of a chat template is read.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import torch
    from torch import Tensor

States = NDArray[np.float32]
TOKENS_AT_ONCE = 2048
"""Padded tokens in one forward pass: all layers are kept for a moment."""


class Part(NamedTuple):
    """The states of some of the texts."""

    places: list[int]
    """Which texts, by their place in the list."""
    states: States
    """[L, len(places), D]: one row a text in each layer, from the first layer's output on."""


def mean_states(
    model: Any, tokenizer: Any, texts: Sequence[str], max_length: int
) -> Iterator[Part]:
    """Yield the mean states of texts, a batch of like length at a time.

    A longer text is read up to `max_length` tokens; one without tokens keeps its begin token.
    """
    import torch

    rows, skipped = encode_texts(tokenizer, texts, max_length)
    for places in plan_batches([len(ids) for ids in rows]):
        ids, mask = pad_rows([rows[i] for i in places], tokenizer.pad_token_id, model.device)
        with torch.inference_mode():
            found = model.get_decoder()(
                input_ids=ids, attention_mask=mask, use_cache=False, output_hidden_states=True
            )
            # The first of them are the words' own vectors: no layer has read the sentence yet.
            layers = [_mean(states, mask, skipped) for states in found.hidden_states[1:]]
        yield Part(places, torch.stack(layers).cpu().numpy())


def encode_texts(
    tokenizer: Any, texts: Sequence[str], max_length: int
) -> tuple[list[list[int]], int]:
    """Return texts as tokens without a template, and how many begin tokens each has."""
    begin = [] if tokenizer.bos_token_id is None else [tokenizer.bos_token_id]
    rows = [begin + list(tokenizer(t, add_special_tokens=False).input_ids) for t in texts]
    return [(ids or [tokenizer.pad_token_id])[:max_length] for ids in rows], len(begin)


def all_mean_states(model: Any, tokenizer: Any, texts: Sequence[str], max_length: int) -> States:
    """Return the mean states of texts in their order, [L, N, D]."""
    parts = list(mean_states(model, tokenizer, texts, max_length))
    order = np.argsort([place for part in parts for place in part.places])
    return np.concatenate([part.states for part in parts], axis=1)[:, order]


def _mean(states: Tensor, mask: Tensor, skipped: int) -> Tensor:
    """Return the mean over tokens [B, D] in float32; the begin token says nothing and is left out.

    In float32, since squares of bfloat16 states of a thousand lose what the mean is about.
    """
    import torch

    place = torch.cumsum(mask, dim=1) * mask
    weight = torch.where(place > skipped, place, 0)
    weight = torch.where(weight.sum(dim=1, keepdim=True) > 0, weight, mask).float()
    weight = weight / weight.sum(dim=1, keepdim=True)
    return (states.float() * weight[:, :, None]).sum(dim=1)


def pad_rows(
    rows: Sequence[list[int]], pad: int, device: torch.device | str
) -> tuple[Tensor, Tensor]:
    """Return token ids and mask [B, T], padded on the right."""
    import torch

    width = max(map(len, rows))
    ids = torch.tensor([row + [pad] * (width - len(row)) for row in rows])
    mask = torch.tensor([[1] * len(row) + [0] * (width - len(row)) for row in rows])
    return ids.to(device), mask.to(device)


def plan_batches(lengths: Sequence[int]) -> Iterator[list[int]]:
    """Yield the places of rows of like length that fit into one forward pass."""
    part: list[int] = []
    for place in sorted(range(len(lengths)), key=lambda i: (lengths[i], i)):
        if part and (len(part) + 1) * lengths[place] > TOKENS_AT_ONCE:
            yield part
            part = []
        part.append(place)
    if part:
        yield part
