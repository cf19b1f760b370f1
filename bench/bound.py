"""What arithmetic allows: a measured rate of matrix products, and the work of a token.

Work is counted in floating-point operations, two to a multiply-add, from the shapes of the
weights. What is not a product of weights (attention between tokens, softmax, norms) is not
counted, nor is the price of memory: the bound is never too low, and usually out of reach.
"""

from __future__ import annotations

import json
from math import prod
from pathlib import Path
from time import perf_counter
from typing import Any, NamedTuple

from bench.common import Result, Task, measure
from bench.workload import RANK, Workload

SIZE = 2048
"""Edge of the square matrices that are multiplied."""
SECONDS = 3.0
"""How long each number format is timed."""


class Weights(NamedTuple):
    """Numbers of weights that multiply each token."""

    linear: int
    """In the linear layers of the decoder."""
    head: int
    """In the output layer."""
    adapters: int
    """In low-rank adapters on all linear layers."""


def main(task: Task) -> Result:
    """Measure the rates of products in operations per second, and count the weights."""
    work = Workload.load(task.workload)
    return {
        "bfloat16": product_rate("bfloat16"),
        "float32": product_rate("float32"),
        "weights": count_weights(read_shapes(Path(work.model)))._asdict(),
    }


def product_rate(dtype: str) -> float:
    """Return operations per second of the best of several products."""
    import torch

    kind = getattr(torch, dtype)
    a, b = torch.randn(SIZE, SIZE).to(kind), torch.randn(SIZE, SIZE).to(kind)
    a @ b
    best, end = float("inf"), perf_counter() + SECONDS
    while perf_counter() < end:
        start = perf_counter()
        a @ b
        best = min(best, perf_counter() - start)
    return round(2 * SIZE**3 / best)


def read_shapes(folder: Path) -> dict[str, list[int]]:
    """Return the shape of each tensor in a folder of safetensors, from the headers alone."""
    shapes: dict[str, list[int]] = {}
    for path in sorted(folder.glob("*.safetensors")):
        with path.open("rb") as file:
            length = int.from_bytes(file.read(8), "little")
            header: dict[str, Any] = json.loads(file.read(length))
        found = {name: facts["shape"] for name, facts in header.items() if name != "__metadata__"}
        shapes |= found
    return shapes


def count_weights(shapes: dict[str, list[int]], rank: int = RANK) -> Weights:
    """Return the weights that multiply each token; an output layer may be the embedding."""
    matrices = {name: shape for name, shape in shapes.items() if len(shape) == 2}
    outer = {n: s for n, s in matrices.items() if "embed_tokens" in n or "lm_head" in n}
    inner = [shape for name, shape in matrices.items() if name not in outer]
    head = next((s for n, s in outer.items() if "lm_head" in n), None)
    head = head or next(iter(outer.values()), [0])
    return Weights(sum(map(prod, inner)), prod(head), rank * sum(sum(s) for s in inner))


def tuning_work(weights: Weights, tokens: int, targets: int, method: str) -> float:
    """Return the operations of tuning on so many tokens, the output layer on targets alone.

    Forward and input gradient cost 2 operations a weight each, a weight gradient 2 more:
    of the adapters for LoRA, of everything for full tuning.
    """
    body, head = 2.0 * weights.linear * tokens, 2.0 * weights.head * targets
    if method == "full":
        return 3 * (body + head)
    return 2 * (body + head) + 3 * 2.0 * weights.adapters * tokens


def answering_work(weights: Weights, prompts: int, prompt_tokens: int, new_tokens: int) -> float:
    """Return the operations of answering: the output layer only where a token is chosen."""
    through = prompt_tokens + new_tokens - prompts
    return 2.0 * weights.linear * through + 2.0 * weights.head * new_tokens


def scoring_work(weights: Weights, tokens: int, targets: int) -> float:
    """Return the operations of scoring: forward only, the output layer on targets alone."""
    return 2.0 * weights.linear * tokens + 2.0 * weights.head * targets


def bound(tokens: int, work: float, rate: float) -> float:
    """Return the tokens per second that a rate of operations per second allows."""
    return tokens * rate / work if work else 0.0


if __name__ == "__main__":
    measure(main)
