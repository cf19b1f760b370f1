"""Freed memory stays with the process while a step runs: it asks for the same gigabytes again.

The C library hands large blocks back to the system at once and takes new ones, whose pages are
then cleared one by one. In full tuning of a small model with a large vocabulary that is a
quarter of the time. Kept for long, it falls to pieces that fit nothing, and more is taken: it goes
back when the process holds a tenth more than one step has needed. Only glibc is known to have the
switches; elsewhere nothing is changed.
"""

from __future__ import annotations

import ctypes
import gc
import os
import platform
from collections.abc import Callable
from pathlib import Path

TRIM_THRESHOLD, MMAP_MAX, ARENA_MAX = -1, -4, -8
"""Names of the switches in malloc.h."""
NEVER = -1
"""Read as the largest size."""
SLACK = 1.1
"""How much more than one step has needed may be held."""


def keep_freed_memory() -> bool:
    """Tell the allocator to keep what is freed; False where it cannot be told."""
    if platform.libc_ver()[0] != "glibc":
        return False
    mallopt = ctypes.CDLL(None).mallopt
    # Threads beside each other take from one heap: each with its own would hold its own peak.
    one_heap = mallopt(ARENA_MAX, 1)
    return bool(one_heap and mallopt(MMAP_MAX, 0) and mallopt(TRIM_THRESHOLD, NEVER))


def return_freed_memory() -> bool:
    """Hand what is freed back to the system; False where there was nothing, or no way to."""
    return platform.libc_ver()[0] == "glibc" and bool(ctypes.CDLL(None).malloc_trim(0))


def release_memory() -> None:
    """Hand back what finished work held: models refer to themselves and outlive their last use."""
    gc.collect()
    return_freed_memory()


def held_memory() -> int:
    """Return the bytes of this process that are in memory."""
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


class Tidier:
    """Hands freed memory back between steps, but only once it has fallen to pieces."""

    def __init__(
        self,
        held: Callable[[], int] = held_memory,
        give_back: Callable[[], bool] = return_freed_memory,
    ) -> None:
        self.held, self.give_back = held, give_back
        self.needed = 0
        """The most that was held after a step that began with nothing freed."""
        self.is_fresh = True
        self.give_back()

    def tidy(self) -> None:
        """Look at what is held after a step, and give back what is too much."""
        held = self.held()
        if self.is_fresh:
            self.needed = max(self.needed, held)
        self.is_fresh = held > SLACK * self.needed
        if self.is_fresh:
            self.give_back()
