from __future__ import annotations

import pytest
import torch
from peft import LoraConfig, get_peft_model
from torch import nn

from pinchtune.config import TrainConfig
from pinchtune.model.tiny import make_tiny_model
from pinchtune.training.adapter import quicken
from pinchtune.training.arm import prepare_model


class Two(nn.Module):
    def __init__(self, bias: bool) -> None:
        super().__init__()
        self.first, self.second = nn.Linear(12, 20, bias=bias), nn.Linear(20, 7, bias=bias)

    def forward(self, x):
        return self.second(self.first(x).tanh())


def make(bias=True, dtype=torch.float32, **settings):
    torch.manual_seed(0)
    config = LoraConfig(r=3, lora_alpha=6, target_modules=["first", "second"], **settings)
    model = get_peft_model(Two(bias).to(dtype), config)
    for name, parameter in model.named_parameters():
        if "lora_" in name:
            # Adapters start at nothing; that would compare zero with zero.
            nn.init.normal_(parameter)
    return model


def grads(model, x):
    model.zero_grad()
    y = model(x)
    y.float().square().sum().backward()
    return y.detach(), {n: p.grad.clone() for n, p in model.named_parameters() if p.requires_grad}


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("shape", [(5, 12), (2, 4, 12)])
def test_output_and_gradients_equal_peft(bias, shape):
    model, x = make(bias), torch.randn(*shape, generator=torch.Generator().manual_seed(1))
    expected, theirs = grads(model, x)
    assert quicken(model)
    found, ours = grads(model, x)
    assert torch.allclose(found, expected, atol=1e-4)
    assert all(torch.allclose(ours[n], g, rtol=1e-4, atol=1e-3) for n, g in theirs.items())
    assert {g.dtype for g in ours.values()} == {torch.float32}


def test_bfloat16_weights_have_float32_adapters():
    model, x = make(dtype=torch.bfloat16), torch.randn(6, 12).bfloat16()
    with torch.autocast("cpu", torch.bfloat16):
        expected, theirs = grads(model, x)
    assert quicken(model)
    found, ours = grads(model, x)
    assert torch.allclose(found.float(), expected.float(), rtol=0.05, atol=0.5)
    for name, gradient in theirs.items():
        distance = (ours[name] - gradient).norm() / gradient.norm()
        assert float(distance) < 0.03, name


def test_switched_off_and_merged_adapters_are_left_alone():
    model, x = make(), torch.randn(4, 12)
    with model.disable_adapter():
        bare = model(x)
    tuned = model(x)
    quicken(model)
    with model.disable_adapter():
        assert torch.equal(model(x), bare)
    model.merge_adapter()
    assert torch.allclose(model(x), tuned, atol=1e-5)


def test_what_is_not_plain_keeps_pefts_forward():
    assert not quicken(make(lora_dropout=0.5))
    assert not quicken(make(use_dora=True))
    assert not quicken(Two(True))


def test_every_layer_of_a_real_style_is_quick(tmp_path):
    from transformers import AutoModelForCausalLM

    model = AutoModelForCausalLM.from_pretrained(make_tiny_model(tmp_path))
    assert quicken(prepare_model(model, TrainConfig(rank=2)))
