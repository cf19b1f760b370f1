from __future__ import annotations

import pytest
import torch
from families import CONFIGS, make_family
from torch import nn

from pinchtune.model.norm import quicken_norms


def norms(model):
    return {n: m for n, m in model.named_modules() if type(m).__name__.endswith("RMSNorm")}


@pytest.mark.parametrize("name", CONFIGS)
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_values_are_the_modules_own_and_gradients_near(name, dtype):
    model = make_family(name, dtype)
    found = norms(model)
    module = next(iter(found.values()))
    x = torch.randn(5, 7, len(module.weight)).to(dtype).requires_grad_()
    pull = torch.randn_like(x)
    expected = module(x)
    truths = torch.autograd.grad(expected, (x, module.weight), pull)
    assert quicken_norms(model) == len(found) > 3
    y = module(x)
    gradients = torch.autograd.grad(y, (x, module.weight), pull)
    assert torch.equal(y, expected)
    limit = 1e-5 if dtype == torch.float32 else 0.01
    for gradient, truth in zip(gradients, truths, strict=True):
        assert gradient.dtype == dtype
        assert float((gradient - truth).float().norm() / truth.float().norm()) < limit


def test_a_frozen_gain_has_no_gradient():
    model = make_family("llama").requires_grad_(False)
    module = next(iter(norms(model).values()))
    quicken_norms(model)
    x = torch.randn(2, 3, len(module.weight)).requires_grad_()
    module(x).sum().backward()
    assert module.weight.grad is None and x.grad is not None


def test_unknown_norms_are_left_alone():
    class OddRMSNorm(nn.RMSNorm):
        def forward(self, x):
            return super().forward(x) + 1

    assert quicken_norms(OddRMSNorm(8).requires_grad_(False)) == 0
