"""How well a model predicts reference responses, in bits per byte.

Bits per byte compare across tokenizers and languages: they count what it costs to write down
the response's UTF-8 bytes, whatever the tokens are.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from pinchtune.model.chat import Encoded, encode_example
from pinchtune.records import Example

TOKENS_AT_ONCE = 4096
"""Padded tokens in one forward pass."""


class Bits(NamedTuple):
    """Cost of one reference response."""

    prompt_id: str
    bits: float
    size: int
    """Length of the response in UTF-8 bytes, the end token counted as one."""


def reference_size(example: Example) -> int:
    """Return the bytes of every assistant turn, each end token counted as one byte."""
    turns = [m.content for m in example.messages() if m.role == "assistant"]
    return sum(len(t.strip().encode("utf-8", "surrogatepass")) + 1 for t in turns)


def score_references(
    model: Any,
    tokenizer: Any,
    examples: Sequence[Example],
    max_length: int,
    packed: bool = True,
) -> Iterator[list[Bits]]:
    """Yield the cost of the reference responses, a batch of like length at a time.

    Examples without a response, or longer than `max_length` tokens, are left out.
    """
    import torch

    from pinchtune.model.loss import TargetLoss
    from pinchtune.model.tensors import collate

    loss = TargetLoss(model, packed=packed)
    encoded = [(e, encode_example(tokenizer, e, max_length)) for e in examples if e.response]
    for part in _batches([(e, c) for e, c in encoded if not c.cut]):
        batch = collate([c for _, c in part], tokenizer.pad_token_id, model.device)
        with torch.inference_mode():
            nats = loss.nats(*batch).tolist()
        yield [
            Bits(example.id, value / math.log(2), reference_size(example))
            for (example, _), value in zip(part, nats, strict=True)
        ]


def _batches(rows: list[tuple[Example, Encoded]]) -> Iterator[list[tuple[Example, Encoded]]]:
    rows.sort(key=lambda row: len(row[1].ids))
    part: list[tuple[Example, Encoded]] = []
    for row in rows:
        if part and (len(part) + 1) * len(row[1].ids) > TOKENS_AT_ONCE:
            yield part
            part = []
        part.append(row)
    if part:
        yield part
