from __future__ import annotations

import sys
from types import ModuleType

import pytest
import torch
from families import make_family

from pinchtune.model.fused import cut_losses, pick_fused
from pinchtune.model.head import plain_losses
from pinchtune.model.load import describe_compute
from pinchtune.model.loss import TargetLoss

ALL = {"flash_attn", "cut_cross_entropy"}


@pytest.mark.parametrize("device", ["cpu", "mps"])
def test_only_cuda_takes_them(device):
    assert pick_fused(device, "bfloat16", "auto", ALL.__contains__) == (None, None, "")


def test_plain_takes_none():
    assert pick_fused("cuda", "bfloat16", "plain", ALL.__contains__) == (None, None, "")


def test_what_is_installed_is_taken():
    found = pick_fused("cuda", "bfloat16", "auto", ALL.__contains__)
    assert found == ("flash_attention_2", cut_losses, "")


@pytest.mark.parametrize("have", [set(), {"flash_attn"}, {"cut_cross_entropy"}])
def test_what_is_missing_is_said_in_one_line(have):
    found = pick_fused("cuda", "float16", "auto", have.__contains__)
    assert (found.attention is not None) == ("flash_attn" in have)
    assert (found.losses is not None) == ("cut_cross_entropy" in have)
    assert found.note == (
        f"not installed: {', '.join(sorted(ALL - have, reverse=True))}; slower ways are used"
    )
    assert "\n" not in found.note


def test_float32_stays_with_the_exact_ways():
    found = pick_fused("cuda", "float32", "auto", ALL.__contains__)
    assert found.attention is None and found.losses is None and "float32" in found.note


def test_the_other_librarys_losses_are_asked_for_token_by_token(monkeypatch):
    # Its kernels need a GPU: this stands for the library, with its documented signature.
    def linear_cross_entropy(
        e, c, targets, ignore_index=-100, softcap=None, reduction="mean", shift=False
    ):
        assert e.dtype == c.dtype and reduction == "none" and not shift
        return plain_losses(e, c, targets, softcap or 0.0)

    library = ModuleType("cut_cross_entropy")
    library.linear_cross_entropy = linear_cross_entropy
    monkeypatch.setitem(sys.modules, "cut_cross_entropy", library)
    model = make_family("gemma2")
    ids = torch.arange(3, 30)[None]
    batch = (ids, torch.ones_like(ids), torch.ones_like(ids).bool())
    found, expected = TargetLoss(model, losses=cut_losses)(*batch), TargetLoss(model)(*batch)
    assert torch.allclose(found, expected, atol=1e-5)


def test_a_fully_tuned_models_states_reach_the_other_library_in_half_precision(monkeypatch):
    seen = []

    def linear_cross_entropy(e, c, targets, softcap=None, reduction="mean"):
        seen.append((e.dtype, c.dtype))
        return plain_losses(e, c, targets)

    library = ModuleType("cut_cross_entropy")
    library.linear_cross_entropy = linear_cross_entropy
    monkeypatch.setitem(sys.modules, "cut_cross_entropy", library)
    hidden, weight = torch.randn(3, 8), torch.randn(20, 8)
    with torch.autocast("cpu", torch.bfloat16):
        found = cut_losses(hidden, weight, torch.tensor([1, 2, 3]), 0.0)
    assert seen == [(torch.bfloat16, torch.bfloat16)] and found.dtype == torch.float32


def test_the_line_names_device_threads_and_format():
    line = describe_compute(make_family("llama"), "auto")
    assert line == f"computing on cpu, {torch.get_num_threads()} threads, float32"
