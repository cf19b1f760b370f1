"""Imports everything, says `go`, and judges the answers of a project once.

Arguments: the project's folder, and the address of the judge.
"""

from __future__ import annotations

import sys
from pathlib import Path

import httpx  # noqa: F401

from answered import open_answered
from pinchtune.stages.evaluate import evaluate

if __name__ == "__main__":
    folder, address = sys.argv[1:]
    print("go", flush=True)
    evaluate(open_answered(Path(folder), address, "judge.concurrency=4"))
