"""Mine the instructions of real rows: seconds of each part, memory, and the map.

    python -m bench.mining ROWS.jsonl […]

Rows have `language`, `instruction` and `response`; each instruction is an enquiry, its response
the answer. The starter project is made in a temporary folder.
"""

from __future__ import annotations

import json
import resource
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter

import pinchtune
from pinchtune.files import read_jsonl, write_jsonl
from pinchtune.progress import Silent, Task

SHOWN = 10


class Clock(Silent):
    """Prints how long each part took."""

    @contextmanager
    def task(self, label: str, total: int, done: int = 0) -> Iterator[Task]:
        """Print the seconds of a part when it ends."""
        start = perf_counter()
        with super().task(label, total, done) as task:
            yield task
        print(f"{label}: {perf_counter() - start:.1f} s", flush=True)


def main(files: list[str]) -> int:
    """Mine and print."""
    rows = [row for name in files for _, row in read_jsonl(name)]
    log = [{"text": r["instruction"], "answer": r.get("response") or ""} for r in rows]
    with tempfile.TemporaryDirectory() as folder:
        pinchtune.init(folder)
        write_jsonl(Path(folder) / "log.jsonl", log)
        project = pinchtune.Project.open(folder)
        run = pinchtune.mine(project, [Path(folder) / "log.jsonl"], Clock())
        facts = run.manifest() or {}
        print(json.dumps({k: v for k, v in facts.items() if k not in ("files", "key")}))
        for _, row in list(read_jsonl(run.path / "clusters.jsonl"))[:SHOWN]:
            print(f"{row['enquiries']:>6}  {', '.join(row['terms'])}")
    print(f"peak memory: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6:.2f} GB")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
