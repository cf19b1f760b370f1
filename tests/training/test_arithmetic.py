"""The arithmetic of large runs: known sizes, the benchmark's own bound, and what must hold."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.bound import Weights, tuning_work
from pinchtune.errors import UsageError
from pinchtune.files import read_json
from pinchtune.stages.scale import read_shape, scale
from pinchtune.training.arithmetic import (
    Run,
    Shape,
    find_device,
    find_shape,
    kept,
    memory,
    operations,
    seconds,
    sent,
)

RESULTS = Path(__file__).parents[2] / "bench" / "results"
MODELS = ("gemma-3-270m", "llama-3.2-1b", "llama-3.1-8b", "llama-3.1-70b")
H100, CORES = find_device("h100"), find_device("two-cores")
RUNS = st.builds(
    Run,
    method=st.sampled_from(["lora", "full"]),
    rank=st.integers(1, 64),
    tokens=st.integers(64, 8192),
    row=st.integers(16, 2048),
    checkpointing=st.booleans(),
)


@pytest.mark.parametrize(
    ("name", "billions", "adapters"),
    # From the models' own pages; adapters of rank 16 on all linear layers as peft counts them.
    [
        ("gemma-3-270m", 0.268, 3_796_992),
        ("llama-3.2-1b", 1.236, 11_272_192),
        ("llama-3.1-8b", 8.03, 41_943_040),
        ("llama-3.1-70b", 70.55, 207_093_760),
    ],
)
def test_known_models_have_their_known_sizes(name, billions, adapters):
    shape = find_shape(name)
    assert shape.parameters / 1e9 == pytest.approx(billions, rel=1e-3)
    assert shape.adapters(16) == adapters


def test_operations_are_those_of_the_benchmarks_bound():
    bound = json.loads((RESULTS / "fifth.json").read_text("utf-8"))["measurements"][0]["result"]
    weights, shape = Weights(**bound["weights"]), find_shape("gemma-3-270m")
    assert (shape.linear, shape.head, shape.adapters(16)) == weights
    for method in ("lora", "full"):
        # Attention between tokens is what the bound leaves out.
        found = operations(shape, Run(method, row=0), 10_673, 9_139)
        assert found == pytest.approx(tuning_work(weights, 10_673, 9_139, method))


@pytest.mark.parametrize(("method", "counted"), [("lora", 601e3), ("full", 716e3)])
def test_what_a_token_leaves_is_what_was_counted(method, counted):
    """Counted on the real model by torch's saved_tensors_hooks, rows of 128 (docs/scale.md)."""
    shape = find_shape("gemma-3-270m")
    found = shape.layers * kept(shape, CORES, Run(method, row=128))
    assert found == pytest.approx(counted, rel=0.03)


@given(st.sampled_from(MODELS), RUNS, st.integers(2, 64))
def test_more_processes_never_take_more_memory_or_time(name, run, processes):
    shape = find_shape(name)
    two, more = (replace(run, processes=n, split=True) for n in (processes, 2 * processes))
    assert memory(shape, H100, more).total <= memory(shape, H100, two).total
    assert seconds(shape, H100, more, 1e6) <= seconds(shape, H100, two, 1e6)
    whole = replace(run, processes=processes)
    assert memory(shape, H100, whole) == memory(shape, H100, run)
    assert seconds(shape, H100, whole, 1e6) == pytest.approx(
        seconds(shape, H100, run, 1e6) / processes
    )


@given(st.sampled_from(MODELS), RUNS)
def test_checkpointing_buys_memory_with_time(name, run):
    shape = find_shape(name)
    plain, again = replace(run, checkpointing=False), replace(run, checkpointing=True)
    assert memory(shape, H100, again).total <= memory(shape, H100, plain).total
    assert seconds(shape, H100, again, 1e6) > seconds(shape, H100, plain, 1e6)


def test_full_tuning_keeps_sixteen_bytes_a_weight_in_all():
    shape = find_shape("llama-3.1-8b")
    run = Run("full", processes=8, split=True)
    found = memory(shape, H100, run)
    kept_bytes = 8 * (found.weights + found.gradients + found.moments)
    assert kept_bytes == pytest.approx(16 * shape.parameters)
    # Weights twice in bfloat16 and gradients in float32, but for the own share.
    assert sent(shape, run) == pytest.approx(7 / 8 * 8 * shape.parameters)
    assert sent(shape, replace(run, split=False)) == 0


def test_a_folder_is_read_by_its_own_config(tiny_model):
    shape = read_shape(str(tiny_model))
    assert shape == Shape(2, 32, 64, 2, 1, 16, 259, True, 4, True)


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: scale("llama-9"), "unknown model 'llama-9'; use one of gemma-3-270m"),
        (lambda: scale("llama-3.1-8b", "h900"), "unknown device 'h900'; use one of: h100"),
        (lambda: scale("llama-3.1-8b", run=Run(split=True)), "two processes or more"),
        (
            lambda: scale("llama-3.1-8b", run=Run(processes=9, machines=2)),
            "9 processes cannot be shared out evenly to 2 machines",
        ),
        (lambda: Shape.of_config({"hidden_size": 1}), "config.json: has no 'num_attention_heads'"),
        (lambda: Shape.of_config({"num_local_experts": 8}), "is a mixture of 8 experts; the arith"),
        (lambda: Shape.of_config({"num_experts": 128}), "is a mixture of 128 experts"),
        (
            lambda: Shape.of_config({"text_config": {"n_routed_experts": 64}}),
            "is a mixture of 64 experts",
        ),
    ],
)
def test_bad_input_is_one_sentence(call, sentence):
    with pytest.raises(UsageError, match=sentence):
        call()


def test_what_does_not_fit_says_so():
    assert not scale("llama-3.1-70b").fits
    assert scale("llama-3.1-70b", run=Run(tokens=1024, processes=8, split=True)).fits


@pytest.mark.parametrize("experts", [None, 0, 1])
def test_a_config_that_names_no_experts_is_dense(tiny_model, experts):
    config = read_json(tiny_model / "config.json")
    assert Shape.of_config({**config, "num_experts": experts}) == Shape.of_config(config)
