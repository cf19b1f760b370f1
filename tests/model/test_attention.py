from __future__ import annotations

import pytest
import torch
from families import CONFIGS, make_family

from pinchtune.model import attention
from pinchtune.model.attention import quicken_attention

QUICK = [name for name in CONFIGS if name != "gemma2"]


def forward(model, ids, mask):
    model.zero_grad()
    states = model.get_decoder()(input_ids=ids, attention_mask=mask).last_hidden_state
    real = states * mask[..., None]
    real.square().sum().backward()
    return real, {n: p.grad.clone() for n, p in model.named_parameters() if p.grad is not None}


@pytest.mark.parametrize("name", QUICK)
@pytest.mark.parametrize("side", ["left", "right", "none"])
def test_states_and_gradients_equal_the_fused_kernel(name, side):
    model = make_family(name)
    ids = torch.randint(3, 259, (3, 40), generator=torch.Generator().manual_seed(0))
    mask = torch.ones_like(ids)
    if side != "none":
        mask[1, slice(0, 25) if side == "left" else slice(15, 40)] = 0
    states, gradients = forward(model, ids, mask)
    assert quicken_attention(model)
    found, quick = forward(model, ids, mask)
    assert torch.allclose(found, states, rtol=1e-4, atol=1e-4)
    for parameter, gradient in gradients.items():
        assert float((quick[parameter] - gradient).norm() / gradient.norm()) < 1e-4, parameter


def test_a_model_with_its_own_attention_keeps_it():
    model = make_family("gemma2")
    model.set_attn_implementation("eager")
    assert not quicken_attention(model)
    assert model.config._attn_implementation == "eager"


def test_long_rows_are_left_to_the_fused_kernel(monkeypatch):
    model = make_family("llama")
    quicken_attention(model)
    calls = []
    fused = attention.sdpa_attention_forward
    monkeypatch.setattr(
        attention, "sdpa_attention_forward", lambda *a, **k: calls.append(1) or fused(*a, **k)
    )
    ids = torch.full((1, 30), 5)
    short = model(ids).logits
    assert not calls
    monkeypatch.setattr(attention, "LONGEST", 29)
    assert torch.allclose(model(ids).logits, short, atol=1e-4)
    assert calls
