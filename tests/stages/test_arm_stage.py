"""An arm that another trainer has tuned: exported, tuned elsewhere, taken in, evaluated."""

from __future__ import annotations

import json
import pickle
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

import pinchtune
from pinchtune.errors import UsageError
from pinchtune.files import hash_file, read_json
from pinchtune.stages.evidence import gather
from pinchtune.stages.run import outcome
from pinchtune.stages.train import tuned_run


class Notes:
    """Progress that keeps what was said."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def say(self, message: str) -> None:
        self.said.append(message)


def tune_elsewhere(base: Path, folder: Path, seed: int = 1, **lora: object) -> Path:
    """Stand in for a trainer: write a LoRA adapter with weights of its own into `folder`/arm."""
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    from pinchtune.model.load import quiet_peft

    model = AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32)
    settings = {"r": 2, "lora_alpha": 4, "target_modules": "all-linear", **lora}
    torch.manual_seed(seed)
    with quiet_peft():
        tuned = get_peft_model(model, LoraConfig(task_type="CAUSAL_LM", **settings))
        for name, parameter in tuned.named_parameters():
            if "lora_B" in name:
                torch.nn.init.normal_(parameter, std=0.05)
        tuned.save_pretrained(folder / "arm")
    return folder / "arm"


@pytest.fixture
def project(write_project: Callable[..., Path], tmp_path: Path) -> pinchtune.Project:
    found = pinchtune.Project.open(write_project(tmp_path / "project"))
    pinchtune.mix(found)
    return found


@pytest.fixture
def tuned(project, tiny_model, tmp_path) -> Path:
    """The arm `pinch`, exported for axolotl and tuned elsewhere."""
    folder = pinchtune.export_trainer(project, "pinch", tmp_path / "out", to="axolotl")
    tune_elsewhere(tiny_model, folder)
    return folder


def test_there_and_back(project, tuned, tiny_model, tmp_path):
    other = pinchtune.export_trainer(project, "english", tmp_path / "english", to="axolotl")
    tune_elsewhere(tiny_model, other, seed=2)
    notes = Notes()
    pinchtune.add_arm(project, other, "english", progress=notes)
    run = pinchtune.add_arm(project, tuned, "pinch", progress=notes)
    assert not notes.said
    manifest = run.manifest()
    assert manifest["elsewhere"]["trainer"] == "axolotl"
    assert manifest["train"] == {**project.config.train.recipe, "trainer": "axolotl"}
    assert (manifest["steps"], manifest["rows"]["used"], manifest["unapproved"]) == (6, 24, 0)
    assert len(manifest["exposures"]) == 4 and set(manifest["exposures"].values()) == {1}
    digest = hash_file(tuned / "arm/adapter_model.safetensors")
    assert manifest["files"]["adapter_model.safetensors"] == digest

    pinchtune.train(project)  # leaves both alone
    assert hash_file(run.path / "adapter_model.safetensors") == digest
    pinchtune.generate(project)
    pinchtune.evaluate(project)
    pinchtune.report(project)
    assert outcome(project)["verdict"] in ("go", "no-go", "unclear")
    answers = read_json(project.path("answers", "pinch", "manifest.json"))
    assert answers["answers"] == 8
    page = project.path("report", "report.html").read_text("utf-8")
    assert "train.trainer" in page and "axolotl" in page
    facts = gather(project, "pinch").facts
    assert facts["trainer"] == "axolotl" and facts["method"] == "lora"
    assert facts["decision"]["verdict"]


def test_what_was_tuned_is_what_answers(project, tuned, tiny_model):
    """The logits are those of the adapter as peft merges it, not those of the base."""
    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    from pinchtune.model.load import load_arm, quiet_peft

    run = pinchtune.add_arm(project, tuned, "pinch")
    ours = load_arm(run.path, project.config.model)
    base = AutoModelForCausalLM.from_pretrained(tiny_model, dtype=torch.float32)
    ids = torch.tensor([[2, 40, 41, 42]])
    with torch.no_grad(), quiet_peft():
        before = base(ids).logits
        theirs = PeftModel.from_pretrained(base, str(tuned / "arm"))(ids).logits
        assert torch.allclose(ours(ids).logits, theirs, atol=1e-4)
    assert not torch.allclose(before, theirs, atol=1e-3)


def test_the_arm_has_our_template_and_end(project, tuned):
    from transformers import AutoTokenizer

    shutil.copytree(tuned / "tokenizer", tuned / "arm", dirs_exist_ok=True)
    (tuned / "arm" / "chat_template.jinja").write_text("{{ messages[0]['content'] }}")
    run = pinchtune.add_arm(project, tuned, "pinch")
    told = AutoTokenizer.from_pretrained(run.path)
    assert told.chat_template == project.tokenizer.chat_template
    config = read_json(run.path / "generation_config.json")
    assert config["eos_token_id"] == [1] and config["pad_token_id"] == 0


def test_adding_twice_changes_nothing(project, tuned):
    run = pinchtune.add_arm(project, tuned, "pinch")
    before = (run.path / "manifest.json").stat().st_mtime_ns
    again = pinchtune.add_arm(project, tuned / "arm", "pinch")
    assert (again.path / "manifest.json").stat().st_mtime_ns == before


def test_a_whole_model_is_an_arm_too(project, tiny_model, tmp_path):
    from transformers import AutoModelForCausalLM

    folder = pinchtune.export_trainer(project, "pinch", tmp_path / "out", to="ms-swift")
    model = AutoModelForCausalLM.from_pretrained(tiny_model)
    for step in (4, 12):
        with torch.no_grad():
            model.model.norm.weight.add_(0.5)
        model.save_pretrained(folder / f"arm/checkpoint-{step}")
    (folder / "arm/checkpoint-12/training_args.bin").write_bytes(pickle.dumps({}))
    run = pinchtune.add_arm(project, folder, "pinch")
    assert run.manifest()["elsewhere"]["method"] == "full"
    assert "training_args.bin" not in run.manifest()["files"]
    digest = hash_file(folder / "arm/checkpoint-12/model.safetensors")
    assert run.manifest()["files"]["model.safetensors"] == digest
    pinchtune.generate(project, ["pinch"])


def test_a_checkpoint_before_the_last_step_is_refused(project, tuned):
    whole = tuned / "arm"
    early = whole / "checkpoint-5"
    early.mkdir()
    for name in ("adapter_config.json", "adapter_model.safetensors"):
        (whole / name).rename(early / name)
    for folder in (tuned, whole, early):
        refuse(project, folder, "pinch", r"checkpoint-5: is the arm after 5 of 6 steps; let the")
    early.rename(whole / "checkpoint-6")
    assert pinchtune.add_arm(project, tuned, "pinch").manifest()["steps"] == 6


def test_without_an_export_it_is_taken_with_a_warning(project, tiny_model, tmp_path):
    notes = Notes()
    arm = tune_elsewhere(tiny_model, tmp_path / "own")
    run = pinchtune.add_arm(project, arm, "pinch", progress=notes)
    assert len(notes.said) == 1 and "nothing shows which examples" in notes.said[0]
    manifest = run.manifest()
    assert manifest["train"] == {"method": "lora", "trainer": "unknown"}
    assert "steps" not in manifest and manifest["dtype"] == "torch.float32"


def test_layers_that_no_other_trainer_is_told_are_refused(project, tmp_path):
    some = pinchtune.Project.open(project.folder, ["train.last_layers=1"])
    with pytest.raises(UsageError, match=r"train\.last_layers: 1 is not told to other trainers"):
        pinchtune.export_trainer(some, "pinch", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_changed_settings_are_said_and_recorded(project, tuned):
    path = tuned / "config.yaml"
    path.write_text(path.read_text().replace("micro_batch_size: 2", "micro_batch_size: 1"))
    notes = Notes()
    run = pinchtune.add_arm(project, tuned, "pinch", progress=notes)
    assert notes.said == ["warning: config.yaml was changed after the export"]
    assert run.manifest()["elsewhere"]["changed"] == ["config.yaml"]


def refuse(project: pinchtune.Project, folder: Path, name: str, message: str) -> None:
    before = sorted(project.folder.rglob("*"))
    with pytest.raises(UsageError, match=message):
        pinchtune.add_arm(project, folder, name)
    assert sorted(project.folder.rglob("*")) == before


def test_changed_rows_are_refused(project, tuned):
    with (tuned / "tokens.jsonl").open("a") as file:
        file.write('{"input_ids": [1], "labels": [1]}\n')
    refuse(project, tuned, "pinch", r"tokens\.jsonl: was changed after the export")


def test_another_arm_or_mixture_is_refused(project, tuned):
    refuse(project, tuned, "english", "is the arm pinch; add it as --as pinch")
    refuse(project, tuned, "pinched", "unknown arm 'pinched'; use one of: english, pinch")
    other = pinchtune.Project.open(project.folder, ["mix.dose=2"])
    pinchtune.mix(other)
    refuse(other, tuned, "pinch", "was exported from another mixture than today's")


def test_a_damaged_origin_is_refused(project, tuned):
    (tuned / "pinchtune-arm.json").write_text('{"trainer": "trl"}')
    refuse(project, tuned, "pinch", "is not of this version of pinchtune; export the arm again")


def test_pickles_are_never_read(project, tuned, tmp_path):
    class Trap:
        def __reduce__(self):
            return (Path(tmp_path / "sprung").touch, ())

    (tuned / "arm/adapter_model.safetensors").unlink()
    (tuned / "arm/adapter_model.bin").write_bytes(pickle.dumps(Trap()))
    refuse(project, tuned, "pinch", r"adapter_model\.bin: is pickled, and never read")
    assert not (tmp_path / "sprung").exists()


def edit_tensors(path: Path, change: Callable[[dict], None]) -> None:
    tensors = load_file(path)
    change(tensors)
    save_file(tensors, path)


def test_weights_that_are_no_numbers_are_refused(project, tuned):
    def spoil(tensors: dict) -> None:
        tensors[sorted(tensors)[3]][0, 0] = float("nan")

    edit_tensors(tuned / "arm/adapter_model.safetensors", spoil)
    refuse(project, tuned, "pinch", "holds values that are no numbers; the tuning has failed")


def test_weights_of_another_base_are_refused(project, tuned):
    path = tuned / "arm/adapter_model.safetensors"

    def widen(tensors: dict) -> None:
        name = next(name for name in sorted(tensors) if "q_proj.lora_A" in name)
        tensors[name] = torch.zeros(2, 33)

    def rename(tensors: dict) -> None:
        name = sorted(tensors)[0]
        tensors[name.replace("layers.0", "layers.7")] = tensors.pop(name)

    keep = path.read_bytes()
    for change, what in ((widen, "q_proj has other sizes"), (rename, "belongs to no layer of it")):
        path.write_bytes(keep)
        edit_tensors(path, change)
        refuse(project, tuned, "pinch", f"was not tuned on the project's base model .*{what}")
    path.write_bytes(keep[:-40])
    refuse(project, tuned, "pinch", "the weights are damaged")


def test_a_whole_model_of_another_size_is_refused(project, tmp_path):
    from transformers import Gemma3ForCausalLM, Gemma3TextConfig

    config = Gemma3TextConfig(
        vocab_size=259,
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=3,
        num_attention_heads=2,
        num_key_value_heads=1,
        head_dim=16,
    )
    Gemma3ForCausalLM(config).save_pretrained(tmp_path / "big")
    refuse(
        project, tmp_path / "big", "pinch", "num_hidden_layers is 3, and that of the base model 2"
    )
    told = read_json(tmp_path / "big/config.json")
    (tmp_path / "big/config.json").write_text(json.dumps({**told, "num_hidden_layers": 2}))
    refuse(project, tmp_path / "big", "pinch", "is not in both, or has other sizes")
    (tmp_path / "big/config.json").write_text("[]")
    refuse(project, tmp_path / "big", "pinch", "its model_type is None")


@pytest.mark.parametrize(
    ("told", "message"),
    [
        ({"peft_type": "IA3"}, "peft_type is IA3; pinchtune takes LoRA adapters"),
        ({"base_model_name_or_path": "org/other"}, "was tuned on org/other, and the project's"),
        ({"init_lora_weights": "pissa"}, "init_lora_weights is pissa, which has changed the base"),
    ],
)
def test_an_adapter_that_says_it_is_another(project, tuned, told, message):
    path = tuned / "arm/adapter_config.json"
    path.write_text(json.dumps({**read_json(path), **told}))
    refuse(project, tuned, "pinch", message)


def test_nothing_that_names_code_is_kept(project, tuned):
    path = tuned / "arm/adapter_config.json"
    more = {"auto_mapping": {"parent_library": "os"}, "megatron_core": "os", "revision": "x"}
    path.write_text(json.dumps({**read_json(path), **more}))
    run = pinchtune.add_arm(project, tuned, "pinch")
    told = read_json(run.path / "adapter_config.json")
    assert not set(more) & set(told) and told["r"] == 2 and told["lora_alpha"] == 4


def test_where_the_base_lay_elsewhere_says_nothing(project, tuned, tiny_model):
    path = tuned / "arm/adapter_config.json"
    path.write_text(json.dumps({**read_json(path), "base_model_name_or_path": "/mnt/models/tiny"}))
    run = pinchtune.add_arm(project, tuned, "pinch")
    told = read_json(run.path / "adapter_config.json")
    assert told["base_model_name_or_path"] == str(tiny_model)


def test_another_tokenizer_is_refused(project, tuned):
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(tuned / "tokenizer")
    tokenizer.add_tokens(["<extra>"])
    tokenizer.save_pretrained(tuned / "arm")
    refuse(project, tuned, "pinch", "its tokenizer is not that of the base model")


def test_another_template_is_refused_where_nothing_tells_the_export(project, tiny_model, tmp_path):
    from transformers import AutoTokenizer

    arm = tune_elsewhere(tiny_model, tmp_path / "own")
    tokenizer = AutoTokenizer.from_pretrained(tiny_model)
    tokenizer.chat_template = "{% for m in messages %}{{ m['content'] }}{{ eos_token }}{% endfor %}"
    tokenizer.save_pretrained(arm)
    refuse(project, arm, "pinch", "its chat template is not the project's")


def test_an_empty_folder_is_refused(project, tmp_path):
    (tmp_path / "none").mkdir()
    refuse(project, tmp_path / "none", "pinch", "holds neither adapter_config.json with")
    refuse(project, tmp_path / "gone", "pinch", "is no folder; name the one")


def test_what_stands_there_goes_only_if_asked(project, tuned):
    pinchtune.train(project, ["pinch"])
    manifest = project.path("arms", "pinch", "manifest.json").read_text()
    refuse(project, tuned, "pinch", "holds an arm already; --replace puts this one in its place")
    assert project.path("arms", "pinch", "manifest.json").read_text() == manifest
    run = pinchtune.add_arm(project, tuned, "pinch", replace=True)
    assert run.complete() and not (run.path / "metrics.jsonl").exists()


def test_training_never_writes_over_it(project, tuned):
    run = pinchtune.add_arm(project, tuned, "pinch")
    digest = hash_file(run.path / "adapter_model.safetensors")
    other = pinchtune.Project.open(project.folder, ["mix.dose=2"])
    pinchtune.mix(other)
    with pytest.raises(UsageError, match="came from elsewhere, and is not whole or not of today's"):
        pinchtune.train(other, ["pinch"])
    assert hash_file(run.path / "adapter_model.safetensors") == digest
    [row] = [row for row in pinchtune.list_arms(other) if row["arm"] == "pinch"]
    assert (row["state"], row["trainer"]) == ("stale", "axolotl")
    pinchtune.remove_arm(other, "pinch")
    pinchtune.train(other, ["pinch"])
    assert tuned_run(other, "pinch").complete()


def test_only_what_came_from_elsewhere_is_given_up(project):
    pinchtune.train(project, ["pinch"])
    with pytest.raises(UsageError, match="did not come from elsewhere"):
        pinchtune.remove_arm(project, "pinch")
    rows = {row["arm"]: (row["state"], row["trainer"]) for row in pinchtune.list_arms(project)}
    assert rows == {"english": ("missing", "pinchtune"), "pinch": ("ready", "pinchtune")}


def test_settings_of_training_do_not_make_it_stale(project, tuned):
    pinchtune.add_arm(project, tuned, "pinch")
    other = pinchtune.Project.open(project.folder, ["train.learning_rate=0.001"])
    assert tuned_run(other, "pinch").complete()
