"""Layers by place, in every style; what cannot be told apart is refused."""

from __future__ import annotations

import pytest
import torch
from families import CONFIGS, make_family
from transformers import AutoModelForCausalLM, GPT2Config

from pinchtune.errors import UsageError
from pinchtune.model.layers import (
    decoder_layers,
    final_norm,
    last_layers,
    linear_names,
    neuron_modules,
    softcap,
)


@pytest.mark.parametrize("style", CONFIGS)
def test_the_parts_of_every_style(style):
    model = make_family(style)
    assert len(decoder_layers(model)) == len(neuron_modules(model)) == 2
    assert final_norm(model) is model.model.norm
    assert last_layers(model, 1) == [model.model.layers[1]]
    assert last_layers(model, 0) == []
    names = linear_names(model, 1)
    assert len(names) == 7 and all(name.startswith("model.layers.1.") for name in names)
    assert softcap(model) == (5.0 if style == "gemma2" else 0.0)


@pytest.mark.parametrize("style", CONFIGS)
def test_neurons_are_between_the_halves_of_the_mlp(style):
    model = make_family(style)
    seen = []
    handle = neuron_modules(model)[1].register_forward_hook(lambda _m, _i, out: seen.append(out))
    with torch.inference_mode():
        model(input_ids=torch.arange(5, 9)[None])
    handle.remove()
    assert [tuple(out.shape) for out in seen] == [(1, 4, 64)]


def test_more_layers_than_there_are():
    with pytest.raises(UsageError, match=r"train\.last_layers: the model has 2 layers, not 3"):
        last_layers(make_family("llama"), 3)


def test_another_style_is_refused_in_a_sentence():
    config = GPT2Config(n_layer=2, n_head=2, n_embd=16, vocab_size=50)
    model = AutoModelForCausalLM.from_config(config)
    for part in (final_norm, neuron_modules):
        with pytest.raises(UsageError, match=r"GPT2LMHeadModel: .*in the style of Llama, Qwen"):
            part(model)
