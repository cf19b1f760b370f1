from __future__ import annotations

import random

import pytest
import torch
from families import CONFIGS, make_family

from pinchtune.config import GenerateConfig
from pinchtune.model import decode as module
from pinchtune.model import rows
from pinchtune.model.attention import quicken_attention
from pinchtune.model.decode import Decoder, batch_seed, can_decode, decode_plainly, make_picker

ENDS = list(range(1, 259, 15))


def prompts(count=23, longest=40):
    rng = random.Random(0)
    made = [[2, *rng.choices(range(3, 259), k=rng.randrange(0, longest))] for _ in range(count)]
    return sorted(made, key=len, reverse=True)


def decode(model, asked, ends, config, batch, tick):
    decoder = Decoder(model, make_picker(model, config), ends, config.batch_size)
    decoder.picker.generator.manual_seed(batch_seed(config, batch))
    return decoder.decode(asked, config.max_new_tokens, tick)


def run(way, model, asked, **settings):
    config = GenerateConfig(**{"batch_size": 5, "max_new_tokens": 40, **settings})
    ticks = []
    found = way(model, asked, ENDS, config, 0, lambda: ticks.append(1))
    assert len(ticks) == len(asked)
    return found


@pytest.mark.parametrize("name", CONFIGS)
@pytest.mark.parametrize("penalty", [1.0, 1.3])
def test_tokens_are_those_of_transformers(name, penalty):
    model = make_family(name)
    expected = [run(decode_plainly, model, [p], repetition_penalty=penalty)[0] for p in prompts()]
    quicken_attention(model)
    assert run(decode, model, prompts(), repetition_penalty=penalty) == expected
    # The comparison is worth something only if answers end at different steps.
    assert len({len(answer) for answer in expected}) > 2


@pytest.mark.parametrize(("room", "prefill"), [(1, 8192), (3, 50), (64, 1)])
def test_small_caches_and_short_passes_change_nothing(monkeypatch, room, prefill):
    model = make_family("gemma3")
    expected = run(decode, model, prompts())
    monkeypatch.setattr(rows, "ROOM", room)
    monkeypatch.setattr(module, "PREFILL", prefill)
    assert run(decode, model, prompts()) == expected
    assert run(decode, model, prompts(), batch_size=1) == expected
    assert run(decode, model, prompts(), batch_size=100) == expected


def test_prompts_need_no_order():
    model = make_family("llama")
    asked = prompts()[::-1]
    assert run(decode, model, asked) == run(decode, model, prompts())[::-1]


def test_an_answer_has_at_most_the_tokens_asked_for():
    found = run(decode, make_family("qwen3"), prompts(), max_new_tokens=1)
    assert {len(answer) for answer in found} == {1}


def test_sampling_follows_the_models_chances():
    model = make_family("llama")
    asked = [[2, 5, 9]] * 600
    found = run(decode, model, asked, max_new_tokens=1, temperature=0.7, repetition_penalty=1.2)
    plain = run(
        decode_plainly, model, asked, max_new_tokens=1, temperature=0.7, repetition_penalty=1.2
    )
    counts = [
        torch.bincount(torch.tensor(answers)[:, 0], minlength=259) / 600
        for answers in (found, plain)
    ]
    # Two samples of 600 from the same chances; another temperature doubles this distance.
    assert float((counts[0] - counts[1]).abs().sum()) < 0.5
    assert found == run(
        decode, model, asked, max_new_tokens=1, temperature=0.7, repetition_penalty=1.2
    )


def test_a_model_that_keeps_other_states_is_left_to_transformers():
    model = make_family("llama")
    assert can_decode(model)
    model.config.layer_types = ["linear_attention", "full_attention"]
    assert not can_decode(model)
    sharing = make_family("llama")
    sharing.config.num_kv_shared_layers = 1
    assert not can_decode(sharing)
