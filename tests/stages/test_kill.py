"""kill -9 at random moments of every stage; then the same bytes as an undisturbed run."""

from __future__ import annotations

import os
import random
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from forker import Forker
from pinchtune.files import UNFINISHED, hash_tree

STAGES = {
    "mix": "mixture",
    "train": "arms",
    "generate": "answers",
    "evaluate": "evaluation",
    "report": "report",
}


@pytest.fixture
def runner() -> Iterator[Forker]:
    """Stages in children of a process that has imported everything already."""
    runner = Forker(Path(__file__).with_name("zygote.py"))
    yield runner
    runner.close()


def finish(runner: Forker, folder: Path, verb: str) -> float:
    start = time.monotonic()
    assert runner.act(f"{folder}\t{verb}") == 0, verb
    return time.monotonic() - start


def hashes(folder: Path, verb: str) -> dict[str, str]:
    found = hash_tree(folder / "runs" / STAGES[verb])
    # The report shows how long the stages took, which is never the same twice.
    return {k: v for k, v in found.items() if verb != "report" and not k.endswith("timings.json")}


def disturb(runner: Forker, folder: Path, verb: str, kills: int, seconds: float) -> int:
    """Kill the stage at random moments; return how often there was work to hit."""
    rng = random.Random(f"{verb}-{kills}")
    hits = 0
    while hits < kills:
        if (folder / "runs" / STAGES[verb]).exists() and rng.random() < 0.2:
            shutil.rmtree(folder / "runs" / STAGES[verb])  # some kills hit the very start
        status = runner.act(f"{folder}\t{verb}", rng.uniform(0, seconds))
        hits += os.WIFSIGNALED(status)
        if status == 0:
            shutil.rmtree(folder / "runs" / STAGES[verb])
            seconds *= 0.9
    return hits


@pytest.mark.parametrize("kills", [3, pytest.param(20, marks=pytest.mark.slow)])
def test_killed_stages_end_in_the_same_bytes(runner, make_project, kills):
    whole, cut = make_project("whole"), make_project("cut")
    (cut / "pinch.toml").write_text((whole / "pinch.toml").read_text())
    for verb in STAGES:
        seconds = finish(runner, whole, verb)
        assert disturb(runner, cut, verb, kills, seconds) == kills
        finish(runner, cut, verb)
        assert hashes(cut, verb) == hashes(whole, verb), verb
        assert not list((cut / "runs").rglob(f"*{UNFINISHED}"))
        assert not list((cut / "runs").rglob("*partial*"))
