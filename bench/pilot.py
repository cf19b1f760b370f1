"""Run a whole dose-0/40 pilot on thousands of long examples, to see that 8 GB suffice.

    python -m bench.pilot DATA [FOLDER] [--longest N]

DATA holds english_train.jsonl, pinch_pool.jsonl and eval_prompts.jsonl, as for bench/run.py.
FOLDER (default .bench/pilot) becomes a project of 5,000 English examples of up to 1,024 tokens,
40 of them replaced in the second arm. It takes hours on two cores; after a stop the same command
goes on. Each part of the way adds its seconds and its peak memory to FOLDER/parts.jsonl.
With --longest only the N longest examples are tuned on: the most that is ever held, in minutes.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
from collections import defaultdict
from pathlib import Path
from time import perf_counter
from typing import Any

from bench.common import HOME, peak_megabytes, say
from bench.demo import PINCH, stage_seconds

TUNED, UNSEEN = ("es", "ru", "ja", "hi"), ("fr", "zh", "ar", "fi")
BUDGET = 5000
"""English examples."""
PROMPTS = 24
"""Evaluation prompts a language."""
LONGEST_PROMPT, LONGEST_REFERENCE = 300, 800
"""Characters; longer ones are left out of the evaluation."""
CONFIG = """\
name = "pilot of 5,000 long examples"
[languages]
tuned = ["es", "ru", "ja", "hi"]
unseen = ["fr", "zh", "ar", "fi"]
[mix]
budget = {budget}
dose = 40
[train]
max_length = 1024
learning_rate = 5e-4
validate_every = 0
[generate]
max_new_tokens = 64
"""


def main(data: Path, folder: Path, longest: int = 0) -> int:
    """Make the project if it is not there, run it, note what it took; the exit code."""
    if not (folder / "pinch.toml").is_file():
        make_project(data, folder, longest)
    start = perf_counter()
    status = subprocess.run([*PINCH, "run", "-p", str(folder)]).returncode
    part: dict[str, Any] = {
        "seconds": round(perf_counter() - start, 1),
        "peak_mb": peak_megabytes(resource.RUSAGE_CHILDREN),
        "status": status,
        "stages": stage_seconds(folder / "runs"),
    }
    with (folder / "parts.jsonl").open("a", encoding="utf-8") as lines:
        lines.write(json.dumps(part) + "\n")
    say(f"{part['seconds']:.0f} s, peak {part['peak_mb'] / 1000:.2f} GB, exit code {status}")
    return status


def make_project(data: Path, folder: Path, longest: int = 0) -> None:
    """Write the project's data and, last, its pinch.toml."""
    base = read(data / "english_train.jsonl")
    if longest:
        base = sorted(base, key=lambda r: -len(r["instruction"] + r["response"]))[:longest]
    pool = [row for row in read(data / "pinch_pool.jsonl") if row["language"] in TUNED]
    write(folder / "data" / "base.jsonl", base)
    write(folder / "data" / "pinch.jsonl", pool)
    write(folder / "data" / "evaluation.jsonl", pick_prompts(read(data / "eval_prompts.jsonl")))
    (folder / "pinch.toml").write_text(CONFIG.format(budget=longest or BUDGET), "utf-8")


def pick_prompts(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return short prompts of each language, those with a reference first."""
    by_language = defaultdict(list)
    for row in rows:
        answer = row["response"] or ""
        if len(row["instruction"]) <= LONGEST_PROMPT and len(answer) <= LONGEST_REFERENCE:
            by_language[row["language"]].append(row)
    picked = []
    for language in ("en", *TUNED, *UNSEEN):
        found = sorted(by_language[language], key=lambda r: (r["response"] is None, r["id"]))
        picked += found[:PROMPTS]
    return picked


def read(path: Path) -> list[dict[str, Any]]:
    """Return the rows of a JSON lines file."""
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def write(path: Path, rows: list[dict[str, Any]]) -> None:
    """Write rows as a JSON lines file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = (json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    path.write_text("".join(lines), "utf-8")


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("data", type=Path)
    parser.add_argument("folder", type=Path, nargs="?", default=HOME / "pilot")
    parser.add_argument("--longest", type=int, default=0)
    given = parser.parse_args()
    sys.exit(main(given.data, given.folder, given.longest))
