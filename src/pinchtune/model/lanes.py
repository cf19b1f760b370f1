"""Work done beside each other on a CPU: two lanes, each with half of the threads.

A product of matrices that two cores share ends when the slower one does, and the small steps
between the products hardly use the second core. Two products beside each other wait for nothing.
One lane, which does one thing after the other, is the slow twin.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import torch

LANES = 2
"""Lanes where the threads can be shared out among them; more have not been measured."""

Item = TypeVar("Item")
Result = TypeVar("Result")


class Lanes:
    """Threads that each do whole pieces of work, with their share of the processor."""

    def __init__(self, wanted: bool = True) -> None:
        self._threads = torch.get_num_threads()
        self.count = LANES if wanted and self._threads % LANES == 0 else 1
        """How many pieces of work are done at a time."""
        self._each = self._threads // self.count
        self._pool = ThreadPoolExecutor(self.count, "lane", torch.set_num_threads, (self._each,))

    def map(self, work: Callable[[Item], Result], items: Sequence[Item]) -> list[Result]:
        """Return what `work` makes of each item, in their order; one alone gets all threads."""
        if self.count == 1 or len(items) == 1:
            return [work(item) for item in items]
        # A part of this setting is the whole process's, so this thread keeps to it meanwhile.
        torch.set_num_threads(self._each)
        try:
            return list(self._pool.map(work, items))
        finally:
            torch.set_num_threads(self._threads)
