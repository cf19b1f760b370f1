"""Imports everything, computes nothing, and forks a child for each stage that it is told to run.

A fork of the test process itself could inherit a lock that one of its threads holds. Lines
in: FOLDER<tab>VERB. Lines out: the child's process id, and its exit status when it ended.
"""

from __future__ import annotations

import os
import sys

import jieba  # noqa: F401
import matplotlib.figure  # noqa: F401
import torch

import pinchtune
import pinchtune.reporting
import pinchtune.training.loop

SETTINGS = ["train.checkpoint_every=1", "train.epochs=2"]


def run(folder: str, verb: str) -> None:
    torch.set_num_threads(1)
    try:
        getattr(pinchtune, verb)(pinchtune.Project.open(folder, SETTINGS))
    except BaseException:
        import traceback

        traceback.print_exc()
        os._exit(1)
    os._exit(0)


if __name__ == "__main__":
    for verb in ("mix", "train", "generate", "evaluate", "report"):
        getattr(pinchtune, verb)
    for line in sys.stdin:
        folder, verb = line.rstrip("\n").split("\t")
        child = os.fork()
        if not child:
            run(folder, verb)
        print(child, flush=True)
        print(os.waitpid(child, 0)[1], flush=True)
