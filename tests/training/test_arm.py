"""A tuned arm loads without our code and answers as it does with it."""

from __future__ import annotations

import pytest
import torch
from accelerate.state import AcceleratorState
from peft import PeftModel
from transformers import AutoModelForCausalLM, AutoTokenizer

from pinchtune.config import GenerateConfig, ModelConfig, TrainConfig
from pinchtune.model.chat import encode_example
from pinchtune.model.embedded import resolve_base
from pinchtune.model.generate import LocalGenerator
from pinchtune.model.load import load_arm, load_model, load_tokenizer, quiet_peft
from pinchtune.records import Example
from pinchtune.training.loop import Row, Trainer

PROMPTS = [
    Example("Name three fruits.", language="en"),
    Example("果物を三つ挙げてください。", language="ja"),
    Example("اذكر ثلاث فواكه.", language="ar"),
]


def tune(base: str, folder, method: str, steps: int = 4, **more):
    AcceleratorState._reset_state(True)
    config = ModelConfig(base=base, dtype="float32")
    tokenizer = load_tokenizer(base)
    examples = [Example(f"Say {i}.", f"{i}, and once more {i}.") for i in range(2 * steps)]
    rows = [Row(encode_example(tokenizer, e, 128), "en", False) for e in examples]
    settings = TrainConfig(
        method=method, batch_size=2, device_batch_size=2, learning_rate=5e-3, **more
    )
    folder.mkdir()
    Trainer(load_model(config), tokenizer, rows, settings, folder).run()
    return config


def ours(folder, config) -> list[str]:
    generator = LocalGenerator(
        load_arm(folder, config), load_tokenizer(str(folder)), GenerateConfig(max_new_tokens=12)
    )
    return [generator.generate([p], 0)[0].text for p in PROMPTS]


def plain(model, folder) -> list[str]:
    """Answers by transformers alone, with what the folder holds."""
    tokenizer = AutoTokenizer.from_pretrained(folder)
    texts = []
    for prompt in PROMPTS:
        messages = [{"role": "user", "content": prompt.instruction}]
        inputs = tokenizer.apply_chat_template(
            messages, add_generation_prompt=True, return_tensors="pt", return_dict=True
        )
        output = model.generate(
            **inputs, max_new_tokens=12, do_sample=False, repetition_penalty=1.1
        )
        new = output[0, inputs["input_ids"].shape[1] :]
        texts.append(tokenizer.decode(new, skip_special_tokens=True).strip())
    return texts


@pytest.fixture(params=["tiny", pytest.param("embedded", marks=pytest.mark.slow)])
def base(request, tiny_model) -> str:
    return str(tiny_model) if request.param == "tiny" else "gemma-3-270m"


def test_adapter_in_plain_peft_and_transformers(base, tmp_path):
    config = tune(base, tmp_path / "arm", "lora")
    expected = ours(tmp_path / "arm", config)
    weights = AutoModelForCausalLM.from_pretrained(resolve_base(base), dtype=torch.float32)
    with quiet_peft():
        assert (
            plain(PeftModel.from_pretrained(weights, tmp_path / "arm"), tmp_path / "arm")
            == expected
        )
        direct = AutoModelForCausalLM.from_pretrained(tmp_path / "arm", dtype=torch.float32)
    assert plain(direct, tmp_path / "arm") == expected


def test_full_weights_in_plain_transformers(base, tmp_path):
    config = tune(base, tmp_path / "arm", "full", steps=2)
    model = AutoModelForCausalLM.from_pretrained(tmp_path / "arm", dtype=torch.float32)
    assert plain(model, tmp_path / "arm") == ours(tmp_path / "arm", config)


def test_folder_holds_template_and_end_token(base, tmp_path):
    tune(base, tmp_path / "arm", "lora", steps=1)
    tokenizer = AutoTokenizer.from_pretrained(tmp_path / "arm")
    assert "### Instruction:" in tokenizer.chat_template
    from transformers import GenerationConfig

    assert GenerationConfig.from_pretrained(tmp_path / "arm").eos_token_id == [1]
    assert not list((tmp_path / "arm").glob("*.bin"))


@pytest.mark.parametrize("method", ["lora", "full"])
def test_only_the_last_layers_move(tiny_model, tmp_path, method):
    from pinchtune.probing.movement import measure_movement

    config = tune(str(tiny_model), tmp_path / "arm", method, 2, last_layers=1)
    moved = measure_movement(load_model(config), load_arm(tmp_path / "arm", config))
    assert moved.layers[0] == moved.rest == 0
    assert moved.layers[1] > 0
    assert plain_or_peft(tmp_path / "arm") == ours(tmp_path / "arm", config)


def plain_or_peft(folder) -> list[str]:
    return plain(AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32), folder)
