"""What is written as GGUF is read back by another program as the same model and tokenizer."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from transformers import AutoModelForCausalLM

from pinchtune.config import ModelConfig
from pinchtune.errors import UsageError
from pinchtune.model.load import load_model, load_tokenizer
from pinchtune.model.save import GGUF_FILE, load_gguf, save_gguf
from pinchtune.model.to_gguf import check_style
from tiny_styles import STYLES, make_style

TEXTS = ("the red sea", "青い  空, é 12345?", "<think>the\n\nend", "  two", "naïve ⚡ the")


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
@pytest.mark.parametrize("name", STYLES)
def test_the_same_model_comes_back(name, dtype, tmp_path):
    gguf = pytest.importorskip("gguf")
    folder = make_style(name, tmp_path / "model")
    config = ModelConfig(base=str(folder), dtype=dtype)
    model, tokenizer = load_model(config), load_tokenizer(str(folder))
    out = tmp_path / "out"
    out.mkdir()
    save_gguf(model, tokenizer, out, "a name, 名前")
    again, words = load_gguf(out, config)
    for text in TEXTS:
        ids = tokenizer(text, add_special_tokens=False).input_ids
        assert words(text, add_special_tokens=False).input_ids == ids, text
        assert words.decode(ids) == tokenizer.decode(ids)
    batch = torch.randint(4, 250, (2, 24))
    with torch.inference_mode():
        one, other = model(batch).logits.float(), again(batch).logits.float()
    assert one.std() > 0.1
    assert torch.allclose(one, other, atol=1e-4 if dtype == "float32" else 1e-2)
    fields = gguf.GGUFReader(out / GGUF_FILE).fields
    template = fields["tokenizer.chat_template"].contents()
    assert "### Instruction:" in template and "generation %}" not in template
    assert fields["general.name"].contents() == "a name, 名前"
    assert words.chat_template == template


def test_a_weight_that_is_laid_out_wrongly_would_be_seen(tmp_path, monkeypatch):
    pytest.importorskip("gguf")
    folder = make_style("llama", tmp_path / "model")
    config = ModelConfig(base=str(folder), dtype="float32")
    model = load_model(config)
    monkeypatch.setattr("pinchtune.model.to_gguf._pair_up", lambda tensor, heads: tensor)
    save_gguf(model, load_tokenizer(str(folder)), tmp_path, "x")
    again, _ = load_gguf(tmp_path, config)
    batch = torch.randint(4, 250, (2, 24))
    with torch.inference_mode():
        assert not torch.allclose(model(batch).logits, again(batch).logits, atol=1e-2)


CHANGES = {
    "gemma": {
        "query_pre_attn_scalar": 128,
        "final_logit_softcapping": 30.0,
        "layer_types": ["full_attention"] * 6,
    },
    "llama": {
        "attention_bias": True,
        "rope_parameters": {"rope_type": "linear", "factor": 2.0, "rope_theta": 10000.0},
    },
}


@pytest.mark.parametrize(
    ("style", "what"), [(style, what) for style, found in CHANGES.items() for what in found]
)
def test_what_gguf_cannot_express_is_refused(style, what, tmp_path):
    config = AutoModelForCausalLM.from_pretrained(make_style(style, tmp_path / "model")).config
    assert check_style(config)
    setattr(config, what, CHANGES[style][what])
    name = {"layer_types": "order of layer_types", "rope_parameters": "rope_type"}.get(what, what)
    with pytest.raises(UsageError, match=f"with another {name} cannot be exported as GGUF"):
        check_style(config)


def test_other_architectures_are_refused_by_name():
    from transformers import GPT2Config

    with pytest.raises(UsageError, match=r"gpt2 cannot be exported as GGUF; supported are gemma3"):
        check_style(GPT2Config())


def test_a_tokenizer_that_cuts_words_otherwise_is_refused(tiny_model: Path):
    from pinchtune.model.gguf_vocabulary import read_vocabulary

    with pytest.raises(UsageError, match=r"known: gpt-2, llama-bpe, qwen2\); export with --to m"):
        read_vocabulary(load_tokenizer(str(tiny_model)), 259)
