"""Attention of short rows by batched products.

The fused kernel of torch is made for long rows; for a few hundred tokens with wide heads two
plain products are several times quicker on a CPU, and heads that share keys need no copies of
them. The fused kernel is the slow twin, and does what is long or a single token. In bfloat16
the scores are rounded before the softmax, which the fused kernel does not do: the states are
two to three times as far from exact, and still nearer than one rounding of the format.

Rows of unlike length can also come joined in one long row without padding, their lengths beside
them: each row then sees itself alone, and the rest of the model computes nothing for padding.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from typing import Any

import torch
from torch import Tensor
from transformers import AttentionInterface, AttentionMaskInterface
from transformers.integrations.sdpa_attention import sdpa_attention_forward
from transformers.masking_utils import sdpa_mask

NAME = "pinch_short"
LONGEST = 1024
"""Keys up to which the scores of a row are held at once."""
KNOWN_LAYERS = {"full_attention", "sliding_attention"}


def only_attends(model: Any) -> bool:
    """Return True if nothing but attention carries anything from one token to another."""
    kinds = getattr(model.config.get_text_config(), "layer_types", None) or KNOWN_LAYERS
    return set(kinds) <= KNOWN_LAYERS and not getattr(model, "_is_stateful", False)


def quicken_attention(model: Any) -> bool:
    """Let the model use short-row attention; False where it has an attention of its own."""
    config = model.config.get_text_config()
    if model.device.type != "cpu" or config._attn_implementation != "sdpa":
        return False
    AttentionInterface.register(NAME, attend)
    AttentionMaskInterface.register(NAME, _mask)
    model.set_attn_implementation(NAME)
    return bool(config._attn_implementation == NAME)


def _mask(*args: Any, **kwargs: Any) -> Tensor | None:
    """Return the mask [B, 1, T, S], never left out; True where a key may be seen."""
    mask: Tensor | None = sdpa_mask(*args, **{**kwargs, "allow_is_causal_skip": False})
    return mask


def attend(
    module: torch.nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    dropout: float = 0.0,
    scaling: float | None = None,
    row_lengths: Sequence[int] = (),
    **kwargs: Any,
) -> tuple[Tensor, None]:
    """Return attention [B, T, H, D] of query [B, H, T, D], key and value [B, G, S, D].

    With `row_lengths`, B is 1 and T the sum of the lengths of rows that do not see each other.
    """
    if row_lengths and attention_mask is not None:
        parts = [torch.split(t, list(row_lengths), 2) for t in (query, key, value)]
        masks = _own_masks(attention_mask, row_lengths)
        found = [
            attend(module, q, k, v, mask, dropout, scaling, **kwargs)[0]
            for q, k, v, mask in zip(*parts, masks, strict=True)
        ]
        return torch.cat(found, 1), None
    rows, heads, length, width = query.shape
    groups, keys = key.shape[1:3]
    is_short = length > 1 and keys <= LONGEST and value.shape[-1] == width
    if not is_short or dropout or attention_mask is None:
        fused: tuple[Tensor, None] = sdpa_attention_forward(
            module, query, key, value, attention_mask, dropout, scaling, **kwargs
        )
        return fused
    scale = width**-0.5 if scaling is None else scaling
    shared = (query * scale).reshape(rows * groups, heads // groups * length, width)
    flat_key, flat_value = (t.reshape(rows * groups, keys, width) for t in (key, value))
    scores = shared @ flat_key.transpose(1, 2)
    lowest = torch.finfo(scores.dtype).min
    seen = scores.view(rows, heads, length, keys).masked_fill_(~attention_mask, lowest)
    weights = seen.softmax(-1).view_as(scores)
    output = (weights @ flat_value).view(rows, heads, length, width)
    return output.transpose(1, 2).contiguous(), None


def _own_masks(mask: Tensor, lengths: Sequence[int]) -> list[Tensor]:
    """Return the part of a mask [1, 1, T, T] that is each row's own."""
    ends = list(accumulate(lengths))
    return [mask[..., end - n : end, end - n : end] for n, end in zip(lengths, ends, strict=True)]
