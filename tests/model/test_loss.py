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


@pytest.mark.parametrize("name", CONFIGS)
def test_a_row_of_4096_tokens_beside_a_short_one(name):
    model = make_family(name)
    quicken_attention(model)
    generator = torch.Generator().manual_seed(1)
    ids = torch.randint(3, 250, (2, 4096), generator=generator)
    mask = torch.ones_like(ids)
    mask[1, 5:] = 0
    targets = mask.bool() & (torch.arange(4096) % 7 == 3)
    with torch.no_grad():
        found = TargetLoss(model)(ids, mask, targets).mean()
        expected = reference(model, ids, mask, targets)
    assert float(found) == pytest.approx(float(expected), rel=1e-5)


@pytest.mark.parametrize("name", CONFIGS)
def test_in_bfloat16_it_is_as_near_to_the_truth_as_transformers(name):
    """The tolerance: twice the distance that transformers' own rounding has, at most 1 %."""
    exact, rounded = make_family(name), make_family(name, torch.bfloat16)
    exact.load_state_dict({k: v.float() for k, v in rounded.state_dict().items()})
    ids, mask, targets = batch()
    truth, truth_slope = _loss_and_slope(exact, reference(exact, ids, mask, targets))
    theirs, their_slope = _loss_and_slope(rounded, reference(rounded, ids, mask, targets))
    rounded.zero_grad()
    quicken_attention(rounded)
    ours, our_slope = _loss_and_slope(rounded, TargetLoss(rounded)(ids, mask, targets).mean())
    assert abs(ours - truth) <= max(2 * abs(theirs - truth), 0.01 * truth)
    error = (our_slope - truth_slope).norm() / truth_slope.norm()
    assert error <= max(2 * (their_slope - truth_slope).norm() / truth_slope.norm(), 0.01)


def _loss_and_slope(model, loss):
    loss.backward()
    slopes = [p.grad.float().flatten() for p in model.parameters() if p.grad is not None]
    return float(loss.detach()), torch.cat(slopes)


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


def hooked(model, change):
    """Whether check_head takes the model after a change of what its output layer gives."""
    loss, ids = TargetLoss(model), torch.arange(3, 20)[None]
    check_head(loss, ids)
    handle = model.lm_head.register_forward_hook(lambda module, inputs, output: change(output))
    try:
        check_head(loss, ids)
    except UsageError as error:
        assert "does not know" in str(error)
        return False
    finally:
        handle.remove()
    return True


@pytest.mark.parametrize("factor", [50.0, 1.05, 0.9, 0.0, float("nan")])
def test_a_model_that_scales_its_logits_is_refused(model, factor):
    assert not hooked(model, lambda logits: logits * factor)


def test_a_model_that_shifts_or_caps_its_logits_is_refused(model):
    assert not hooked(model, lambda logits: logits + logits.std())
    assert not hooked(model, lambda logits: torch.tanh(logits / logits.std()) * logits.std())


def test_a_tuned_model_that_is_sure_is_taken_whatever_the_rounding(model):
    with torch.no_grad():
        model.lm_head.weight.mul_(200)
    assert hooked(model, lambda logits: logits.bfloat16())
