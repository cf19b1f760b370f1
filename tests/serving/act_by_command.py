"""Imports what `pinch versions` needs, then forks a child for each command line that it is told.

A command of its own would spend nearly all of its time on importing, and kills would seldom hit
what it does. Lines in: JSON lists of words. Lines out: the child's process id, and its wait status.
"""

from __future__ import annotations

import json
import os
import sys

import pinchtune.cli.versions
import pinchtune.stages.switching  # noqa: F401
from pinchtune.cli.main import main


def act(words: list[str]) -> None:
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (1, 2):
        os.dup2(nowhere, stream)
    sys.argv = ["pinch", *words]
    try:
        main()
    except SystemExit as end:
        os._exit(int(end.code or 0))
    os._exit(0)


if __name__ == "__main__":
    for line in sys.stdin:
        child = os.fork()
        if not child:
            act(json.loads(line))
        print(child, flush=True)
        print(os.waitpid(child, 0)[1], flush=True)
