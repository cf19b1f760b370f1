"""Real models in float32: losses, gradients and greedy answers are transformers' own."""

from __future__ import annotations

import json
from importlib.util import find_spec

import pytest
import torch
from transformers import AutoModelForCausalLM

from pinchtune.config import GenerateConfig, ModelConfig
from pinchtune.model.chat import encode_example, encode_prompt
from pinchtune.model.embedded import EMBEDDED, resolve_base
from pinchtune.model.generate import LocalGenerator
from pinchtune.model.load import load_model, load_tokenizer
from pinchtune.model.loss import TargetLoss
from pinchtune.model.norm import quicken_norms
from pinchtune.model.tensors import collate
from pinchtune.records import Example
from pinchtune.stages.init import starter_files

MODELS = [
    pytest.param(
        name,
        marks=pytest.mark.skipif(not find_spec(package.module), reason="package not installed"),
    )
    for name, package in EMBEDDED.items()
]
NEW_TOKENS = 32
pytestmark = pytest.mark.slow


def starter(name: str, count: int) -> list[Example]:
    """Return examples of the starter set, spread over its languages."""
    rows = [json.loads(line) for line in starter_files()[f"{name}.jsonl"].splitlines()]
    every = max(1, len(rows) // count)
    keys = ("instruction", "response", "language")
    return [Example(**{k: row[k] for k in keys}) for row in rows[::every][:count]]


def plain_model(base: str):
    return AutoModelForCausalLM.from_pretrained(resolve_base(base), dtype=torch.float32)


def loss_and_gradient(model, loss) -> tuple[float, torch.Tensor]:
    """Return the loss and the gradient of all weights as one vector, float64."""
    loss.backward()
    gradients = [p.grad.double().flatten() for _, p in sorted(model.named_parameters())]
    return float(loss.detach()), torch.cat(gradients)


@pytest.mark.parametrize("base", MODELS)
def test_loss_and_gradients_are_exact(base):
    tokenizer = load_tokenizer(base)
    encoded = [encode_example(tokenizer, e, 96) for e in starter("pinch", 3)]
    batch = collate(encoded, tokenizer.pad_token_id, torch.device("cpu"))

    def plainly(dtype):
        model = plain_model(base).to(dtype)
        # transformers' own loss would round the logits to float32 first.
        logits = model(input_ids=batch.ids, attention_mask=batch.mask, use_cache=False).logits
        labels = torch.where(batch.targets, batch.ids, -100)[:, 1:]
        loss = torch.nn.functional.cross_entropy(logits[:, :-1].flatten(0, 1), labels.flatten())
        return loss_and_gradient(model, loss)

    model = load_model(ModelConfig(base=base, dtype="float32")).requires_grad_(True)
    quicken_norms(model)
    found = loss_and_gradient(model, TargetLoss(model)(*batch).mean())
    theirs, exact = plainly(torch.float32), plainly(torch.float64)
    assert found[0] == pytest.approx(exact[0], rel=1e-5)
    errors = [float((g - exact[1]).norm() / exact[1].norm()) for g in (found[1], theirs[1])]
    print(f"{base}: gradients differ from exact by {errors[0]:.1e}, transformers' {errors[1]:.1e}")
    assert errors[0] < 1e-5


@pytest.mark.parametrize("base", MODELS)
def test_greedy_answers_token_for_token(base):
    tokenizer = load_tokenizer(base)
    prompts = starter("evaluation", 26)
    config = GenerateConfig(max_new_tokens=NEW_TOKENS, repetition_penalty=1.0)
    generator = LocalGenerator(
        load_model(ModelConfig(base=base, dtype="float32")), tokenizer, config
    )
    found = [answer.text for answer in generator.generate(prompts, 0)]
    model = plain_model(base)
    for prompt, text in zip(prompts, found, strict=True):
        ids = torch.tensor([encode_prompt(tokenizer, prompt)])
        output = model.generate(
            ids, max_new_tokens=NEW_TOKENS, do_sample=False, eos_token_id=generator.ends
        )
        expected = tokenizer.decode(output[0, ids.shape[1] :], skip_special_tokens=True)
        assert text == expected.strip(), prompt.instruction
