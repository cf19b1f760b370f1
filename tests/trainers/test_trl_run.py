"""TRL tunes what was exported: the same losses as `pinch train`, step by step.

TRL is looked for in this Python, or in the one that the variable TRL_PYTHON names.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import pinchtune
from pinchtune.files import read_jsonl

pytestmark = pytest.mark.slow
TOLERANCE = 1e-3
"""Nats by which a loss may differ: TRL writes four decimals."""
PYTHON = os.environ.get("TRL_PYTHON", sys.executable)


def run_trl(folder: Path) -> list[float]:
    """Run the exported script as its README says, and return the loss of each step."""
    found = subprocess.run([PYTHON, "-c", "import trl"], capture_output=True)
    if found.returncode:
        pytest.skip("TRL is not installed; TRL_PYTHON may name a Python that has it")
    done = subprocess.run([PYTHON, "tune.py"], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]
    return [row["loss"] for _, row in read_jsonl(folder / "losses.jsonl")]


@pytest.mark.parametrize("method", ["lora", "full"])
def test_the_losses_are_ours(write_project, tmp_path, method):
    lr = {"lora": 1e-2, "full": 1e-3}[method]
    options = [f"train.method={method}", f"train.learning_rate={lr}", "train.epochs=2"]
    options += ["mix.budget=22"]  # steps of three rows and of four
    project = pinchtune.Project.open(write_project(tmp_path / "project"), options)
    pinchtune.mix(project)
    folder = pinchtune.export_trainer(project, "pinch", tmp_path / "out", to="trl")
    theirs = run_trl(folder)
    run = pinchtune.train(project, ["pinch"])["pinch"]
    ours = [row["train/loss"] for _, row in read_jsonl(run.path / "metrics.jsonl")]
    assert len(ours) == len(theirs) == 12
    assert ours[0] - ours[-1] > 0.1  # there is something to follow
    distances = [abs(a - b) for a, b in zip(ours, theirs, strict=True)]
    assert max(distances) < TOLERANCE, list(zip(ours, theirs, strict=True))
    added = pinchtune.add_arm(project, folder, "pinch", replace=True)
    assert added.complete() and added.manifest()["elsewhere"]["trainer"] == "trl"
