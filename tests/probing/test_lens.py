"""The logit lens in every style, and which tokens belong to which language."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from tiny_arms import STYLES, make_family

from pinchtune.model import alignment
from pinchtune.model.layers import final_norm
from pinchtune.model.load import load_tokenizer
from pinchtune.probing.lens import GROUPS, Vocabulary, group_tokens, measure_shares, see_layers

PROMPTS = [[2, 50, 60, 70], [2, 40], [2, *range(30, 60)], [2, 99, 98]]


@pytest.mark.parametrize("style", STYLES)
def test_the_last_layer_says_what_the_model_says(style, monkeypatch):
    monkeypatch.setattr(alignment, "TOKENS_AT_ONCE", 8)
    model = make_family(style)
    found = {}
    for seen in see_layers(model, PROMPTS, 0):
        found |= {(seen.layer, i): row for i, row in zip(seen.places, seen.logits, strict=True)}
    assert len(found) == 2 * len(PROMPTS)
    for i, ids in enumerate(PROMPTS):
        with torch.inference_mode():
            own = model(input_ids=torch.tensor([ids])).logits[0, -1]
        torch.testing.assert_close(found[1, i], own, atol=2e-4, rtol=1e-3)


def test_an_earlier_layer_goes_through_the_norm_and_the_output_layer():
    model = make_family("llama")
    with torch.inference_mode():
        states = model.get_decoder()(
            input_ids=torch.tensor(PROMPTS[:1]), output_hidden_states=True
        ).hidden_states[1][0, -1]
        expected = model.get_output_embeddings()(final_norm(model)(states))
    first = next(iter(see_layers(model, PROMPTS[:1], 0)))
    torch.testing.assert_close(first.logits[0], expected, atol=1e-4, rtol=1e-3)


@pytest.mark.parametrize("style", ["gemma3", "gemma2"])
def test_shares_of_a_partition_are_one(style):
    model = make_family(style)
    groups = np.zeros((259, 2), bool)
    groups[:100, 0] = groups[100:, 1] = True
    shares = measure_shares(model, PROMPTS, 0, groups)
    assert shares.shape == (2, len(PROMPTS), 2)
    np.testing.assert_allclose(shares.sum(-1), 1, atol=1e-4)
    with torch.inference_mode():
        own = model(input_ids=torch.tensor(PROMPTS[:1])).logits[0, -1].softmax(-1)
    assert shares[1, 0, 0] == pytest.approx(float(own[:100].sum()), abs=1e-4)


@pytest.fixture(scope="module")
def pieces(tmp_path_factory):
    """A tokenizer with tokens of more than a letter, in two scripts."""
    from tiny_styles import make_style

    folder = make_style("gemma", tmp_path_factory.mktemp("pieces"))
    return load_tokenizer(str(folder))


def names(tokenizer, column):
    return set(tokenizer.convert_ids_to_tokens(np.flatnonzero(column).tolist()))


def test_tokens_of_one_language_alone_are_its_own(pieces):
    size = len(pieces) + 3
    groups = group_tokens(Vocabulary(pieces, size), "es", ["the cat, zoo"], ["the tin, rat"])
    assert groups.shape == (size, len(GROUPS))
    own, english, script, latin = groups.T
    assert names(pieces, own) == {"c", "z", "o"}
    assert names(pieces, english) == {"i", "n", "r", "▁t"}
    assert not script.any() and not latin.any(), "Spanish and English share their letters"


def test_a_script_of_its_own_tells_a_language(pieces):
    vocabulary = Vocabulary(pieces, len(pieces))
    own, english, script, latin = group_tokens(vocabulary, "ja", ["青い, a"], ["the, a"]).T
    assert names(pieces, script) == {"青", "い", "青い"}
    assert names(pieces, own) == {"青い"}
    assert {"a", "▁the", "th", "q"} <= names(pieces, latin)
    assert not names(pieces, latin) & {"<bos>", "<unk>", ".", "青"}
    assert names(pieces, english) == {"the"}
