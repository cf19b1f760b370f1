from __future__ import annotations

import pytest
import torch
from families import make_family

from pinchtune.model.packed import can_pack, pack, pack_layers


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("shape", [(64, 48), (1, 48), (3, 7, 48)])
def test_the_product_is_the_layers(dtype, shape):
    layer = torch.nn.Linear(48, 80).to(dtype)
    x = torch.randn(*shape).to(dtype)
    with torch.inference_mode():
        found, expected = pack(layer.weight, layer.bias)(x), layer(x)
    assert found.shape == expected.shape and found.dtype == dtype
    assert torch.allclose(found.float(), expected.float(), rtol=2**-7, atol=2**-7)


def test_only_bfloat16_is_packed_and_only_where_the_processor_can():
    assert not can_pack(torch.ones(4, 4))
    supported = torch.ops.mkldnn._is_mkldnn_bf16_supported()
    assert can_pack(torch.ones(4, 4, dtype=torch.bfloat16)) is supported


def test_a_packed_model_answers_as_before():
    model = make_family("llama", torch.bfloat16)
    ids = torch.arange(3, 30)[None]
    with torch.inference_mode():
        before = model(ids).logits.float()
        # Seven layers in each of two blocks, or none where the processor has no such product.
        assert pack_layers(model) == (14 if can_pack(model.lm_head.weight) else 0)
        assert ("forward" in vars(model.lm_head)) is False
        after = model(ids).logits.float()
    assert float((before - after).abs().max()) < 0.05 * float(before.abs().max())
