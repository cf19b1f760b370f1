from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from pinchtune.model import head
from pinchtune.model.head import WORDS, pack_head, plain_losses, token_losses, token_nats
from pinchtune.model.packed import can_pack


def make(tokens, words, width=16, dtype=torch.float32, scale=1.0):
    generator = torch.Generator().manual_seed(tokens * 1000 + words)
    hidden = torch.randn(tokens, width, generator=generator).mul(scale).to(dtype)
    weight = torch.randn(words, width, generator=generator).to(dtype)
    targets = torch.randint(0, words, (tokens,), generator=generator)
    return hidden.requires_grad_(), weight.requires_grad_(), targets


def gradients(losses, *leaves):
    return torch.autograd.grad(losses.sum() * 0.25, leaves)


@given(st.integers(1, 12), st.integers(2, 40), st.integers(1, 50), st.integers(1, 13))
def test_blocks_of_any_size_equal_all_logits_at_once(tokens, words, block, part):
    before = head.WORDS, head.TOKENS
    head.WORDS, head.TOKENS = block, part
    try:
        for softcap in (0.0, 3.0):
            hidden, weight, targets = make(tokens, words)
            expected = plain_losses(hidden, weight, targets, softcap)
            found = token_losses(hidden, weight, targets, softcap)
            assert torch.allclose(found, expected, atol=1e-5)
            assert torch.allclose(token_nats(hidden, weight, targets, softcap), expected, atol=1e-5)
            pairs = zip(
                gradients(found, hidden, weight), gradients(expected, hidden, weight), strict=True
            )
            assert all(torch.allclose(a, b, atol=1e-5) for a, b in pairs)
    finally:
        head.WORDS, head.TOKENS = before


@pytest.mark.parametrize("softcap", [0.0, 30.0])
def test_bfloat16_is_as_near_to_the_truth_as_all_logits_at_once(softcap):
    hidden, weight, targets = make(200, 20_000, 64, torch.bfloat16, scale=0.7)
    exact = plain_losses(hidden.float(), weight.float(), targets, softcap)
    truth = gradients(exact, hidden, weight)
    ours = token_losses(hidden, weight, targets, softcap)
    theirs = plain_losses(hidden, weight, targets, softcap)
    mistakes = [float((loss - exact).detach().abs().mean()) for loss in (ours, theirs)]
    assert mistakes[0] <= 1.2 * mistakes[1]
    for mine, plain, right in zip(
        gradients(ours, hidden, weight), gradients(theirs, hidden, weight), truth, strict=True
    ):
        mistakes = [float((g.float() - right.float()).norm()) for g in (mine, plain)]
        assert mistakes[0] <= 1.2 * mistakes[1]


def test_a_token_that_is_sure_costs_nothing():
    hidden, weight, targets = make(200, 20_000, 64, torch.bfloat16)
    with torch.no_grad():
        hidden.copy_(weight[targets] * 0.5)
        exact = plain_losses(hidden.float(), weight.float(), targets)
        found = token_losses(hidden, weight, targets)
    assert float(exact.mean()) < 0.01
    assert float((found - exact).abs().mean()) < 0.01 and float(found.min()) > -1e-3


def test_words_that_are_left_out_are_stood_for_by_the_others():
    # Half of the probability lies on words of which each is impossible; all share a direction.
    generator = torch.Generator().manual_seed(0)
    weight = torch.randn(2_000_000 // 4, 8, generator=generator).mul(0.01)
    weight[:, 0] += 1
    weight[0, 1] = 13.1
    hidden = torch.tensor([[0.0, 1.0, 0, 0, 0, 0, 0, 0]])
    exact, found = (
        gradients(way(h, weight.to(h.dtype), torch.tensor([0])), h)[0].float()
        for way, h in (
            (plain_losses, hidden.clone().requires_grad_()),
            (token_losses, hidden.bfloat16().requires_grad_()),
        )
    )
    assert float(exact[0, 1].abs()) > 1
    assert float(found[0, 0]) == pytest.approx(float(exact[0, 0]), abs=0.01)


def test_impossible_words_are_left_out_of_the_gradient_only(monkeypatch):
    hidden, weight, targets = make(50, 5_000, 64, torch.bfloat16)
    exact = token_losses(hidden, weight, targets)
    monkeypatch.setattr(head, "IMPOSSIBLE", 0.02)
    coarse = token_losses(hidden, weight, targets)
    assert torch.equal(exact, coarse)
    assert not torch.equal(*(gradients(loss, hidden)[0] for loss in (exact, coarse)))


def test_large_logits_do_not_overflow():
    hidden, weight, targets = make(8, 300, dtype=torch.bfloat16, scale=200.0)
    losses = token_losses(hidden, weight, targets)
    assert losses.isfinite().all() and gradients(losses, hidden)[0].isfinite().all()


def test_nothing_to_predict_has_no_loss():
    hidden, weight, targets = make(1, 10)
    losses = token_losses(hidden[:0], weight, targets[:0])
    assert losses.shape == (0,)
    assert float(gradients(losses, weight)[0].abs().sum()) == 0


def test_packed_blocks_cost_what_the_plain_weights_do():
    torch.manual_seed(0)
    weight = torch.randn(WORDS + 500, 64).bfloat16()
    hidden, targets = torch.randn(37, 64).bfloat16(), torch.randint(0, len(weight), (37,))
    blocks = pack_head(weight)
    # Two blocks, or none where the processor has no such product.
    assert len(blocks) == (2 if can_pack(weight) else 0)
    found, expected = (token_nats(hidden, weight, targets, blocks=b) for b in (blocks, ()))
    assert torch.allclose(found, expected, rtol=0.01)
