"""Many arms from one list: each is a project of its own, mixed, tuned and answered by pinchtune.

`python -m bench.arms LIST.jsonl FOLDER --data D [--base M] [--workers N] [--seconds S]`: a line of
the list is {"name", "seed", "budget", "pinch": [ids]}; the arm is the pinch arm of a project whose
pool is just those examples (without any, its English arm). Stopped at any time, it goes on where it
was; answers and bits of a finished arm lie in FOLDER/done/NAME.json. Several processes share one
device, each takes the next arm that nobody has.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path
from time import monotonic
from typing import Any

from pinchtune.files import read_jsonl, write_json, write_jsonl, write_text
from pinchtune.records import Example
from pinchtune.stages.generate import generate
from pinchtune.stages.mix import mix
from pinchtune.stages.project import Project
from pinchtune.stages.train import train

TOML = """\
[model]
base = "{base}"
[data]
base = "{data}/base.jsonl"
evaluation = "{data}/evaluation.jsonl"
[languages]
tuned = {tuned}
unseen = {unseen}
[mix]
budget = {budget}
dose = {dose}
seed = {seed}
[train]
seed = {seed}
checkpoint_every = 0
validate_every = 0
device_tokens = {device_tokens}
[evaluate]
references = {references}
[generate]
batch_size = {batch_size}
max_new_tokens = {new_tokens}
"""


def write_project(arm: dict[str, Any], folder: Path, options: argparse.Namespace) -> Project:
    """Write the project of an arm."""
    pool = {str(r["id"]): r for _, r in read_jsonl(options.data / "pool.jsonl")}
    rows = [pool[i] for i in arm["pinch"]]
    tuned = list(dict.fromkeys(str(r["language"]) for r in rows))
    # A pool cannot be empty; of this one nothing is drawn.
    pinch = rows or [next(r for r in pool.values() if r["language"] != "en")]
    evaluated = {str(r["language"]) for _, r in read_jsonl(options.data / "evaluation.jsonl")}
    others = sorted(evaluated - {*tuned, "en"})
    values = {
        "base": options.base,
        "data": options.data.resolve(),
        "tuned": json.dumps(tuned or others[:1]),
        "unseen": json.dumps(others if tuned else others[1:]),
        "budget": arm["budget"],
        "dose": len(rows),
        "seed": arm["seed"],
        "device_tokens": options.device_tokens,
        "batch_size": options.batch_size,
        "new_tokens": options.new_tokens,
        "references": options.references,
    }
    write_text(folder / "pinch.toml", TOML.format(**values))
    write_jsonl(folder / "data" / "pinch.jsonl", pinch)
    return Project.open(folder)


def run_arm(arm: dict[str, Any], folder: Path, options: argparse.Namespace) -> None:
    """Mix, tune and answer one arm and keep what it answered."""
    start = monotonic()
    project = write_project(arm, folder / "work" / arm["name"], options)
    which = ["pinch"] if arm["pinch"] else ["english"]
    mix(project)
    train(project, which)
    tuned = monotonic()
    generate(project, which)
    answers = [r for _, r in read_jsonl(project.path("answers", which[0], "answers.jsonl"))]
    bits = [r for _, r in read_jsonl(project.path("answers", which[0], "bits.jsonl"))]
    losses = [
        r["train/loss"] for _, r in read_jsonl(project.path("arms", which[0], "metrics.jsonl"))
    ]
    seconds = [round(tuned - start, 1), round(monotonic() - tuned, 1)]
    result = {"arm": arm, "seconds": seconds, "losses": losses, "answers": answers, "bits": bits}
    write_json(folder / "done" / f"{arm['name']}.json", result)
    shutil.rmtree(project.folder)


def untaken(arms: list[dict[str, Any]], folder: Path) -> Iterator[dict[str, Any]]:
    """Yield the arms that no process has taken yet, and take them."""
    (folder / "taken").mkdir(parents=True, exist_ok=True)
    for arm in arms:
        if (folder / "done" / f"{arm['name']}.json").exists():
            continue
        try:
            os.close(os.open(folder / "taken" / arm["name"], os.O_CREAT | os.O_EXCL))
        except FileExistsError:
            continue
        yield arm


def work(options: argparse.Namespace) -> int:
    """Run arms until none is left or the time is over."""
    import torch

    torch.set_num_threads(options.threads)
    end = monotonic() + options.seconds
    arms = [row for _, row in read_jsonl(options.list)]
    for arm in untaken(arms, options.folder):
        if monotonic() > end:
            (options.folder / "taken" / arm["name"]).unlink()
            break
        try:
            run_arm(arm, options.folder, options)
            print(f"{arm['name']}: done", flush=True)
        except Exception:
            traceback.print_exc()
            print(f"{arm['name']}: failed", flush=True)
    return 0


def prepare(source: Path, folder: Path, prompts: int) -> None:
    """Write base, pool and evaluation of the experiments from the folder of public sets."""
    import random

    rows = {
        name: [r for _, r in read_jsonl(source / f"{name}.jsonl")]
        for name in ("english_train", "multilingual_train", "eval_prompts")
    }
    by_language: dict[str, list[dict[str, Any]]] = {}
    for row in rows["eval_prompts"]:
        by_language.setdefault(str(row["language"]), []).append(row)
    chosen = []
    for code in LANGUAGES:
        found = sorted(by_language[code], key=lambda r: str(r["id"]))
        random.Random(f"evaluation-{code}").shuffle(found)
        found.sort(key=lambda r: not r.get("response"))
        chosen += found[: prompts * (2 if code == "en" else 1)]
    write_jsonl(folder / "base.jsonl", rows["english_train"])
    write_jsonl(folder / "evaluation.jsonl", chosen)
    kept = [r for r in rows["multilingual_train"] if r["language"] in LANGUAGES]
    pool = {Example(r["instruction"], r["response"], r["language"]).id: r for r in kept}
    write_jsonl(folder / "pool.jsonl", ({**r, "id": k} for k, r in pool.items()))


LANGUAGES = (
    *("en", "es", "ru", "ja", "zh", "ar", "fr", "de", "it"),
    *("ko", "fi", "he", "hi", "sw", "cs", "th", "tr"),
)


def main() -> int:
    """Start the workers, or be one."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("list", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--base", default="gemma-3-270m")
    parser.add_argument("--workers", type=int, default=0)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=float("inf"))
    parser.add_argument("--device-tokens", type=int, default=2048)
    parser.add_argument("--batch-size", type=int, default=64)
    parser.add_argument("--new-tokens", type=int, default=128)
    parser.add_argument("--worker", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--prepare", type=Path, help="folder of public sets to make --data from")
    parser.add_argument("--prompts", type=int, default=64)
    parser.add_argument("--references", type=int, default=24)
    options = parser.parse_args()
    if options.prepare:
        prepare(options.prepare, options.data, options.prompts)
        return 0
    if options.worker:
        return work(options)
    # What a killed run had taken is nobody's now.
    shutil.rmtree(options.folder / "taken", ignore_errors=True)
    if not options.workers:
        return work(options)
    arguments = [*sys.argv[1:], "--worker"]
    place = arguments.index("--workers")
    command = [sys.executable, "-m", "bench.arms", *arguments[:place], *arguments[place + 2 :]]
    workers = [subprocess.Popen(command) for _ in range(options.workers)]
    return max(worker.wait() for worker in workers)


if __name__ == "__main__":
    raise SystemExit(main())
