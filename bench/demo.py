"""Time the whole demo after installation: unpacking, mixing, two arms, answers, the page."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path
from time import perf_counter

from bench.common import BenchError, Result, Task, measure, peak_megabytes

PINCH = (sys.executable, "-m", "pinchtune.cli")


def main(task: Task) -> Result:
    """Run `pinch init` and `pinch run` in a new folder with an empty cache; seconds."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "demo"
        environment = {**os.environ, "PINCH_CACHE": str(Path(name) / "cache")}
        start = perf_counter()
        for words in (["init", str(folder)], ["run", "-p", str(folder)]):
            done = subprocess.run([*PINCH, *words], env=environment, stdout=sys.stderr)
            if done.returncode:
                raise BenchError(f"`pinch {words[0]}` failed with exit code {done.returncode}")
        seconds = perf_counter() - start
        stages = stage_seconds(folder / "runs")
    peak = peak_megabytes(resource.RUSAGE_CHILDREN)
    return {"seconds": round(seconds, 1), "stages": stages, "peak_mb": peak}


def stage_seconds(runs: Path) -> dict[str, float]:
    """Return the seconds that each stage noted, by its folder."""
    found = {}
    for path in sorted(runs.rglob("timings.json")):
        values = json.loads(path.read_text("utf-8"))
        if "seconds" in values:
            found[path.parent.relative_to(runs).as_posix()] = round(values["seconds"], 1)
    return found


if __name__ == "__main__":
    measure(main)
