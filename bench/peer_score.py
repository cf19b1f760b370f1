"""Measure scoring as it is usually done: a plain forward pass with the logits of every token."""

from __future__ import annotations

import math
from collections.abc import Sequence
from time import perf_counter
from typing import Any

import torch
from torch.nn import functional
from transformers import AutoModelForCausalLM

from bench.common import BenchError, Result, Task, measure
from bench.ours import score_result
from bench.peer_tune import pad_rows
from bench.workload import Reference, Workload


def main(task: Task) -> Result:
    """Score the references; real tokens, seconds, bits per byte, megabytes."""
    work, options = Workload.load(task.workload), task.options
    if not work.references:
        raise BenchError("the data hold no reference to score; leave the part out with --only")
    model = AutoModelForCausalLM.from_pretrained(
        work.model, dtype=getattr(torch, options["weights"])
    ).eval()
    rows = sorted(work.references, key=lambda r: len(r.ids))
    size = options["batch"]
    score_batch(model, rows[:2], work.pad)
    start = perf_counter()
    nats = sum(
        score_batch(model, rows[first : first + size], work.pad)
        for first in range(0, len(rows), size)
    )
    return score_result(work, nats / math.log(2), perf_counter() - start)


def score_batch(model: Any, rows: Sequence[Reference], pad: int) -> float:
    """Return the summed loss in nats of the targets of one batch [B, T].

    The cross-entropy takes a row at a time: whole batches in float32 would fill the memory.
    """
    batch = pad_rows([{"input_ids": r.ids, "labels": r.ids} for r in rows], pad)
    with torch.inference_mode():
        logits = model(
            input_ids=batch["input_ids"], attention_mask=batch["attention_mask"], use_cache=False
        ).logits
        total = 0.0
        for values, row in zip(logits, rows, strict=True):
            places = torch.tensor([i - 1 for i, target in enumerate(row.targets) if target])
            wanted = torch.tensor([t for t, target in zip(row.ids, row.targets) if target])
            losses = functional.cross_entropy(values[places].float(), wanted, reduction="sum")
            total += float(losses)
    return total


if __name__ == "__main__":
    measure(main)
