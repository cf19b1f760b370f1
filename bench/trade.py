"""The list of arms that ask what choosing does for one trade: office and commerce.

`python -m bench.trade SETS FOLDER [--seeds 2] [--draws 5] [--budget 400]` writes FOLDER/data and
FOLDER/list.jsonl for `python -m bench.arms FOLDER/list.jsonl FOLDER --data FOLDER/data`. SETS is
the folder of public sets (bench/README.md). The pool mixes the trade's examples with general ones;
the test is the trade's prompts and as many general ones. The ways: draws from the whole pool,
`facility` over the pool, `asked`: `facility` after the trade's English enquiries were mined, and
draws from the trade's examples alone.
"""

from __future__ import annotations

import argparse
import random
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from bench.choices import RANDOM, pick, write_project
from pinchtune.files import read_jsonl, write_jsonl
from pinchtune.stages.mine import mine
from pinchtune.stages.project import Project

Row = dict[str, Any]
TUNED, UNSEEN = ("es", "ru", "zh", "ar"), ("fr", "it", "ja", "ko", "pt")
DOSE = 40
LONGEST_PROMPT = 400
"""Characters, in every language."""
TRADE = re.compile(
    r"\b(business|compan(y|ies)|customers?|clients?|market(ing)?|sales|products?|e-?mails?|invoices?"
    r"|employees?|managers?|startup|brand|job|interview|resume|meetings?|shop|store|restaurant)\b",
    re.IGNORECASE,
)
"""What makes an English prompt one of the trade: declared before any arm was tuned."""


def by_prompt(rows: Sequence[Row]) -> dict[str, dict[str, Row]]:
    """Return the translations of each prompt by language."""
    found: dict[str, dict[str, Row]] = defaultdict(dict)
    for row in rows:
        if "OMGEval" in row["source"] and row.get("parallel_id"):
            found[row["parallel_id"]][row["language"]] = row
    return found


def pick_prompts(rows: Sequence[Row], english: dict[str, Row], trade: bool) -> list[str]:
    """Return the prompts that every tested language has, of the trade or not, in a fixed order."""
    found = []
    for name, versions in sorted(by_prompt(rows).items()):
        texts = [v["instruction"] for v in versions.values()] + [english[name]["instruction"]]
        whole = {*TUNED, *UNSEEN} <= set(versions) and max(map(len, texts)) <= LONGEST_PROMPT
        if whole and bool(TRADE.search(texts[-1])) == trade:
            found.append(name)
    random.Random("trade").shuffle(found)
    return found


def write_data(sets: Path, folder: Path) -> dict[str, bool]:
    """Write base, pool, evaluation and enquiries; return which example of the pool is of the trade.

    The evaluation keeps its `parallel_id`, `trade-…` for the trade's prompts.
    """
    rows = {
        name: [r for _, r in read_jsonl(sets / f"{name}.jsonl")]
        for name in ("english_train", "multilingual_train", "eval_prompts")
    }
    texts = rows["english_train"] + rows["eval_prompts"]
    english = {str(r.get("parallel_id")): r for r in texts if r["language"] == "en"}
    prompts = by_prompt(rows["eval_prompts"])
    asked = pick_prompts(rows["eval_prompts"], english, trade=True)
    general = pick_prompts(rows["eval_prompts"], english, trade=False)[: len(asked)]
    chosen = []
    for label, names in (("trade", asked), ("general", general)):
        for name in names:
            for language in ("en", *TUNED, *UNSEEN):
                row = english[name] if language == "en" else prompts[name][language]
                chosen.append({**row, "parallel_id": f"{label}-{name}"})
    write_jsonl(folder / "evaluation.jsonl", chosen)
    write_jsonl(folder / "base.jsonl", rows["english_train"])
    return _write_pool(by_prompt(rows["multilingual_train"]), english, folder)


def _write_pool(
    pool: dict[str, dict[str, Row]], english: dict[str, Row], folder: Path
) -> dict[str, bool]:
    from pinchtune.records import Example

    kept, enquiries = {}, []
    for name, versions in sorted(pool.items()):
        if name not in english:
            continue
        is_trade = bool(TRADE.search(english[name]["instruction"]))
        if is_trade:
            enquiries.append({"text": english[name]["instruction"]})
        for row in versions.values():
            if row["language"] in TUNED:
                example = Example(row["instruction"], row["response"], row["language"])
                kept[example.id] = {**row, "id": example.id, "trade": is_trade}
    write_jsonl(folder / "pool.jsonl", kept.values())
    write_jsonl(folder / "enquiries.jsonl", enquiries)
    return {name: bool(row["trade"]) for name, row in kept.items()}


def draw_trade(data: Path, trade: dict[str, bool], draw: int) -> list[str]:
    """Return a draw from the trade's examples, evenly over the languages."""
    by_language: dict[str, list[str]] = defaultdict(list)
    for _, row in read_jsonl(data / "pool.jsonl"):
        if trade[str(row["id"])]:
            by_language[str(row["language"])].append(str(row["id"]))
    each = DOSE // len(TUNED)
    draws = random.Random(f"trade-{draw}")
    return [i for code in TUNED for i in draws.sample(sorted(by_language[code]), each)]


def list_arms(ways: Sequence[tuple[str, int, list[str]]], seeds: int, budget: int) -> Iterator[Row]:
    """Yield the arms of each seed: English alone first, then the ways."""
    for seed in range(seeds):
        fixed = {"seed": seed, "budget": budget}
        yield {"name": f"english-s{seed}", **fixed, "pinch": []}
        for name, draw, ids in ways:
            label = f"sel-{name}{draw}-s{seed}"
            yield {"name": label, **fixed, "pinch": ids, "selector": name, "draw": draw}


def choose(folder: Path, data: Path, trade: dict[str, bool], draws: int) -> list[Any]:
    """Return the ways with what each takes; enquiries are mined last: they change the choice."""
    project = write_project(folder / "project", data, TUNED, UNSEEN)
    ways = [(RANDOM, draw, pick(project, RANDOM, draw)) for draw in range(draws)]
    ways += [("trade", draw, draw_trade(data, trade, draw)) for draw in range(2)]
    ways.append(("facility", 0, pick(project, "facility", 0)))
    mine(Project.open(project), [data / "enquiries.jsonl"])
    return [*ways, ("asked", 0, pick(project, "facility", 0))]


def main() -> int:
    """Write the data and the list."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sets", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--draws", type=int, default=5)
    parser.add_argument("--budget", type=int, default=400)
    options = parser.parse_args()
    data = (options.folder / "data").resolve()
    trade = write_data(options.sets, data)
    ways = choose(options.folder, data, trade, options.draws)
    for name, draw, ids in ways:
        print(f"{name}{draw}: {sum(trade[i] for i in ids)} of {len(ids)} of the trade")
    write_jsonl(options.folder / "list.jsonl", list_arms(ways, options.seeds, options.budget))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
