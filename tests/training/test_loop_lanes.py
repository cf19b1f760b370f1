"""Micro-batches beside each other end where micro-batches in turn end."""

from __future__ import annotations

import pytest
import torch
from accelerate.state import AcceleratorState
from test_loop import make_trainer, metrics, weights
from transformers import AutoModelForCausalLM

from pinchtune.model.lanes import Lanes
from pinchtune.training.loop import Trainer


@pytest.fixture(autouse=True)
def two_threads():
    AcceleratorState._reset_state(True)
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


def tune(trainer: Trainer, lanes: int = 2):
    """Tune and return weights and metrics; in turn if `lanes` is 1."""
    assert trainer.lanes.count == 2
    trainer.lanes = trainer.lanes if lanes == 2 else Lanes(wanted=False)
    trainer.run()
    return weights(trainer.folder), metrics(trainer.folder)


@pytest.mark.parametrize("settings", [{}, {"device_batch_size": 1}, {"batch_size": 7}])
def test_beside_each_other_as_in_turn(tiny_model, tmp_path, settings):
    beside, facts = tune(make_trainer(tiny_model, tmp_path / "beside", epochs=3, **settings))
    in_turn, expected = tune(make_trainer(tiny_model, tmp_path / "turn", epochs=3, **settings), 1)
    for name, tensor in in_turn.items():
        assert torch.allclose(tensor, beside[name], atol=2e-5), name
    for found, wanted in zip(facts, expected, strict=True):
        assert found.keys() == wanted.keys() and found["tokens"] == wanted["tokens"]
        for key in ("train/loss", "gradient_norm", "train/loss_by_language"):
            assert found[key] == pytest.approx(wanted[key], abs=1e-4)


def test_the_same_run_gives_the_same_bits(tiny_model, tmp_path):
    runs = [tune(make_trainer(tiny_model, tmp_path / str(n), rows=32)) for n in range(3)]
    for found, _ in runs[1:]:
        assert all(torch.equal(tensor, found[name]) for name, tensor in runs[0][0].items())


def test_a_resumed_run_gives_the_same_bits(tiny_model, tmp_path):
    settings = {"epochs": 2, "checkpoint_every": 1}
    tune(make_trainer(tiny_model, tmp_path / "whole", **settings))
    trainer = make_trainer(tiny_model, tmp_path / "cut", **settings)

    def stop(progress):
        if progress.step == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        trainer.run(stop)
    tune(make_trainer(tiny_model, tmp_path / "cut", **settings))
    for name in ("adapter_model.safetensors", "metrics.jsonl"):
        assert (tmp_path / "cut" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()


def test_long_rows_are_tuned_on_in_turn(tiny_model, tmp_path):
    """Two of them beside each other would take the memory of both."""
    trainer = make_trainer(tiny_model, tmp_path / "arm")
    longest = max(len(row.encoded.ids) for row in trainer.rows)
    for tokens, beside in ((2 * longest - 1, False), (2 * longest, True)):
        AcceleratorState._reset_state(True)
        trainer = make_trainer(tiny_model, tmp_path / str(tokens), device_tokens=tokens)
        asked = []
        trainer.lanes.map = lambda work, items, asked=asked: (
            asked.append(items) or [work(item) for item in items]
        )
        trainer.run()
        is_longest = [
            any(len(trainer.rows[i].encoded.ids) == longest for i in step) for step in trainer.steps
        ]
        assert len(asked) == (len(trainer.steps) if beside else is_longest.count(False))


def test_full_tuning_and_dropout_have_one_lane(tiny_model, tmp_path):
    assert make_trainer(tiny_model, tmp_path / "full", method="full").lanes.count == 1
    AcceleratorState._reset_state(True)
    trainer = make_trainer(tiny_model, tmp_path / "lora")
    model = AutoModelForCausalLM.from_pretrained(tiny_model, attention_dropout=0.1)
    drawn = Trainer(model, trainer.tokenizer, trainer.rows, trainer.config, tmp_path / "drawn")
    assert (trainer.lanes.count, drawn.lanes.count) == (2, 1)
