"""Verbs that several processes start, `pinch scale`, and `pinch benchmark` before any weights."""

from __future__ import annotations

import json

import pytest

from pinchtune.errors import BAD_INPUT


@pytest.mark.parametrize("words", [["run"], ["evaluate"], ["experiment", "run", "R11"]])
def test_only_train_is_done_by_several(pinch, make_project, look, monkeypatch, words):
    folder = make_project()
    before = look(folder)
    monkeypatch.setenv("WORLD_SIZE", "2")
    told = pinch(*words, "-p", folder)
    assert told.code == BAD_INPUT and told.out == ""
    assert told.err == (
        f"pinch: `pinch {words[0]}` was started by 2 processes at once, and only `pinch train` can "
        "be; start it once, without a launcher\n"
    )
    assert look(folder) == before


def test_another_process_says_which_it_is(pinch, monkeypatch):
    monkeypatch.setenv("WORLD_SIZE", "4")
    monkeypatch.setenv("RANK", "3")
    assert pinch("doctor").err.startswith("pinch: process 3: `pinch doctor` was started by 4")


def test_what_accelerate_asks_for_and_is_not_done_is_refused(pinch, make_project, monkeypatch):
    folder = make_project()
    pinch("mix", "-p", folder)
    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.setenv("ACCELERATE_USE_DEEPSPEED", "true")
    told = pinch("train", "-p", folder)
    assert told.code == BAD_INPUT
    assert told.err == (
        "pinch: Accelerate's configuration asks for DeepSpeed, which is not supported; use one of "
        "those in docs/distributed.md\n"
    )
    assert not (folder / "runs/arms").exists()


def test_scale_says_what_one_process_holds_and_how_long(pinch):
    told = pinch("scale", "llama-3.1-8b", "--tokens", "3.5e6")
    assert told.code == 0
    assert "8.03 billion weights; by arithmetic, not measured" in told.out
    assert "29.8 GB, fits" in told.out and "tuning takes 4.5 minutes" in told.out
    told = pinch("scale", "llama-3.1-70b", "--method", "full")
    assert "does not fit: split the weights, or lower --device-tokens" in told.out


def test_scale_as_json(pinch):
    options = ["--processes", "8", "--split", "--method", "full", "--json"]
    found = json.loads(pinch("scale", "llama-3.1-8b", *options).out)
    assert found["fits"] and found["parameters"] == 8_029_995_008
    parts = dict(found["memory"])
    assert parts.pop("total") == pytest.approx(sum(parts.values()))


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (
            ["scale", "llama-9"],
            "unknown model 'llama-9'; use one of gemma-3-270m, llama-3.2-1b, llama-3.1-8b, "
            "llama-3.1-70b, or a folder of a model",
        ),
        (
            ["scale", "llama-3.1-8b", "--split"],
            "weights can be split over two processes or more; raise --processes",
        ),
    ],
)
def test_scale_that_cannot_be(pinch, words, sentence):
    told = pinch(*words)
    assert (told.code, told.err) == (BAD_INPUT, f"pinch: {sentence}\n")


def test_a_benchmark_folder_that_is_none(pinch, make_project, tmp_path):
    told = pinch("benchmark", "--tasks-path", tmp_path / "none", "-p", make_project())
    where = tmp_path / "none"
    sentence = f"pinch: {where}: is not a folder; name one that holds task files\n"
    assert (told.code, told.err) == (BAD_INPUT, sentence)
