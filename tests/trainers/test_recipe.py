"""The sizes of a step, in the words of trainers."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pinchtune.config import TrainConfig
from pinchtune.model.chat import Encoded
from pinchtune.records import Example
from pinchtune.trainers.recipe import Recipe, Tuned, token_rows


def make_recipe(rows: int = 32, **train: object) -> Recipe:
    return Recipe("base", TrainConfig(**train), "float32", 1, (1,) * rows)


@given(st.integers(1, 64), st.integers(1, 64))
def test_micro_batches_fill_a_step_and_are_no_larger_than_allowed(step, most):
    recipe = make_recipe(batch_size=step, device_batch_size=most)
    assert recipe.micro_batch * recipe.accumulation == step
    assert 1 <= recipe.micro_batch <= min(step, most)
    larger = range(recipe.micro_batch + 1, min(step, most) + 1)
    assert all(step % size for size in larger)


@given(st.integers(1, 500), st.integers(1, 64))
def test_a_trainer_fills_every_step_but_the_last(rows, step):
    recipe = make_recipe(rows=rows, batch_size=step)
    assert (recipe.their_steps - 1) * step < rows <= recipe.their_steps * step


def test_labels_stand_on_targets_alone():
    row = Tuned(Example("a", "b"), Encoded([5, 6, 7], [False, True, True], False))
    assert list(token_rows([row])) == [
        {"input_ids": [5, 6, 7], "attention_mask": [1, 1, 1], "labels": [-100, 6, 7]}
    ]
