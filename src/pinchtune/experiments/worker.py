"""A worker process: jobs come in as lines of JSON, why each failed goes out as one.

It ends with its parent: by itself when no job comes any more, at once when the parent is gone.
"""

from __future__ import annotations

import json
import os
import sys
import threading
from time import sleep

WATCH_SECONDS = 0.5


def watch_parent() -> None:
    """End this process when its parent is gone: nobody would take what it does."""
    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            sleep(WATCH_SECONDS)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def main() -> None:
    """Do jobs until none comes."""
    watch_parent()
    # What libraries print must not stand among the answers.
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    from pinchtune.experiments.engine import attempt

    for line in sys.stdin:
        answers.write(json.dumps(attempt(json.loads(line))) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
