"""Make the three projects of this experiment from folders of public data.

    python prepare.py DATA FOLDER

DATA holds english_train.jsonl, pinch_pool.jsonl and eval_prompts.jsonl in pinchtune's own row
shape (the results page names the public sets that they are made from). Each project draws its
own 800 English examples and its own 40 examples of the pinch, by its seed.
"""

from __future__ import annotations

import json
import sys
from collections import Counter, defaultdict
from pathlib import Path

TUNED = ("es", "ru", "ja", "hi")
UNSEEN = ("fr", "zh", "ar", "fi", "ko", "tr", "et", "sw", "he")
SEEDS = (0, 1, 2)
PROMPTS = 40
LONGEST_BASE, LONGEST_PINCH = 700, 1200
"""Characters of instruction and response; longer examples are left out to save time."""
LONGEST_REFERENCE = 800
CONFIG = """\
name = "pinch-270m seed {seed}"
[languages]
tuned = {tuned}
unseen = {unseen}
[mix]
budget = 800
dose = 40
seed = {seed}
[train]
seed = {seed}
validate_every = 0
learning_rate = 5e-4
epochs = 1
batch_size = 8
[generate]
max_new_tokens = 64
batch_size = 40
"""


def rows(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def write(path: Path, found: list[dict]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(r, ensure_ascii=False) + "\n" for r in found), "utf-8")


def short(row: dict, limit: int) -> bool:
    return len(row["instruction"]) + len(row["response"]) <= limit


def pick_prompts(found: list[dict], languages: tuple[str, ...]) -> list[dict]:
    """Return 40 prompts a language: those that most languages share come first."""
    spread = Counter(row.get("parallel_id") for row in found if row["language"] in languages)
    by_language = defaultdict(list)
    for row in found:
        if len(row["instruction"]) > 300:
            continue
        if row["response"] and len(row["response"]) > LONGEST_REFERENCE:
            continue
        by_language[row["language"]].append(row)
    picked = []
    for code in languages:
        # References first: they can be judged; then the prompts that most languages share.
        ranked = sorted(
            by_language[code],
            key=lambda r: (r["response"] is None, -spread[r.get("parallel_id")], r["id"]),
        )
        picked += ranked[:PROMPTS]
    return picked


def main(data: Path, folder: Path) -> None:
    base = [r for r in rows(data / "english_train.jsonl") if short(r, LONGEST_BASE)]
    pool = rows(data / "pinch_pool.jsonl")
    pool = [r for r in pool if r["language"] in TUNED and short(r, LONGEST_PINCH)]
    prompts = pick_prompts(rows(data / "eval_prompts.jsonl"), ("en", *TUNED, *UNSEEN))
    for seed in SEEDS:
        project = folder / f"seed{seed}"
        for name, found in (("base", base), ("pinch", pool), ("evaluation", prompts)):
            write(project / "data" / f"{name}.jsonl", found)
        text = CONFIG.format(seed=seed, tuned=list(TUNED), unseen=list(UNSEEN))
        (project / "pinch.toml").write_text(text.replace("'", '"'), "utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
