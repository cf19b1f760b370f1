"""Which examples meet in which step.

Every epoch visits every example once. The pinch is spread evenly: a step holds the rounded-
down or rounded-up share of it, never a lump. Examples of like length meet, so that little is
padded; two examples never share a row, so nothing leaks between them. No torch here.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from typing import NamedTuple

POOL = 8
"""Steps whose examples are sorted together: like lengths meet, yet the order stays random."""


def even_share(total: int, parts: int, index: int) -> int:
    """Return how many of `total` things the `index`-th of `parts` equal parts holds."""
    return (index + 1) * total // parts - index * total // parts


def plan_epoch(
    lengths: Sequence[int], is_pinch: Sequence[bool], batch_size: int, seed: int, epoch: int
) -> list[list[int]]:
    """Return the steps of one epoch as lists of example indices, the same for the same seed."""
    rng = random.Random(f"{seed}-{epoch}")
    pinch = [i for i, p in enumerate(is_pinch) if p]
    rest = [i for i, p in enumerate(is_pinch) if not p]
    rng.shuffle(pinch)
    rng.shuffle(rest)
    count, doses = -(-len(lengths) // batch_size), len(pinch)
    steps: list[list[int]] = []
    for first in range(0, count, POOL):
        pool = range(first, min(first + POOL, count))
        pinch_sizes = [even_share(doses, count, k) for k in pool]
        rest_sizes = [even_share(len(lengths), count, k) - p for k, p in zip(pool, pinch_sizes)]
        order = rng.sample(range(len(pool)), len(pool))
        made: list[list[int]] = [[] for _ in pool]
        for rows, sizes in ((pinch, pinch_sizes), (rest, rest_sizes)):
            taken = sorted((rows.pop() for _ in range(sum(sizes))), key=lambda i: lengths[i])
            for k in order:
                made[k] += [taken.pop(0) for _ in range(sizes[k])]
        steps += made
    return steps


class Limits(NamedTuple):
    """The most that a micro-batch may hold."""

    rows: int
    tokens: int
    """Padded tokens; a longer row goes alone."""


def split_step(
    step: Sequence[int],
    lengths: Mapping[int, int],
    most: Limits,
    process: int = 0,
    processes: int = 1,
) -> list[list[int]]:
    """Return this process's micro-batches of like length; all processes get as many.

    An empty micro-batch keeps a process in step with the others.
    """
    ranked = sorted(step, key=lambda i: (lengths[i], i))
    shares = [_fill(ranked[p::processes], lengths, most) for p in range(processes)]
    idle = max(map(len, shares)) - len(shares[process])
    return shares[process] + [[] for _ in range(idle)]


def _fill(ranked: Sequence[int], lengths: Mapping[int, int], most: Limits) -> list[list[int]]:
    """Return rows, sorted by length, in as few micro-batches as `most` allows."""
    found: list[list[int]] = []
    for row in ranked:
        size = len(found[-1]) + 1 if found else 0
        if not found or size > most.rows or size * lengths[row] > most.tokens:
            found.append([])
        found[-1].append(row)
    return found
