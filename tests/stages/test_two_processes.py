"""`pinch train` by two processes over gloo: the curve, the answers and the resumption of one."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
import torch
from safetensors.torch import load_file

import pinchtune
from pinchtune.files import read_json

ARMS = ("english", "pinch")
LONGER = "train.epochs=6"
FULL = "train.method=full"
SPLIT = {"ACCELERATE_USE_FSDP": "true"}
"""What `accelerate launch` sets by the files for FSDP."""
LAUNCHER = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]
PATIENCE = 300


def launch(folder: Path, *settings: str, **variables: str) -> subprocess.Popen[str]:
    pinch = ["-m", "pinchtune.cli", "train", "-q", "--json", "-p", str(folder)]
    pinch += [word for setting in (LONGER, *settings) for word in ("--set", setting)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", **variables}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    return subprocess.Popen([*LAUNCHER, *pinch], env=environment, **pipes)


def finish(process: subprocess.Popen[str]) -> str:
    out, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, err[-3000:]
    return out


def kill_at_first_checkpoint(folder: Path, process: subprocess.Popen[str]) -> None:
    """End launcher and workers when they have written a checkpoint, as a power cut would."""
    checkpoint, end = folder / "runs/arms/english/checkpoint.safetensors", time.monotonic() + 240
    while not checkpoint.exists() and time.monotonic() < end and process.poll() is None:
        time.sleep(0.005)
    for child in [*psutil.Process(process.pid).children(recursive=True), process]:
        child.kill()
    process.communicate(timeout=PATIENCE)


def steps(folder: Path, arm: str) -> list[dict]:
    lines = (folder / "runs/arms" / arm / "metrics.jsonl").read_text("utf-8").splitlines()
    return [json.loads(line) for line in lines]


def same_curve(two: Path, one: Path) -> None:
    for arm in ARMS:
        assert len(steps(one, arm)) == 36
        for ours, theirs in zip(steps(two, arm), steps(one, arm), strict=True):
            assert ours["step"] == theirs["step"] and ours["tokens"] == theirs["tokens"]
            assert ours["train/loss"] == pytest.approx(theirs["train/loss"], abs=1e-4)
            assert ours["gradient_norm"] == pytest.approx(theirs["gradient_norm"], rel=1e-3)
            for name in ("train/loss_by_language", "val/bits_per_byte"):
                assert ours.get(name) == pytest.approx(theirs.get(name), abs=1e-4)


def same_weights(two: Path, one: Path) -> None:
    for arm in ARMS:
        name = f"runs/arms/{arm}/adapter_model.safetensors"
        ours, theirs = load_file(two / name), load_file(one / name)
        assert set(ours) == set(theirs)
        for key, tensor in theirs.items():
            assert torch.allclose(ours[key], tensor, atol=2e-5), key


def evaluated(folder: Path, *settings: str) -> tuple[list[str], dict]:
    project = pinchtune.Project.open(folder, [LONGER, *settings])
    pinchtune.generate(project)
    pinchtune.evaluate(project)
    answers = [project.path("answers", arm, "answers.jsonl").read_text("utf-8") for arm in ARMS]
    return answers, read_json(project.path("evaluation", "scores.json"))


def same_evaluation(two: Path, one: Path, *settings: str) -> None:
    (answers, scores), (expected, wanted) = evaluated(two, *settings), evaluated(one, *settings)
    assert answers == expected
    assert scores["win_rate"] == wanted["win_rate"]
    decisions = [read_json(folder / "runs/evaluation/decision.json") for folder in (two, one)]
    assert decisions[0] == decisions[1]


def mixed(folder: Path) -> Path:
    pinchtune.mix(pinchtune.Project.open(folder, [LONGER]))
    return folder


def test_two_killed_and_resumed_are_one(make_project):
    one, two = mixed(make_project("one")), mixed(make_project("two"))
    pinchtune.train(pinchtune.Project.open(one, [LONGER]))
    first = launch(two)
    kill_at_first_checkpoint(two, first)
    assert not (two / "runs/arms/english/manifest.json").exists()
    told = finish(launch(two))
    assert set(json.loads(told)) == set(ARMS)  # the main process alone has printed
    same_curve(two, one)
    same_weights(two, one)
    same_evaluation(two, one)


@pytest.mark.slow
def test_two_resumed_have_the_bits_of_two_undisturbed(make_project):
    whole, cut = mixed(make_project("whole")), mixed(make_project("cut"))
    finish(launch(whole))
    kill_at_first_checkpoint(cut, launch(cut))
    finish(launch(cut))
    for arm in ARMS:
        for name in ("adapter_model.safetensors", "metrics.jsonl", "manifest.json"):
            path = Path("runs/arms") / arm / name
            assert (cut / path).read_bytes() == (whole / path).read_bytes(), path


@pytest.mark.slow
def test_two_that_split_the_weights_are_one(make_project):
    one, two = mixed(make_project("one")), mixed(make_project("two"))
    pinchtune.train(pinchtune.Project.open(one, [LONGER, FULL]))
    finish(launch(two, FULL, **SPLIT))
    same_curve(two, one)
    same_evaluation(two, one, FULL)


@pytest.mark.slow
@pytest.mark.parametrize("method", ["full", "lora"])
def test_two_that_split_the_weights_killed_and_resumed_are_one(make_project, method):
    settings = [f"train.method={method}"]
    one, two = mixed(make_project("one")), mixed(make_project("two"))
    pinchtune.train(pinchtune.Project.open(one, [LONGER, *settings]))
    kill_at_first_checkpoint(two, launch(two, *settings, **SPLIT))
    assert not (two / "runs/arms/english/manifest.json").exists()
    finish(launch(two, *settings, **SPLIT))
    same_curve(two, one)
    same_evaluation(two, one, *settings)


@pytest.mark.slow
def test_one_goes_on_where_two_that_split_the_weights_were(make_project):
    one, two = mixed(make_project("one")), mixed(make_project("two"))
    pinchtune.train(pinchtune.Project.open(one, [LONGER, FULL]))
    kill_at_first_checkpoint(two, launch(two, FULL, **SPLIT))
    pinchtune.train(pinchtune.Project.open(two, [LONGER, FULL]))
    same_curve(two, one)


@pytest.mark.slow
@pytest.mark.parametrize("method", ["full", "lora"])
def test_in_bfloat16_a_split_run_is_as_near_as_rounding_allows(make_project, method):
    settings = [f"train.method={method}", "model.dtype=bfloat16"]
    one, two = mixed(make_project("one")), mixed(make_project("two"))
    pinchtune.train(pinchtune.Project.open(one, [LONGER, *settings]))
    finish(launch(two, *settings, **SPLIT))
    for arm in ARMS:
        losses = [[s["train/loss"] for s in steps(folder, arm)] for folder in (two, one)]
        assert losses[0] == pytest.approx(losses[1], abs=0.02)
        assert losses[0][-1] < losses[0][0]


@pytest.mark.slow
@pytest.mark.parametrize("differ", ["mixture or pinch.toml", "checkpoint"])
def test_two_that_see_other_files_stop(make_project, tmp_path, differ):
    folders = [mixed(make_project(str(number))) for number in range(2)]
    if differ == "checkpoint":
        kill_at_first_checkpoint(folders[0], launch(folders[0]))
        shutil.copytree(folders[0], folders[1], dirs_exist_ok=True)
        (folders[1] / "runs/arms/english/checkpoint.safetensors").unlink()
    else:
        pinchtune.mix(pinchtune.Project.open(folders[1], [LONGER, "mix.seed=1"]))
    script = [str(Path(__file__).with_name("train_elsewhere.py")), str(tmp_path), LONGER]
    found = subprocess.run([*LAUNCHER, *script], capture_output=True, text=True, timeout=PATIENCE)
    assert found.returncode != 0
    sentence = f"process 1 sees another {differ} than the main one; put the project on a disk"
    assert f"pinch: process 1: {sentence}" in found.stderr
    assert not (folders[0] / "runs/arms/english/manifest.json").exists()
