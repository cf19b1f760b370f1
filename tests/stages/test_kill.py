"""kill -9 at random moments of every stage; then the same bytes as an undisturbed run."""

from __future__ import annotations

import os
import random
import shutil
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

import pinchtune
from pinchtune.files import hash_tree

STAGES: dict[str, tuple[str, Callable[..., object]]] = {}
SETTINGS = ["train.checkpoint_every=1", "train.epochs=2"]


@pytest.fixture(scope="module", autouse=True)
def imported() -> None:
    """Import everything once: the children are forks, so that a kill hits work, not imports."""
    import jieba  # noqa: F401
    import matplotlib  # noqa: F401
    import torch  # noqa: F401

    import pinchtune.reporting
    import pinchtune.training.loop

    STAGES.update(
        mix=("mixture", pinchtune.mix),
        train=("arms", pinchtune.train),
        generate=("answers", pinchtune.generate),
        evaluate=("evaluation", pinchtune.evaluate),
        report=("report", pinchtune.report),
    )


def fork(folder: Path, verb: str) -> int:
    child = os.fork()
    if child:
        return child
    try:
        import torch

        torch.set_num_threads(1)  # a forked process must not wait for its parent's threads
        STAGES[verb][1](pinchtune.Project.open(folder, SETTINGS))
        os._exit(0)
    except BaseException:
        import traceback

        traceback.print_exc()
        os._exit(1)


def finish(folder: Path, verb: str) -> float:
    start = time.monotonic()
    _, status = os.waitpid(fork(folder, verb), 0)
    assert status == 0, verb
    return time.monotonic() - start


def hashes(folder: Path, verb: str) -> dict[str, str]:
    found = hash_tree(folder / "runs" / STAGES[verb][0])
    # The report shows how long the stages took, which is never the same twice.
    return {k: v for k, v in found.items() if verb != "report" and not k.endswith("timings.json")}


def disturb(folder: Path, verb: str, kills: int, seconds: float, rng: random.Random) -> int:
    hit = 0
    for _ in range(kills):
        child = fork(folder, verb)
        time.sleep(rng.uniform(0, seconds))
        done, _ = os.waitpid(child, os.WNOHANG)
        if done:  # it was quicker: start over, so that every kill has work to hit
            shutil.rmtree(folder / "runs" / STAGES[verb][0])
            continue
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        hit += 1
    return hit


@pytest.mark.parametrize("kills", [3, pytest.param(20, marks=pytest.mark.slow)])
def test_killed_stages_end_in_the_same_bytes(make_project, kills):
    whole, cut = make_project("whole"), make_project("cut")
    (cut / "pinch.toml").write_text((whole / "pinch.toml").read_text())
    rng = random.Random(kills)
    for verb in STAGES:
        seconds = finish(whole, verb)
        hit = disturb(cut, verb, kills, seconds, rng)
        finish(cut, verb)
        assert hit, f"no kill hit {verb}"
        assert hashes(cut, verb) == hashes(whole, verb), verb
        left = [p.name for p in (cut / "runs").rglob("*partial*")]
        assert not left
