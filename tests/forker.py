"""Commands in children that can be killed at any moment, forked by a process that lives on."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path


class Forker:
    """Runs a script that forks a child for each line it reads: importing costs more than acting.

    The script answers with the child's number, and with its wait status once it has ended.
    """

    def __init__(self, script: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, str(script)],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            bufsize=1,
        )

    def act(self, line: str, kill_after: float | None = None) -> int:
        """Return the child's wait status; it is killed after some seconds if told so."""
        assert self.process.stdin and self.process.stdout
        self.process.stdin.write(f"{line}\n")
        child = int(self.process.stdout.readline())
        if kill_after is not None:
            time.sleep(kill_after)
            with suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)
        return int(self.process.stdout.readline())

    def close(self) -> None:
        """Let the script end."""
        self.process.communicate(timeout=60)
