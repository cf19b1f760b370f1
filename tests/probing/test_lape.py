"""Neurons that are active in few languages: a made-up case, and counts in every style."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from tiny_arms import STYLES, make_family

from pinchtune.model import alignment
from pinchtune.model.layers import neuron_modules
from pinchtune.probing.neurons import count_active, lape

TEXTS = ["one two", "ein längerer Satz", "x"]


class Letters:
    """A tokenizer of bytes."""

    bos_token_id, pad_token_id = 2, 0

    def __call__(self, text, add_special_tokens=False):
        return SimpleNamespace(input_ids=[3 + byte for byte in text.encode()])


def made_up():
    """Three languages, one layer of 100 neurons: one is of the first language alone, one of two."""
    probabilities = np.full((3, 1, 100), 0.5)
    probabilities[:, 0, 7] = 0.9, 0.001, 0.001
    probabilities[:, 0, 8] = 0.9, 0.9, 0.001
    # Rare, but seldom active anywhere.
    probabilities[:, 0, 9] = 0.01, 0.0, 0.0
    # Never active.
    probabilities[:, 0, 10] = 0.0
    return probabilities


def test_the_lowest_entropy_is_of_one_language():
    one = lape(made_up(), share=0.01)
    assert np.argwhere(one.chosen).tolist() == [[0, 7]]
    assert one.owned[:, 0, 7].tolist() == [True, False, False]
    two = lape(made_up(), share=0.02)
    assert np.argwhere(two.chosen).tolist() == [[0, 7], [0, 8]]
    assert two.owned[:, 0, 8].tolist() == [True, True, False]


def test_the_entropy_is_that_of_the_shares():
    found = lape(made_up())
    shares = np.array([0.9, 0.9, 0.001]) / 1.801
    assert found.entropy[0, 8] == pytest.approx(-(shares * np.log(shares)).sum())
    # What is seldom active, and what is active often but not among the most active, is out.
    assert np.isinf(found.entropy[0, [9, 10, 50]]).all()


def test_nothing_is_chosen_where_all_are_alike():
    assert not lape(np.full((2, 1, 50), 0.3), share=0.5).chosen.any()


@pytest.mark.parametrize("style", STYLES)
def test_counts_are_those_of_one_text_at_a_time(style, monkeypatch):
    model, tokenizer = make_family(style), Letters()
    monkeypatch.setattr(alignment, "TOKENS_AT_ONCE", 20)
    found = count_active(model, tokenizer, TEXTS, 512)
    expected = np.zeros((2, 64), int)
    for text in TEXTS:
        ids = torch.tensor([[2, *tokenizer(text).input_ids]])
        seen = []
        handles = [
            m.register_forward_hook(lambda _m, _i, out, seen=seen: seen.append(out))
            for m in neuron_modules(model)
        ]
        with torch.inference_mode():
            model(input_ids=ids)
        for handle in handles:
            handle.remove()
        expected += torch.stack([(out[0, 1:] > 0).sum(0) for out in seen]).numpy()
    assert found.tokens == sum(len(text.encode()) for text in TEXTS)
    assert found.active.tolist() == expected.tolist()
    assert not any(m._forward_hooks for m in neuron_modules(model))
