"""A model folder may bring code; it is refused in a sentence, never run and never asked about."""

from __future__ import annotations

import json

import pytest

from pinchtune.config import ModelConfig
from pinchtune.errors import UsageError
from pinchtune.model.load import count_layers, load_model, load_tokenizer

READERS = {
    "model": lambda base: load_model(ModelConfig(base=base, device="cpu", dtype="float32")),
    "tokenizer": load_tokenizer,
    "layers": count_layers,
}


@pytest.mark.parametrize("reader", READERS)
def test_code_in_a_model_folder_is_not_run(tmp_path, reader):
    ran = tmp_path / "ran"
    (tmp_path / "odd.py").write_text(f"open({str(ran)!r}, 'w').close()\n", "utf-8")
    names = ("AutoConfig", "AutoModelForCausalLM")
    code = {name: f"odd.{name}" for name in names} | {"AutoTokenizer": [None, "odd.AutoTokenizer"]}
    config = {"model_type": "odd", "auto_map": code}
    for file in ("config.json", "tokenizer_config.json"):
        (tmp_path / file).write_text(json.dumps(config), "utf-8")
    for file in ("tokenizer.json", "model.safetensors"):
        (tmp_path / file).write_bytes(b"{}")
    with pytest.raises(UsageError, match="cannot be loaded"):
        READERS[reader](str(tmp_path))
    assert not ran.exists()
