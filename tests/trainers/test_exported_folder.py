"""What `pinch export trainer` writes is what `pinch train` would tune on."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

import pinchtune
from pinchtune.data.formats import read_examples
from pinchtune.errors import UsageError
from pinchtune.files import hash_file, read_json
from pinchtune.model.chat import encode_example
from pinchtune.records import Example
from pinchtune.stages.train import encode_rows
from pinchtune.trainers.table import TRAINERS
from pinchtune.training.loop import plan_steps, schedule

NAMES = tuple(TRAINERS)


def rows_of(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def planned(
    project: pinchtune.Project, arm: str = "pinch"
) -> list[tuple[str, list[int], list[int]]]:
    """Return id, tokens and labels of each row in the order of the training loop."""
    mixture = project.path("mixture", f"{arm}.jsonl")
    examples = [row.example for row in read_examples(mixture)]
    train = project.config.train
    kept, rows, _ = encode_rows(project.tokenizer, examples, train.max_length)
    order = [i for step in plan_steps(rows, train) for i in step]
    return [
        (
            kept[i].id,
            rows[i].encoded.ids,
            [t if on else -100 for t, on in zip(rows[i].encoded.ids, rows[i].encoded.targets)],
        )
        for i in order
    ]


@pytest.mark.parametrize("to", NAMES)
def test_rows_are_those_of_the_loop_in_its_order(mixed, exported, to):
    expected = planned(mixed)
    tokens = rows_of(exported(to) / "tokens.jsonl")
    assert [(r["input_ids"], r["labels"]) for r in tokens] == [row[1:] for row in expected]
    talks = rows_of(exported(to) / "train.jsonl")
    assert [talk["id"] for talk in talks] == [row[0] for row in expected]
    assert {talk["language"] for talk in talks} == {"en", "es", "ja"}


def test_conversations_read_back_and_give_the_same_tokens(mixed, exported):
    folder = exported("trl")
    found = [row.example for row in read_examples(folder / "train.jsonl")]
    ids = [encode_example(mixed.tokenizer, example, 512).ids for example in found]
    assert ids == [row["input_ids"] for row in rows_of(folder / "tokens.jsonl")]


def test_all_epochs_are_there_each_in_its_own_order(mixed, tmp_path):
    project = pinchtune.Project.open(mixed.folder, ["train.epochs=2"])
    folder = pinchtune.export_trainer(project, "english", tmp_path / "out", to="trl")
    ids = [row["id"] for row in rows_of(folder / "train.jsonl")]
    first, second = ids[:24], ids[24:]
    assert len(ids) == 48 and set(first) == set(second) and first != second
    assert "2 passes, each in an order of its own" in (folder / "README.md").read_text("utf-8")
    assert read_json(folder / "config.json")["sft"]["num_train_epochs"] == 1.0


def test_later_seeds_have_their_own_arms(mixed, tmp_path):
    project = pinchtune.Project.open(mixed.folder, ["train.seeds=2"])
    with pytest.raises(UsageError, match="runs/seed1/mixture is not complete; run `pinch mix`"):
        pinchtune.export_trainer(project, "seed1/pinch", tmp_path / "out")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("to", NAMES)
def test_the_guide_says_how_and_what_is_not_the_same(exported, to):
    text = (exported(to) / "README.md").read_text("utf-8")
    trainer = TRAINERS[to]
    assert f"# The arm `pinch` of project, for {trainer.title}" in text
    assert trainer.command in text and "pinch arm add THIS_FOLDER --as pinch" in text
    assert all(sentence in text for sentence in trainer.differs)
    assert "Sizes of steps" not in text
    assert "24 rows of at most 512 tokens" in text
    listed = {path.name for path in exported(to).iterdir()} - {"README.md"}
    assert {*trainer.settings, "pinchtune-arm.json"} <= listed
    for name in listed:
        assert f"`{name}`" in text, name


def test_steps_of_unlike_size_are_told(mixed, tmp_path):
    project = pinchtune.Project.open(mixed.folder, ["train.batch_size=5"])
    for to in ("trl", "axolotl"):
        folder = pinchtune.export_trainer(project, "pinch", tmp_path / to, to=to)
        said = "24 rows are no multiple of 5. pinchtune makes 5 steps"
        assert (said in (folder / "README.md").read_text()) == (to == "axolotl")


def test_the_script_fills_a_step_with_rows_that_count_nothing(mixed, tmp_path, monkeypatch):
    options = ["train.batch_size=10", "train.device_batch_size=5"]
    project = pinchtune.Project.open(mixed.folder, options)
    folder = pinchtune.export_trainer(project, "pinch", tmp_path / "out")
    script = load_script("tune")
    monkeypatch.setattr(script, "HERE", folder)
    config = read_json(folder / "config.json")
    assert config["step_sizes"] == [8, 8, 8]
    made = script.read_steps(config)
    assert len(made) == 30
    steps = [made[i : i + 10] for i in (0, 10, 20)]
    kept = [row["input_ids"] for step in steps for row in step[:8]]
    assert kept == [row["input_ids"] for row in rows_of(folder / "tokens.jsonl")]
    assert all(set(row["labels"]) == {-100} for step in steps for row in step[8:])


def test_a_name_with_mark_up_stays_text(mixed, tmp_path):
    project = pinchtune.Project.open(mixed.folder, ['name="a|b <c> [عربي](x) 日本"'])
    text = (pinchtune.export_trainer(project, "pinch", tmp_path / "out") / "README.md").read_text(
        "utf-8"
    )
    assert r"a\|b \<c\> \[عربي\](x) 日本" in text.splitlines()[0]


def test_the_origin_holds_hashes(mixed, exported):
    folder = exported("llamafactory")
    told = read_json(folder / "pinchtune-arm.json")
    assert (told["trainer"], told["arm"], told["steps"]) == ("llamafactory", "pinch", 6)
    assert told["mixture"] == hash_file(mixed.path("mixture", "pinch.jsonl"))
    hashes = {**told["data"], **told["settings"]}
    assert {"train.jsonl", "tokens.jsonl", "config.yaml", "dataset_info.json"} < set(hashes)
    assert any(name.startswith("tokens/data-") for name in hashes)
    assert all(hash_file(folder / name) == digest for name, digest in hashes.items())
    assert str(mixed.folder.parent) not in (folder / "pinchtune-arm.json").read_text()


def test_bad_input_leaves_nothing(mixed, tmp_path):
    for arm, to, message in (
        ("pinch", "unsloth", "--to unsloth: is not known; use one of: trl, axolotl, llamafactory"),
        ("base", "trl", "unknown arm 'base'; use one of: english, pinch"),
    ):
        with pytest.raises(UsageError, match=message):
            pinchtune.export_trainer(mixed, arm, tmp_path / "out", to=to)
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine").write_text("x")
    with pytest.raises(UsageError, match="is there already; name a new folder"):
        pinchtune.export_trainer(mixed, "pinch", tmp_path / "out")
    assert [path.name for path in tmp_path.rglob("*")] == ["out", "mine"]


def test_llamafactory_finds_the_tokens_as_a_data_set(mixed, exported):
    datasets = pytest.importorskip("datasets")
    data = datasets.load_from_disk(str(exported("llamafactory") / "tokens"))
    assert [(r["input_ids"], r["labels"]) for r in data] == [row[1:] for row in planned(mixed)]


def test_the_tokenizer_has_the_template_and_a_padding_token(mixed, exported):
    from transformers import AutoTokenizer

    told = AutoTokenizer.from_pretrained(exported("axolotl") / "tokenizer")
    assert told.chat_template == mixed.tokenizer.chat_template
    assert told.pad_token == mixed.tokenizer.pad_token


def load_script(name: str) -> ModuleType:
    from importlib import import_module

    return import_module(f"pinchtune.trainers.scripts.{name}")


def test_the_script_has_the_learning_rates_of_the_loop(mixed, exported):
    rate = load_script("tune").rate
    train = mixed.config.train
    warmup = read_json(exported("trl") / "config.json")["warmup_steps"]
    for steps in (1, 6, 40):
        for step in range(steps):
            if warmup == max(1, round(train.warmup * steps)):
                expected = schedule(step, steps, train)
                assert rate(step, steps, warmup) * train.learning_rate == pytest.approx(expected)


def test_the_script_begins_with_the_weights_of_the_loop(mixed, exported):
    """The first step of both has the same adapter, drawn from the same seed."""
    import torch

    from pinchtune.model.load import load_model, quiet_peft
    from pinchtune.training.arm import prepare_model

    config = read_json(exported("trl") / "config.json")
    with quiet_peft():
        theirs = load_script("tune").load_model(config)
    ours = prepare_model(load_model(mixed.config.model), mixed.config.train)
    pairs = list(zip(ours.named_parameters(), theirs.named_parameters(), strict=True))
    assert pairs and all(a[0] == b[0] and torch.equal(a[1], b[1]) for a, b in pairs)


def test_help_of_the_script_needs_no_library(exported):
    words = [sys.executable, "-S", str(exported("trl") / "tune.py"), "--help"]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    assert "--base" in done.stdout


def swift_tokens(folder: Path, tokenizer: object, messages: list[dict]) -> tuple[list, list]:
    """Return tokens and labels as ms-swift makes them of a template: part by part.

    Responses are counted, and so is the end behind each of them.
    """
    parts = {k: "".join(v) for k, v in read_json(folder / "template.json").items()}
    system = messages[0]["content"] if messages[0]["role"] == "system" else ""
    turns = [m["content"] for m in messages if m["role"] != "system"]
    text = parts["system_prefix"].replace("{{SYSTEM}}", system) if system else parts["prefix"]
    pieces = []
    for i in range(0, len(turns), 2):
        pieces.append((text + parts["prompt"].replace("{{QUERY}}", turns[i]), False))
        pieces.append((turns[i + 1] + parts["suffix"], True))
        text = parts["chat_sep"].removeprefix(parts["suffix"])
    ids, labels = [], []
    for piece, counted in pieces:
        found = tokenizer(piece, add_special_tokens=False)["input_ids"]
        ids += found
        labels += found if counted else [-100] * len(found)
    return ids, labels


def test_ms_swift_makes_the_same_tokens(mixed, exported):
    folder = exported("ms-swift")
    for talk, row in zip(
        rows_of(folder / "train.jsonl"), rows_of(folder / "tokens.jsonl"), strict=True
    ):
        made = swift_tokens(folder, mixed.tokenizer, talk["messages"])
        assert made == (row["input_ids"], row["labels"])


def test_ms_swift_makes_the_same_tokens_of_longer_talks(mixed, exported):
    example = Example("three", "four", system="be kind", history=(("one", "two"),))
    messages = [message._asdict() for message in example.messages()]
    ids, targets, _ = encode_example(mixed.tokenizer, example, 10**6)
    labels = [token if on else -100 for token, on in zip(ids, targets)]
    assert swift_tokens(exported("ms-swift"), mixed.tokenizer, messages) == (ids, labels)
