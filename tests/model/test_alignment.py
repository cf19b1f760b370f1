from __future__ import annotations

import numpy as np
import pytest
import torch

from pinchtune.config import ModelConfig
from pinchtune.model import alignment
from pinchtune.model.alignment import all_mean_states
from pinchtune.model.load import load_model, load_tokenizer

TEXTS = ["A cat.", "Ein sehr langer Satz über gar nichts.", "猫", "", "two words"]


@pytest.fixture(scope="module")
def loaded(tiny_model):
    config = ModelConfig(base=str(tiny_model), dtype="float32")
    return load_model(config), load_tokenizer(config.base)


def one_by_one(model, tokenizer, text):
    """The mean of one text, token by token; the begin token is left out."""
    ids = [tokenizer.bos_token_id, *tokenizer(text, add_special_tokens=False).input_ids]
    with torch.inference_mode():
        layers = model.get_decoder()(
            input_ids=torch.tensor([ids]), output_hidden_states=True, use_cache=False
        ).hidden_states[1:]
    rows = []
    for states in layers:
        places = range(1, len(ids)) if len(ids) > 1 else range(1)
        total = sum((t + 1) * states[0, t] for t in places)
        rows.append((total / sum(t + 1 for t in places)).numpy())
    return np.stack(rows)


def test_equals_one_text_at_a_time(loaded, monkeypatch):
    model, tokenizer = loaded
    monkeypatch.setattr(alignment, "TOKENS_AT_ONCE", 40)
    found = all_mean_states(model, tokenizer, TEXTS, 512)
    assert found.shape == (2, len(TEXTS), 32)
    for i, text in enumerate(TEXTS):
        np.testing.assert_allclose(
            found[:, i], one_by_one(model, tokenizer, text), atol=1e-5, rtol=1e-4
        )


def test_a_long_text_is_cut(loaded):
    model, tokenizer = loaded
    long, short = all_mean_states(model, tokenizer, ["abcdef" * 50, "abc"], 4).transpose(1, 0, 2)
    np.testing.assert_allclose(long, short, atol=1e-5)
