"""How tuning's time and memory grow: with the tokens tuned on, and with the examples held.

    python -m bench.run --only growth [--long]

`tokens`: one pass over as many examples as hold so many tokens; seconds should be proportional
to them. `rows`: a dozen steps of a run over so many examples; the peak should stay.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import suppress
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any

from bench.common import WARMUP_STEPS, BenchError, Clock, Result, Task, measure
from bench.ours import make_trainer
from bench.workload import LONGEST, Workload

STEPS = 12
"""Steps of a run that measures the memory of many examples."""
PARTS = 4
"""Into how many parts a run's steps are cut, to see whether it slows down."""


class Enough(Exception):
    """Ends a run whose memory is known."""


def main(task: Task) -> Result:
    """Tune with LoRA on the wanted tokens or rows; seconds, tokens per second, megabytes."""
    work, options = Workload.load(task.workload), task.options
    rows, different = draw(work, options.get("tokens", 0), options.get("rows", 0))
    stop = STEPS if options.get("rows") else 0
    clock = Clock()

    def on_step(done: Any) -> None:
        clock.step(done.tokens, done.loss)
        if len(clock.ends) == stop:
            raise Enough

    with tempfile.TemporaryDirectory() as folder:
        trainer = make_trainer(work.base, rows, "lora", Path(folder))
        with suppress(Enough):
            trainer.run(on_step)
    figures = clock.result()
    figures.pop("losses")
    return {
        **figures,
        "examples": len(rows),
        "different_examples": different,
        "all_tokens": sum(len(row.encoded.ids) for row in rows),
        "rates": part_rates(clock),
    }


def draw(work: Workload, tokens: int, count: int) -> tuple[list[Any], int]:
    """Return tuning rows with so many tokens, or so many rows, and how many are different.

    When the data are used up they are taken again in another order.
    """
    from pinchtune.data.formats import read_examples
    from pinchtune.model.load import load_tokenizer
    from pinchtune.stages.train import encode_rows

    if not (tokens or count):
        raise BenchError("name the tokens or the rows to tune on")
    examples = [row.example for row in read_examples(work.english)]
    found = encode_rows(load_tokenizer(work.base), examples, LONGEST)[1]
    rows: list[Any] = []
    total = 0
    for row in _again_and_again(found):
        rows.append(row)
        total += len(row.encoded.ids)
        if (tokens and total >= tokens) or len(rows) == count:
            break
    return rows, min(len(rows), len(found))


def _again_and_again(rows: list[Any]) -> Iterator[Any]:
    rng = Random(0)
    while True:
        yield from rng.sample(rows, len(rows))


def part_rates(clock: Clock) -> list[float]:
    """Return the tokens per second of the first to the last quarter of the timed steps."""
    first, count = WARMUP_STEPS, len(clock.ends) - WARMUP_STEPS
    if count < PARTS:
        return []
    edges = [first + count * k // PARTS for k in range(PARTS + 1)]
    return [clock.rate(a, b - 1) for a, b in pairwise(edges)]


if __name__ == "__main__":
    measure(main)
