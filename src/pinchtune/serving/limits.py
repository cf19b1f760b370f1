"""How much one key may ask: requests in a minute, and at the same time."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic

from pinchtune.serving.errors import ApiError


class Limiter:
    """Counts what one key asks; 0 is no limit.

    A minute's requests can come at once, and flow back evenly.
    """

    def __init__(
        self, per_minute: int, at_once: int, clock: Callable[[], float] = monotonic
    ) -> None:
        self.per_minute, self.at_once, self.clock = per_minute, at_once, clock
        self.left, self.when, self.running = float(per_minute), clock(), 0

    @contextmanager
    def enter(self) -> Iterator[None]:
        """Count a request while the block runs; ApiError 429 if it is one too many."""
        if self.at_once and self.running >= self.at_once:
            message = f"this key has {self.at_once} requests running, which is its limit"
            raise ApiError(429, message, "too_many_at_once", retry_after=1)
        self._pay()
        self.running += 1
        try:
            yield
        finally:
            self.running -= 1

    def _pay(self) -> None:
        if not self.per_minute:
            return
        now = self.clock()
        rate = self.per_minute / 60
        self.left = min(self.per_minute, self.left + (now - self.when) * rate)
        self.when = now
        if self.left < 1:
            message = f"this key may send {self.per_minute} requests a minute"
            wait = math.ceil((1 - self.left) / rate)
            raise ApiError(429, message, "rate_limit_exceeded", retry_after=wait)
        self.left -= 1


class Limits:
    """The limiters of all keys."""

    def __init__(self, per_minute: int, at_once: int) -> None:
        self.per_minute, self.at_once = per_minute, at_once
        self._limiters: dict[str, Limiter] = {}

    def of(self, name: str) -> Limiter:
        """Return the limiter of a key."""
        if name not in self._limiters:
            self._limiters[name] = Limiter(self.per_minute, self.at_once)
        return self._limiters[name]
