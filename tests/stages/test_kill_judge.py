"""kill -9 while a judge is being paid: no reply is lost, and none is bought twice."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from answered import write_answered
from judge_server import JudgeServer, serve
from pinchtune.files import hash_tree

SCRIPT = Path(__file__).with_name("evaluate_once.py")
CONCURRENCY = 4


def judge(folder: Path, server: JudgeServer, kill_after: float | None = None) -> int:
    command = [sys.executable, str(SCRIPT), str(folder), server.address]
    paths = os.pathsep.join([str(SCRIPT.parent.parent), os.environ.get("PYTHONPATH", "")])
    environment = {**os.environ, "PYTHONPATH": paths}
    asked = len(server.asked)
    with subprocess.Popen(command, env=environment) as child:
        if kill_after is not None:
            # A busy machine starts slowly: only then does the time count.
            while len(server.asked) == asked:
                time.sleep(0.001)
            time.sleep(kill_after)
            child.kill()
        return child.wait()


def stored(folder: Path) -> int:
    """Return the number of whole lines."""
    path = folder / "runs/judge/replies.jsonl"
    return path.read_bytes().count(b"\n") if path.exists() else 0


@pytest.mark.parametrize("kills", [1, pytest.param(10, marks=pytest.mark.slow)])
def test_killed_while_it_pays(tmp_path, kills):
    prompts = 10 * kills
    whole, cut = (write_answered(tmp_path / name, prompts) for name in ("whole", "cut"))
    questions = 2 * 4 * prompts
    with serve() as server:
        assert judge(whole, server) == 0
        assert sum(server.paid.values()) == questions
    rng, lost = random.Random(7), []
    with serve() as server:
        server.seconds = 0.03
        for _ in range(kills):
            answered, kept = sum(server.paid.values()), stored(cut)
            assert judge(cut, server, rng.uniform(0, 0.5)) == -9
            while server.busy:
                time.sleep(0.01)
            gone = sum(server.paid.values()) - answered - (stored(cut) - kept)
            assert 0 <= gone <= CONCURRENCY
            lost.append(gone)
        assert judge(cut, server) == 0
        # Paid for in all: each question once, and again what was under way when it was killed.
        assert len(server.paid) == questions
        assert sum(server.paid.values()) == questions + sum(lost)
    assert stored(cut) == questions
    verdicts = "runs/evaluation/verdicts.jsonl"
    assert (cut / verdicts).read_bytes() == (whole / verdicts).read_bytes()
    assert len(hash_tree(cut / "runs/evaluation")) == 5
