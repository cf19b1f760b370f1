from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pinchtune.training.batches import Limits, plan_epoch, split_step

SETS = st.tuples(
    st.lists(st.integers(1, 500), min_size=1, max_size=120), st.integers(1, 17), st.integers(0, 9)
)


@given(SETS, st.data())
def test_each_row_once_and_the_pinch_even(rows, data):
    lengths, batch_size, seed = rows
    pinch = data.draw(st.lists(st.booleans(), min_size=len(lengths), max_size=len(lengths)))
    steps = plan_epoch(lengths, pinch, batch_size, seed, 0)
    assert sorted(i for step in steps for i in step) == list(range(len(lengths)))
    assert {len(step) for step in steps} <= {
        len(lengths) // len(steps),
        -(-len(lengths) // len(steps)),
    }
    share = [sum(pinch[i] for i in step) for step in steps]
    assert max(share) - min(share) <= 1


def test_same_seed_same_plan_other_epoch_other_plan():
    lengths, pinch = list(range(1, 65)), [i % 8 == 0 for i in range(64)]
    assert plan_epoch(lengths, pinch, 8, 1, 0) == plan_epoch(lengths, pinch, 8, 1, 0)
    assert plan_epoch(lengths, pinch, 8, 1, 0) != plan_epoch(lengths, pinch, 8, 1, 1)
    assert plan_epoch(lengths, pinch, 8, 1, 0) != plan_epoch(lengths, pinch, 8, 2, 0)


def test_like_lengths_meet():
    lengths = [(i * 7919) % 400 + 1 for i in range(320)]
    steps = plan_epoch(lengths, [False] * 320, 8, 0, 0)
    padded = sum(max(lengths[i] for i in step) * len(step) for step in steps)
    in_order = sum(max(lengths[k : k + 8]) * 8 for k in range(0, 320, 8))
    assert padded / sum(lengths) < 1.2 < in_order / sum(lengths)


@given(SETS, st.integers(1, 4), st.integers(1, 5), st.integers(1, 900))
def test_processes_share_a_step_without_loss(rows, processes, size, tokens):
    lengths, _, _ = rows
    step, most = list(range(len(lengths))), Limits(size, tokens)
    parts = [
        split_step(step, dict(enumerate(lengths)), most, p, processes) for p in range(processes)
    ]
    assert sorted(i for part in parts for micro in part for i in micro) == step
    assert len({len(part) for part in parts}) == 1
    for micro in (micro for part in parts for micro in part):
        padded = len(micro) * max((lengths[i] for i in micro), default=0)
        assert len(micro) <= size and (padded <= tokens or len(micro) == 1)
