from __future__ import annotations

import pytest
import torch
from transformers import RepetitionPenaltyLogitsProcessor

from pinchtune.model.pick import Picker


@pytest.mark.parametrize("words", [512, 700, 1024])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
@pytest.mark.parametrize("penalty", [1.0, 1.1, 2.0])
def test_choices_are_those_of_transformers(words, dtype, penalty):
    generator = torch.Generator().manual_seed(words)
    for _ in range(10):
        weight = torch.randn(words, 8, generator=generator).to(dtype)
        # A word that stands twice, so that the first of two equals must be taken.
        weight[words // 2] = weight[3]
        states = torch.randn(6, 8, generator=generator).mul(3).to(dtype)
        states[0] = weight[3] * 4
        seen = torch.randint(0, words, (6, 40), generator=generator)
        seen[0, 0] = 3
        logits = (states @ weight.T).float()
        process = RepetitionPenaltyLogitsProcessor(penalty)
        expected = process(seen, logits).argmax(-1)
        assert torch.equal(Picker(weight, penalty=penalty).pick(states, seen), expected)


def test_every_word_seen():
    weight, states = torch.randn(512, 8), torch.randn(2, 8)
    seen = torch.arange(512).expand(2, -1)
    logits = RepetitionPenaltyLogitsProcessor(1.5)(seen, states @ weight.T)
    assert torch.equal(Picker(weight, penalty=1.5).pick(states, seen), logits.argmax(-1))
