from __future__ import annotations

import pytest
import torch
from families import CONFIGS, make_family
from transformers import AutoModelForCausalLM

import pinchtune.model.head as module
from pinchtune.errors import UsageError
from pinchtune.model.attention import quicken_attention
from pinchtune.model.loss import TargetLoss, check_head


@pytest.fixture
def model(tiny_model):
    return AutoModelForCausalLM.from_pretrained(tiny_model, dtype=torch.float32)


def batch(seed=0):
    generator = torch.Generator().manual_seed(seed)
    ids = torch.randint(3, 250, (3, 20), generator=generator)
    mask = torch.ones_like(ids)
    mask[1, 12:] = 0
    targets = torch.rand(3, 20, generator=generator) > 0.5
    return ids, mask, targets & mask.bool()


def reference(model, ids, mask, targets):
    labels = torch.where(targets, ids, -100)
    return model(input_ids=ids, attention_mask=mask, labels=labels).loss


@pytest.mark.parametrize("name", CONFIGS)
def test_every_style_of_model_has_its_own_loss_and_gradients(name):
    model = make_family(name)
    ids, mask, targets = batch()
    targets[2] = False  # an empty response
    expected = reference(model, ids, mask, targets)
    expected.backward()
    gradients = {n: p.grad.clone() for n, p in model.named_parameters() if p.grad is not None}
    model.zero_grad()
    quicken_attention(model)
    found = TargetLoss(model)(ids, mask, targets).mean()
    found.backward()
    assert float(found.detach()) == pytest.approx(float(expected.detach()), rel=1e-5)
    for name, parameter in model.named_parameters():
        scale = float(gradients[name].abs().max()) + 1e-6
        assert torch.allclose(parameter.grad, gradients[name], atol=1e-4 * scale), name


@pytest.mark.parametrize("chunk", [512, 7, 1])
@pytest.mark.parametrize("softcap", [0.0, 5.0])
def test_loss_and_gradients_equal_transformers(model, monkeypatch, chunk, softcap):
    monkeypatch.setattr(module, "TOKENS", chunk)
    monkeypatch.setattr(module, "WORDS", 100)
    ids, mask, targets = batch()
    model.config.final_logit_softcapping = softcap or None
    expected = reference(model, ids, mask, targets)
    expected.backward()
    gradients = {n: p.grad.clone() for n, p in model.named_parameters()}
    model.zero_grad()
    found = TargetLoss(model)(ids, mask, targets).mean()
    found.backward()
    assert float(found.detach()) == pytest.approx(float(expected.detach()), abs=1e-5)
    for name, parameter in model.named_parameters():
        assert torch.allclose(parameter.grad, gradients[name], atol=1e-5), name


def test_nats_are_the_row_sums_of_the_loss(model):
    ids, mask, targets = batch(1)
    loss = TargetLoss(model)
    tokens, nats = loss(ids, mask, targets), loss.nats(ids, mask, targets)
    assert float(nats.sum()) == pytest.approx(float(tokens.detach().sum()), abs=1e-4)
    one = loss.nats(ids[:1], mask[:1], targets[:1])
    assert float(one[0]) == pytest.approx(float(nats[0]), abs=1e-4)


def test_a_model_that_scales_its_logits_is_refused(model):
    loss = TargetLoss(model)
    check_head(loss, torch.arange(3, 20)[None])
    model.lm_head.register_forward_hook(lambda module, inputs, output: output * 50)
    with pytest.raises(UsageError, match="does not know"):
        check_head(loss, torch.arange(3, 20)[None])
