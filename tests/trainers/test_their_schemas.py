"""The trainers' own code reads what is exported, where they are installed."""

from __future__ import annotations

import json
from importlib import import_module
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest
import yaml

import pinchtune
from pinchtune.files import read_jsonl
from pinchtune.model.chat import encode_example
from pinchtune.records import Example

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]


def theirs(name: str, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Import a module of a trainer, whatever versions of other libraries it asks for."""
    monkeypatch.setenv("DISABLE_VERSION_CHECK", "1")
    pytest.importorskip(name.partition(".")[0])
    return import_module(name)


@pytest.fixture(params=["lora", "full"])
def project(request, mixed) -> pinchtune.Project:
    return pinchtune.Project.open(mixed.folder, [f"train.method={request.param}"])


def read_yaml(folder: Path) -> dict:
    return yaml.safe_load((folder / "config.yaml").read_text("utf-8"))


def test_axolotl_accepts_it(project, tmp_path, monkeypatch):
    schema = theirs("axolotl.utils.schemas.config", monkeypatch).AxolotlInputConfig
    rows = theirs("axolotl.utils.schemas.datasets", monkeypatch).SFTDataset
    told = read_yaml(pinchtune.export_trainer(project, "pinch", tmp_path / "out", to="axolotl"))
    told["datasets"] = [rows(**entry) for entry in told["datasets"]]
    found = schema(**told).model_dump()
    assert set(told) <= set(schema.model_fields)
    assert {k: found[k] for k in told if k != "datasets"} == {
        k: v for k, v in told.items() if k != "datasets"
    }


def test_llamafactory_accepts_it(project, tmp_path, monkeypatch):
    parser = theirs("llamafactory.hparams.parser", monkeypatch)
    folder = pinchtune.export_trainer(project, "pinch", tmp_path / "out", to="llamafactory")
    monkeypatch.chdir(folder)
    model, data, training, tuning, _ = parser.get_train_args({**read_yaml(folder), "use_cpu": True})
    assert model.model_name_or_path == project.config.model.base
    assert (data.tokenized_path, tuning.disable_shuffling) == ("tokens", True)
    assert tuning.lora_alpha == 2 * tuning.lora_rank or tuning.finetuning_type == "full"
    assert (training.per_device_train_batch_size, training.gradient_accumulation_steps) == (2, 2)


def test_ms_swift_makes_our_tokens(mixed, tmp_path, monkeypatch):
    template = theirs("swift.template", monkeypatch)
    folder = pinchtune.export_trainer(mixed, "pinch", tmp_path / "out", to="ms-swift")
    talk = Example("three", "four ]]", system="be kind", history=(("one", "two"),))
    rows = [{"messages": [m._asdict() for m in talk.messages()]}]
    rows += [{"messages": row["messages"]} for _, row in read_jsonl(folder / "train.jsonl")]
    monkeypatch.syspath_prepend(str(folder))
    import_module("pinchtune_template")
    tokenizer = mixed.tokenizer
    facts = {"task_type": "causal_lm", "model_type": "x", "is_multimodal": False}
    told = SimpleNamespace(**facts, config=None, torch_dtype=None, max_model_len=512)
    monkeypatch.setattr(tokenizer, "model_info", told, raising=False)
    monkeypatch.setattr(tokenizer, "model_meta", told, raising=False)
    maker = template.Template(tokenizer, template.TEMPLATE_MAPPING["pinchtune"], max_length=512)
    maker.set_mode("train")
    made = [maker.encode(json.loads(json.dumps(row))) for row in rows]
    ids, targets, _ = encode_example(tokenizer, talk, 512)
    expected = [(ids, [token if on else -100 for token, on in zip(ids, targets)])]
    expected += [
        (row["input_ids"], row["labels"]) for _, row in read_jsonl(folder / "tokens.jsonl")
    ]
    assert [(row["input_ids"], row["labels"]) for row in made] == expected
