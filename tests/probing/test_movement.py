"""How far weights moved, in every style."""

from __future__ import annotations

import copy

import pytest
import torch
from tiny_arms import STYLES, make_family, make_twin

from pinchtune.model.layers import decoder_layers
from pinchtune.probing.movement import measure_movement


@pytest.mark.parametrize("style", STYLES)
def test_a_model_has_not_moved_from_itself(style):
    model = make_family(style)
    assert measure_movement(model, model) == ([0.0, 0.0], [0.0, 0.0], 0.0)


def test_the_norms_are_those_of_all_weights_of_a_layer():
    model = make_family("qwen3")
    twin = make_twin(model)
    with torch.no_grad():
        twin.get_input_embeddings().weight.mul_(1.5)
    found = measure_movement(model, twin)
    squares = []
    for k, (before, after) in enumerate(zip(*map(decoder_layers, (model, twin)), strict=True)):
        a, b = (torch.cat([p.detach().flatten() for p in m.parameters()]) for m in (before, after))
        assert found.layers[k] == pytest.approx(float((b - a).norm() / a.norm()), rel=1e-4)
        squares.append(float((b - a).square().sum()))
    assert found.shares == pytest.approx([s / sum(squares) for s in squares], rel=1e-4)
    assert 0 < found.rest <= 0.5


def test_one_layer_that_moved_has_the_whole_share():
    model = make_family("llama")
    twin = copy.deepcopy(model)
    with torch.no_grad():
        decoder_layers(twin)[1].mlp.up_proj.weight.add_(1)
    found = measure_movement(model, twin)
    assert found.shares == [0.0, 1.0] and found.layers[0] == found.rest == 0.0
