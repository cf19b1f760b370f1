"""Judges the answers of a project once. Arguments: its folder, and the address of the judge."""

from __future__ import annotations

import sys
from pathlib import Path

from answered import open_answered
from pinchtune.stages.evaluate import evaluate

if __name__ == "__main__":
    folder, address = sys.argv[1:]
    evaluate(open_answered(Path(folder), address, "judge.concurrency=4"))
