"""Many requests at once: how fast, how many, and what the failure of one does to the others."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from time import monotonic
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")


class Pace:
    """Lets requests through at most so often a minute; 0 lets them through as they come."""

    def __init__(self, per_minute: float) -> None:
        self._gap = 60 / per_minute if per_minute else 0.0
        self._next = 0.0
        self._lock = threading.Lock()

    def seconds(self) -> float:
        """Take the next free moment, and return how far off it is."""
        with self._lock:
            now = monotonic()
            start = max(now, self._next)
            self._next = start + self._gap
            return start - now

    def hold(self, seconds: float) -> None:
        """Let nobody through for a while: what a server asks of one holds for all."""
        with self._lock:
            self._next = max(self._next, monotonic() + seconds)


def side_by_side(
    ask: Callable[[T], R],
    items: Sequence[T],
    workers: int,
    stop: Callable[[], None],
    tick: Callable[[R], object],
) -> list[R]:
    """Return `ask` of each item, in order; `tick` gets each result as soon as it is its turn.

    After a failure nothing new is begun; what is under way is waited for, since it is paid. The
    first failure is raised: others may only have been stopped by it.
    """
    from concurrent.futures import ThreadPoolExecutor

    results: list[R] = []
    failures: list[BaseException] = []

    def work(item: T) -> R:
        if failures:
            raise failures[0]
        try:
            return ask(item)
        except BaseException as error:
            failures.append(error)
            stop()
            raise

    pool = ThreadPoolExecutor(workers)
    try:
        for result in pool.map(work, items):
            results.append(result)
            tick(result)
    except BaseException as error:
        stop()
        if error in failures[1:]:
            raise failures[0] from None
        raise
    finally:
        pool.shutdown(cancel_futures=True)
    return results
