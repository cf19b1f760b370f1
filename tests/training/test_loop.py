from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import time
from itertools import pairwise
from pathlib import Path

import pytest
import torch
from accelerate.state import AcceleratorState
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM

from pinchtune.config import TrainConfig
from pinchtune.errors import RunError
from pinchtune.model.chat import encode_example
from pinchtune.model.load import load_tokenizer
from pinchtune.records import Example
from pinchtune.training.loop import Row, Trainer, schedule

SCRIPT = Path(__file__).with_name("tune_tiny.py")


@pytest.fixture(autouse=True)
def fresh_state():
    AcceleratorState._reset_state(True)


def make_trainer(tiny_model, folder, dtype=torch.float32, rows=16, **settings) -> Trainer:
    tokenizer = load_tokenizer(str(tiny_model))
    model = AutoModelForCausalLM.from_pretrained(tiny_model, dtype=dtype)
    examples = [
        Example(f"Question {i}" * (i % 3 + 1), f"Answer {i} " * (i % 5 + 1)) for i in range(rows)
    ]
    encoded = [
        Row(encode_example(tokenizer, e, 500), "en" if i % 4 else "ja", i % 4 == 0)
        for i, e in enumerate(examples)
    ]
    folder.mkdir(parents=True, exist_ok=True)
    config = TrainConfig(**{"rank": 2, "batch_size": 8, "checkpoint_every": 1, **settings})
    return Trainer(model, tokenizer, encoded, config, folder)


def weights(folder):
    name = "adapter_model" if (folder / "adapter_config.json").exists() else "model"
    return load_file(folder / f"{name}.safetensors")


def metrics(folder):
    return [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]


@pytest.mark.parametrize("method", ["lora", "full"])
def test_one_of_eight_equals_eight_of_one(tiny_model, tmp_path, method):
    found = {}
    for size in (8, 1, 3):
        AcceleratorState._reset_state(True)
        folder = tmp_path / str(size)
        make_trainer(tiny_model, folder, device_batch_size=size, method=method).run()
        found[size] = (weights(folder), metrics(folder))
    for size in (1, 3):
        for name, tensor in found[8][0].items():
            assert torch.allclose(tensor, found[size][0][name], atol=2e-5), name
        losses = [[m["train/loss"] for m in found[s][1]] for s in (8, size)]
        assert losses[0] == pytest.approx(losses[1], abs=1e-5)


def test_loss_falls_and_is_told_by_language(tiny_model, tmp_path):
    make_trainer(tiny_model, tmp_path / "arm", method="full", epochs=12, learning_rate=1e-2).run()
    steps = metrics(tmp_path / "arm")
    assert steps[-1]["train/loss"] < 0.8 * steps[0]["train/loss"]
    assert set(steps[0]["train/loss_by_language"]) == {"en", "ja"}


def test_first_loss_is_transformers_own(tiny_model, tmp_path):
    trainer = make_trainer(tiny_model, tmp_path / "arm")
    rows = [trainer.rows[i].encoded for i in trainer.steps[0]]
    model = AutoModelForCausalLM.from_pretrained(tiny_model, dtype=torch.float32)
    total = count = 0.0
    for row in rows:
        ids, targets = torch.tensor([row.ids]), torch.tensor([row.targets])
        loss = model(input_ids=ids, labels=torch.where(targets, ids, -100)).loss
        total, count = total + float(loss.detach()) * row.target_count, count + row.target_count
    trainer.run()
    assert metrics(tmp_path / "arm")[0]["train/loss"] == pytest.approx(total / count, abs=1e-5)


class Killed(Exception):
    pass


@pytest.mark.parametrize("stop_after", [1, 2, 3])
def test_resumed_weights_are_the_same_bits(tiny_model, tmp_path, stop_after):
    make_trainer(tiny_model, tmp_path / "whole", epochs=2, checkpoint_every=2).run()
    trainer = make_trainer(tiny_model, tmp_path / "cut", epochs=2, checkpoint_every=2)

    def stop(progress):
        if progress.step == stop_after:
            raise Killed

    with pytest.raises(Killed):
        trainer.run(stop)
    make_trainer(tiny_model, tmp_path / "cut", epochs=2, checkpoint_every=2).run()
    names = ("adapter_model.safetensors", "metrics.jsonl", "adapter_config.json")
    for name in names:
        assert (tmp_path / "cut" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()


def test_seconds_before_a_stop_are_counted(tiny_model, tmp_path):
    def stop(progress):
        time.sleep(0.5)
        if progress.step == 3:
            raise Killed

    settings = {"epochs": 2, "checkpoint_every": 2}
    with pytest.raises(Killed):
        make_trainer(tiny_model, tmp_path, **settings).run(stop)
    trainer = make_trainer(tiny_model, tmp_path, **settings)
    start = time.perf_counter()
    seconds = trainer.run()
    assert seconds >= time.perf_counter() - start + 0.5


def test_loss_that_is_not_finite_stops_the_run(tiny_model, tmp_path):
    trainer = make_trainer(tiny_model, tmp_path / "arm")
    with torch.no_grad():
        next(p for p in trainer.model.parameters() if p.requires_grad).fill_(float("nan"))
    with pytest.raises(RunError, match=r"loss is not finite; lower train\.learning_rate"):
        trainer.run()
    assert not (tmp_path / "arm" / "adapter_model.safetensors").exists()


def test_schedule_rises_then_falls_to_zero():
    config = TrainConfig(learning_rate=0.1, warmup=0.2)
    rates = [schedule(step, 10, config) for step in range(11)]
    assert rates[:2] == [0.05, 0.1]
    assert rates[2] == pytest.approx(0.1)
    assert all(a > b for a, b in pairwise(rates[2:]))
    assert rates[10] == pytest.approx(0)


def test_one_process_tunes_with_casts_and_without(tiny_model, tmp_path):
    for method in ("lora", "full", "lora"):
        trainer = make_trainer(tiny_model, tmp_path / "arm", torch.bfloat16, method=method)
        assert trainer.cast()._enabled == (method == "full")
        trainer.run()
        shutil.rmtree(tmp_path / "arm")


def test_sigkill_and_resume_in_a_process_of_its_own(tiny_model, tmp_path):
    run = [sys.executable, str(SCRIPT), str(tiny_model)]
    subprocess.run([*run, str(tmp_path / "whole")], check=True, timeout=240)
    process = subprocess.Popen([*run, str(tmp_path / "cut"), "slow"])
    deadline = time.monotonic() + 120
    while not (tmp_path / "cut/checkpoint.safetensors").exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not (tmp_path / "cut/adapter_model.safetensors").exists()
    subprocess.run([*run, str(tmp_path / "cut")], check=True, timeout=240)
    name = "adapter_model.safetensors"
    assert (tmp_path / "cut" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()


@pytest.mark.parametrize("method", ["lora", "full"])
def test_fifty_steps_end_where_a_plain_loop_ends(tiny_model, tmp_path, method):
    settings = {"rows": 20, "batch_size": 4, "epochs": 10, "method": method, "learning_rate": 1e-3}
    trainer = make_trainer(tiny_model, tmp_path / "ours", checkpoint_every=0, **settings)
    assert len(trainer.steps) == 50
    layers = [m for m in trainer.model.modules() if "forward" in vars(m)]
    assert layers
    trainer.run()
    plain = make_trainer(tiny_model, tmp_path / "plain", checkpoint_every=0, **settings)
    expected = tune_plainly(plain)
    found = dict(trainer.model.named_parameters())
    start = dict(make_trainer(tiny_model, tmp_path / "start", **settings).model.named_parameters())
    for name, parameter in expected.items():
        moved = float((parameter - start[name]).detach().norm())
        assert float((found[name] - parameter).detach().norm()) < 1e-3 * moved + 1e-6, name


def tune_plainly(trainer: Trainer) -> dict[str, torch.Tensor]:
    """Tune as a tutorial would: transformers' own loss, a row at a time, nothing of ours."""
    model = trainer.model
    for layer in model.modules():
        layer.__dict__.pop("forward", None)  # peft's own forward again
    model.train()
    tuned = {n: p for n, p in trainer.model.named_parameters() if p.requires_grad}
    optimizer = torch.optim.AdamW(tuned.values(), lr=1.0, weight_decay=0.0)
    for number, step in enumerate(trainer.steps):
        rows = [trainer.rows[i].encoded for i in step]
        total = sum(row.target_count for row in rows)
        for row in rows:
            ids = torch.tensor([row.ids])
            labels = torch.where(torch.tensor([row.targets]), ids, -100)
            loss = model(input_ids=ids, labels=labels).loss
            (loss * row.target_count / total).backward()
        torch.nn.utils.clip_grad_norm_(tuned.values(), trainer.config.clip)
        optimizer.param_groups[0]["lr"] = schedule(number, len(trainer.steps), trainer.config)
        optimizer.step()
        optimizer.zero_grad()
    return tuned
