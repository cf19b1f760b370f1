from __future__ import annotations

import pytest
import torch
from families import CONFIGS, SHAPE, make_family
from transformers import AutoModelForCausalLM, Lfm2Config

from pinchtune.model import attention
from pinchtune.model.attention import quicken_attention
from pinchtune.model.loss import TargetLoss

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


def uneven_rows():
    ids = torch.randint(3, 259, (3, 40), generator=torch.Generator().manual_seed(0))
    mask = torch.ones_like(ids)
    mask[0, 25:], mask[2, 1:] = 0, 0
    return ids, mask


@pytest.mark.parametrize("name", QUICK)
def test_joined_rows_are_rows_apart(name):
    model = make_family(name)
    quicken_attention(model)
    loss, (ids, mask) = TargetLoss(model), uneven_rows()
    assert loss.joins
    with torch.no_grad():
        found = loss.joined(ids, mask).split(mask.sum(1).tolist())
        for row, length, states in zip(ids, mask.sum(1).tolist(), found, strict=True):
            alone = loss.hidden(row[None, :length], torch.ones(1, length, dtype=torch.long))[0]
            assert torch.allclose(states, alone, rtol=1e-4, atol=1e-4)


def test_a_model_whose_rows_would_mix_is_not_joined():
    config = Lfm2Config(**SHAPE, layer_types=["conv", "full_attention"])
    model = AutoModelForCausalLM.from_config(config).eval()
    assert quicken_attention(model)
    loss, (ids, mask) = TargetLoss(model), uneven_rows()
    assert not loss.joins
    apart = [
        loss.nats(row[None, :n], m[None, :n], m[None, :n].bool())
        for row, m, n in zip(ids, mask, mask.sum(1).tolist(), strict=True)
    ]
    found = loss.nats(ids, mask, mask.bool())
    assert torch.allclose(found, torch.cat(apart), rtol=1e-4)


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


def test_values_narrower_than_keys_are_left_to_the_fused_kernel():
    query, key, value = (torch.randn(2, 4, 9, width) for width in (16, 16, 8))
    mask = torch.ones(2, 1, 9, 9, dtype=torch.bool).tril()
    found, _ = attention.attend(torch.nn.Module(), query, key, value, mask)
    fused = torch.nn.functional.scaled_dot_product_attention(query, key, value, mask)
    assert torch.allclose(found, fused.transpose(1, 2), atol=1e-5)


def test_bfloat16_is_nearer_to_the_truth_than_one_rounding():
    query, key, value = (torch.randn(2, 4, 64, 32).bfloat16() for _ in range(3))
    mask = torch.ones(2, 1, 64, 64, dtype=torch.bool).tril()
    found, _ = attention.attend(torch.nn.Module(), query, key, value, mask)
    wide = (t.double() for t in (query, key, value))
    truth = torch.nn.functional.scaled_dot_product_attention(*wide, mask).transpose(1, 2)
    assert float((found.double() - truth).norm() / truth.norm()) < 2**-7
