"""What a model says to a few prompts: greedy answers, and how undecided it was at a token."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pinchtune.config import GenerateConfig
from pinchtune.model.chat import encode_prompt, end_token_ids
from pinchtune.records import Example


def answer_greedily(
    model: Any, tokenizer: Any, prompts: Sequence[Example], tokens: int
) -> list[list[int]]:
    """Return the most likely answers of up to `tokens` tokens, without any penalty."""
    from pinchtune.model.decode import decode_plainly

    config = GenerateConfig(max_new_tokens=tokens, temperature=0.0, repetition_penalty=1.0)
    encoded = [encode_prompt(tokenizer, prompt) for prompt in prompts]
    return decode_plainly(model, encoded, end_token_ids(tokenizer), config, 0, lambda: None)


def token_gap(model: Any, before: Sequence[int], one: int, other: int) -> float:
    """Return by how many nats the model prefers one token to the other after `before`."""
    import torch

    with torch.inference_mode():
        logits = model(torch.tensor([[*before]], device=model.device)).logits[0, -1].float()
    if max(one, other) >= len(logits):
        return float("inf")
    return abs(float(logits[one] - logits[other]))
