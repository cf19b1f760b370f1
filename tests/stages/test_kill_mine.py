"""kill -9 at random moments of mining; then the same bytes as an undisturbed run."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from pinchtune.files import UNFINISHED, hash_tree

SCRIPT = Path(__file__).with_name("mine_once.py")
KILLS = 10


def run(folder: Path, log: Path, kill_after: float | None = None) -> tuple[int, float]:
    """Return the exit status, and the seconds from `go` on."""
    command = [sys.executable, str(SCRIPT), str(folder), str(log)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout and child.stdout.readline() == "go\n"
        start = time.monotonic()
        if kill_after is not None:
            time.sleep(kill_after)
            child.kill()
        return child.wait(), time.monotonic() - start


def write_log(path: Path) -> Path:
    rng = random.Random(3)
    words = "order parcel invoice number address card pedido paquete 注文 荷物 الطلب الطرد".split()  # noqa: SIM905
    with path.open("w", encoding="utf-8") as file:
        for n in range(600):
            text = f"{' '.join(rng.choices(words, k=9))} p{n % 400}@mail.net +49 30 9018{n:03}"
            row = {"question": text, "answer": "It is on its way to you, thank you for asking."}
            file.write(json.dumps(row, ensure_ascii=False) + "\n")
    return path


@pytest.mark.slow
def test_killed_mining_ends_in_the_same_bytes(make_project: Callable[..., Path], tmp_path: Path):
    log = write_log(tmp_path / "log.jsonl")
    whole, cut = make_project("whole"), make_project("cut")
    status, seconds = run(whole, log)
    assert status == 0
    rng, hits, moments = random.Random(5), 0, set()
    mine = cut / "runs/mine"
    while hits < KILLS:
        status, _ = run(cut, log, rng.uniform(0, seconds / 2))
        hits += status != 0
        moments.add(len(list(mine.glob("partial/*"))))
        if (mine / "manifest.json").exists():
            (mine / "manifest.json").unlink()
            (mine / "stage.json").unlink()
    assert len(moments) > 3, "the kills hit too few different moments"
    assert run(cut, log)[0] == 0
    assert hash_tree(mine) == hash_tree(whole / "runs/mine")
    assert not list(mine.rglob(f"*{UNFINISHED}")) and not (mine / "partial").exists()
