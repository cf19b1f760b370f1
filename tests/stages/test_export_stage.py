"""An export says what the arm says, or there is none."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

import pinchtune
from pinchtune.errors import RunError, UsageError
from pinchtune.files import read_json
from pinchtune.stages.probing import Loaded
from tiny_styles import make_style


@pytest.fixture(scope="module")
def tuned(
    write_project: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory
) -> pinchtune.Project:
    """A small project on a Gemma-like model, one arm tuned and nothing more."""
    folder = tmp_path_factory.mktemp("tuned")
    base = make_style("gemma", folder / "secret-place" / "tiny-gemma")
    write_project(folder / "project")
    project = pinchtune.Project.open(folder / "project", [f"model.base={base}"])
    pinchtune.mix(project)
    pinchtune.train(project, ["pinch"])
    return project


def leftovers(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir() if path.name.startswith(".")]


def card(folder: Path, name: str = "README.md") -> tuple[dict, str]:
    _, head, body = (folder / name).read_text("utf-8").split("---\n", 2)
    return yaml.safe_load(head), body


@pytest.mark.parametrize("to", ["merged", "adapter", "gguf"])
def test_an_export_says_what_the_arm_says(tuned, to, tmp_path):
    if to == "gguf":
        pytest.importorskip("gguf")
    done = pinchtune.export_model(tuned, "pinch", tmp_path / "out", to=to)
    assert done.folder == tmp_path / "out" and not leftovers(tmp_path)
    assert done.parity.problems == ()
    assert done.dtype == ("as tuned" if to == "adapter" else "float32")
    assert [row.language for row in done.parity.languages] == ["en", "es", "ja", "ar"]
    assert all(row.prompts == 2 and row.bits_before > 0 for row in done.parity.languages)
    assert sum(row.same + row.ties for row in done.parity.languages) == 8
    told = read_json(tmp_path / "out" / "parity.json")
    assert told["to"] == to and len(told["languages"]) == 4
    for path in (tmp_path / "out").rglob("*"):
        assert b"secret-place" not in path.read_bytes(), path


def test_a_merged_export_loads_in_plain_transformers(tuned, tmp_path):
    from transformers import AutoModelForCausalLM, AutoTokenizer

    pinchtune.export_model(tuned, "pinch", tmp_path / "out")
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert names == {
        *("config.json", "generation_config.json", "model.safetensors", "tokenizer.json"),
        *("tokenizer_config.json", "chat_template.jinja", "README.md", "README.ja.md"),
        "parity.json",
    }
    model = AutoModelForCausalLM.from_pretrained(tmp_path / "out")
    tokenizer = AutoTokenizer.from_pretrained(tmp_path / "out")
    assert model.generation_config.eos_token_id == [tokenizer.eos_token_id]
    assert tokenizer.apply_chat_template([{"role": "user", "content": "a"}], tokenize=False)


def test_another_number_format_is_allowed_for(tuned, tmp_path):
    done = pinchtune.export_model(tuned, "pinch", tmp_path / "out", dtype="bfloat16")
    assert done.dtype == "bfloat16"
    assert read_json(tmp_path / "out/config.json")["dtype"] == "bfloat16"


def test_eight_bits_are_allowed_for_in_gguf_alone(tuned, tmp_path):
    gguf = pytest.importorskip("gguf")
    done = pinchtune.export_model(tuned, "pinch", tmp_path / "out", to="gguf", dtype="q8_0")
    assert done.dtype == "q8_0" and done.parity.problems == ()
    assert any(row.bits_after != row.bits_before for row in done.parity.languages)
    path = tmp_path / "out/model.gguf"
    kinds = {t.name: t.tensor_type.name for t in gguf.GGUFReader(path).tensors}
    assert kinds["blk.0.ffn_down.weight"] == "Q8_0" and kinds["blk.0.attn_norm.weight"] == "F32"
    pinchtune.export_model(tuned, "pinch", tmp_path / "whole", to="gguf")
    assert path.stat().st_size < 0.6 * (tmp_path / "whole/model.gguf").stat().st_size
    with pytest.raises(UsageError, match="only a GGUF file holds such weights; use --to gguf"):
        pinchtune.export_model(tuned, "pinch", tmp_path / "no", dtype="q8_0")


def test_the_card_tells_what_a_user_has_to_know(tuned, tmp_path):
    pinchtune.export_model(tuned, "pinch", tmp_path / "out")
    head, body = card(tmp_path / "out")
    assert head["language"] == ["en", "es", "ja"] and head["base_model"] == "tiny-gemma"
    assert head["library_name"] == "transformers" and head["license"] == "other"
    assert "Tuned: English, Spanish, Japanese. Evaluated only: Arabic." in body
    assert "| Japanese (ja) | 2 |" in body and "4 English examples were replaced" in body
    assert "This model was not compared with another one." in body
    assert "| ar | 2 | 2 | 0 |" in body
    japanese = card(tmp_path / "out", "README.ja.md")
    assert japanese[0] == head and "調整した言語：英語、スペイン語、日本語。" in japanese[1]


def test_an_export_that_says_something_else_is_no_export(tuned, tmp_path, monkeypatch):
    from pinchtune.stages import export

    load = export._load_back

    def load_other(*arguments: object) -> Loaded:
        found = load(*arguments)  # type: ignore[arg-type]
        weight = found.model.model.layers[0].mlp.down_proj.weight
        weight.data = weight.data.roll(1, 0)
        return found

    monkeypatch.setattr(export, "_load_back", load_other)
    with pytest.raises(RunError, match="pinch was not exported: as merged it does not say what"):
        pinchtune.export_model(tuned, "pinch", tmp_path / "out")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"to": "onnx"}, "--to onnx: is not known; use one of: merged, adapter, gguf"),
        ({"name": "base"}, "'base' is neither an arm nor a version; use one of: english, pinch"),
        ({"name": "../x"}, "is neither an arm nor a version"),
        ({"prompts": 0}, "--prompts: ask at least one in each language"),
        ({"dtype": "int4"}, "--dtype int4: is not known; use one of: auto, float32, bfloat16, fl"),
        ({"to": "adapter", "dtype": "float16"}, "an adapter is copied as it was tuned; leave it"),
    ],
)
def test_what_cannot_be_exported(tuned, arguments, message, tmp_path):
    with pytest.raises(UsageError, match=message):
        pinchtune.export_model(tuned, **{"name": "pinch", "folder": tmp_path / "out", **arguments})
    assert not list(tmp_path.iterdir())


def test_nothing_is_written_over(tuned, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "thesis.txt").write_text("years of work")
    with pytest.raises(UsageError, match="out: is there already; name a new folder"):
        pinchtune.export_model(tuned, "pinch", tmp_path / "out")
    assert [path.name for path in tmp_path.rglob("*")] == ["out", "thesis.txt"]


def test_a_version_is_exported_as_it_was_released(tuned, tmp_path):
    shutil.copytree(tuned.folder, tmp_path / "project")
    project = pinchtune.Project.open(
        tmp_path / "project", [f"model.base={tuned.config.model.base}"]
    )
    version = pinchtune.add_version(project, "v1", tuned_by="Ana")
    shutil.rmtree(project.path("arms"))
    done = pinchtune.export_model(project, "v1", tmp_path / "out", prompts=1)
    assert done.parity.text() == "4 of 4 answers are the same"
    assert card(tmp_path / "out")[1].startswith("\n# project: v1\n")
    (version.model_path / "adapter_model.safetensors").unlink()
    with pytest.raises(RunError, match="v1 is damaged: "):
        pinchtune.export_model(project, "v1", tmp_path / "other")


def test_all_weights_are_no_adapter(tuned, tmp_path):
    shutil.copytree(tuned.folder, tmp_path / "project")
    settings = [f"model.base={tuned.config.model.base}", "train.method=full"]
    project = pinchtune.Project.open(tmp_path / "project", settings)
    pinchtune.train(project, ["pinch"])
    with pytest.raises(UsageError, match="was tuned with all its weights; export it with --to"):
        pinchtune.export_model(project, "pinch", tmp_path / "out", to="adapter")
    assert not leftovers(tmp_path)
    assert pinchtune.export_model(project, "pinch", tmp_path / "out").parity.problems == ()


def test_the_command_line_says_how_it_compares(tuned, tmp_path, capsys, monkeypatch):
    import sys

    from pinchtune.cli.main import main

    words = ["pinch", "export", "pinch", str(tmp_path / "out"), "--prompts", "1", "-q", "--json"]
    words += ["-p", str(tuned.folder), "--set", f"model.base={tuned.config.model.base}"]
    monkeypatch.setattr(sys, "argv", words)
    with pytest.raises(SystemExit) as end:
        main()
    assert not end.value.code
    told = json.loads(capsys.readouterr().out)
    assert told["problems"] == [] and told["dtype"] == "float32"
