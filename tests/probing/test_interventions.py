"""Layers of one model in another, and a vector in the middle: in every style."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from tiny_arms import IDS, STYLES, make_family, make_twin, say

from pinchtune.config import GenerateConfig
from pinchtune.model.generate import LocalGenerator
from pinchtune.model.layers import decoder_layers
from pinchtune.model.load import load_tokenizer, make_ready
from pinchtune.probing.interventions import (
    SteeredGenerator,
    language_vector,
    patch_layers,
    steered,
)
from pinchtune.records import Example


@pytest.mark.parametrize("style", STYLES)
def test_all_layers_are_the_other_model_and_none_is_this_one(style):
    english = make_family(style)
    pinch = make_twin(english)
    mine, theirs = say(english, IDS), say(pinch, IDS)
    assert not torch.equal(mine, theirs)
    assert torch.equal(say(patch_layers(english, pinch, range(2)), IDS), theirs)
    assert torch.equal(say(patch_layers(english, pinch, ()), IDS), mine)
    half = say(patch_layers(english, pinch, [1]), IDS)
    assert not torch.equal(half, mine) and not torch.equal(half, theirs)
    assert torch.equal(say(english, IDS), mine) and torch.equal(say(pinch, IDS), theirs)


def test_a_patched_model_copies_no_weights():
    english = make_family("gemma3")
    pinch = make_twin(english)
    patched = patch_layers(english, pinch, [1])
    assert patched.get_input_embeddings().weight is english.get_input_embeddings().weight
    assert decoder_layers(patched)[1] is decoder_layers(pinch)[1]
    own = zip(*(decoder_layers(m)[0].parameters() for m in (patched, english)), strict=True)
    assert all(a is b for a, b in own)


@pytest.mark.parametrize("style", STYLES)
def test_steering_adds_to_one_layer_and_leaves_no_trace(style):
    model = make_family(style)
    before = say(model, IDS)
    vector = np.random.default_rng(0).normal(size=32)
    for nothing, strength in ((vector, 0.0), (0 * vector, 3.0)):
        with steered(model, nothing, 0, strength) as same:
            assert torch.equal(say(same, IDS), before)

    def states(changed):
        """Return what the second layer is given."""
        given = []
        handle = decoder_layers(changed)[1].register_forward_pre_hook(
            lambda _layer, inputs: given.append(inputs[0])
        )
        say(changed, IDS)
        handle.remove()
        return given[0]

    plain = states(model)
    with steered(model, vector, 0, 2.0) as changed:
        added = states(changed) - plain
        assert not torch.equal(say(changed, IDS), before)
    torch.testing.assert_close(added[0, 3], torch.tensor(2 * vector).float(), atol=1e-4, rtol=1e-4)
    assert torch.equal(say(model, IDS), before)


def test_the_vector_is_a_difference_of_means():
    rng = np.random.default_rng(0)
    english, shift = rng.normal(size=(9, 4)), np.array([1.0, 0.0, -2.0, 5.0])
    np.testing.assert_allclose(language_vector(english + shift, english), shift, atol=1e-6)


@pytest.mark.parametrize("quick", [True, False])
def test_each_language_answers_under_its_own_vector(tiny_model, quick):
    from pinchtune.config import ModelConfig
    from pinchtune.model.load import load_model

    model = load_model(ModelConfig(base=str(tiny_model), dtype="float32"))
    make_ready(model, "cpu", "auto" if quick else "plain")
    config = GenerateConfig(max_new_tokens=6, batch_size=2)
    plain = LocalGenerator(model, load_tokenizer(str(tiny_model)), config, quick)
    prompts = [Example(f"Say {n}.", language=c) for n in range(3) for c in ("es", "en", "ja")]
    rng = np.random.default_rng(0)
    vectors = {code: 40 * rng.normal(size=32) for code in ("es", "ja")}
    generator = SteeredGenerator(plain, vectors, 0, 1.0)
    batches = generator.plan(prompts)
    assert sorted(i for batch in batches for i in batch) == list(range(9))
    assert all(len({prompts[i].language for i in batch}) == 1 for batch in batches)
    answers = {}
    for k, batch in enumerate(batches):
        found = generator.generate([prompts[i] for i in batch], k)
        answers |= {a.prompt_id: a.text for a in found}
    own = {a.prompt_id: a.text for a in plain.generate(prompts, 0)}
    same = {c: [answers[p.id] == own[p.id] for p in prompts if p.language == c] for c in vectors}
    assert not any(same["es"]) and not any(same["ja"])
    assert all(answers[p.id] == own[p.id] for p in prompts if p.language == "en")
