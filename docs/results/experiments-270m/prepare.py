"""Make the project of these experiments from a folder of public data.

    python prepare.py DATA FOLDER

DATA holds english_train.jsonl, multilingual_train.jsonl and eval_prompts.jsonl in pinchtune's own
row shape (the results page names the public sets that they are made from). FOLDER becomes a
project with the pinch.toml beside this script.
"""

from __future__ import annotations

import json
import shutil
import sys
from collections import Counter, defaultdict
from pathlib import Path

from pinchtune.evaluation.cost import estimate_tokens

HERE = Path(__file__).parent
LANGUAGES = ("en", "es", "ru", "ja", "zh", "fi", "sw", "fr", "ar", "ko", "it", "he", "hi")
POOL = ("es", "ru", "ja", "zh", "fi", "sw", "fr", "he")
PROMPTS = 40
LONGEST = 300
"""Tokens of instruction and response, about; longer examples are left out to save time."""
LONGEST_PROMPT, LONGEST_REFERENCE = 300, 800
"""Characters."""


def rows(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def write(path: Path, found: list[dict]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(r, ensure_ascii=False) + "\n" for r in found), "utf-8")


def is_short(row: dict) -> bool:
    return estimate_tokens(row["instruction"] + row["response"]) <= LONGEST


def pick_prompts(found: list[dict]) -> list[dict]:
    """Return the prompts of each language: with a reference first, then those most share."""
    spread = Counter(row.get("parallel_id") for row in found if row["language"] in LANGUAGES)
    by_language = defaultdict(list)
    for row in found:
        long = row["response"] and len(row["response"]) > LONGEST_REFERENCE
        if len(row["instruction"]) <= LONGEST_PROMPT and not long:
            by_language[row["language"]].append(row)
    picked = []
    for code in LANGUAGES:
        ranked = sorted(
            by_language[code],
            key=lambda r: (r["response"] is None, -spread[r.get("parallel_id")], r["id"]),
        )
        picked += ranked[:PROMPTS]
    return picked


def main(data: Path, folder: Path) -> None:
    whole = rows(data / "english_train.jsonl")
    base = [r for r in whole if is_short(r)]
    pool = rows(data / "multilingual_train.jsonl")
    pool = [r for r in pool if r["language"] in POOL and is_short(r)]
    prompts = pick_prompts(rows(data / "eval_prompts.jsonl"))
    files = {"base": base, "whole": whole, "pinch": pool, "evaluation": prompts}
    for name, found in files.items():
        write(folder / "data" / f"{name}.jsonl", found)
        print(name, len(found), dict(Counter(r["language"] for r in found)))
    shutil.copyfile(HERE / "pinch.toml", folder / "pinch.toml")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
