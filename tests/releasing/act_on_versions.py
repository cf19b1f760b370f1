"""Imports everything, then forks a child for each action that it is told: see test_kill_versions.

Lines in: FOLDER<tab>ACTION<tab>NAME. Lines out: the child's process id, and its exit status.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from made_up_versions import BEN, make_version
from pinchtune.releasing import Registry


def act(folder: str, action: str, name: str) -> None:
    registry = Registry(Path(folder))
    if action == "add":
        make_version(registry, name)
    else:
        assert registry.verify(name) == []
        registry.point("production", registry.get(name), action, BEN, "a test")


if __name__ == "__main__":
    for line in sys.stdin:
        words = line.rstrip("\n").split("\t")
        child = os.fork()
        if not child:
            try:
                act(*words)
            except BaseException:
                import traceback

                traceback.print_exc()
                os._exit(1)
            os._exit(0)
        print(child, flush=True)
        print(os.waitpid(child, 0)[1], flush=True)
