"""Freed memory stays with the process while a step runs: it asks for the same gigabytes again.

The C library hands large blocks back to the system at once and takes new ones, whose pages are
then cleared one by one. In full tuning of a small model with a large vocabulary that is a
quarter of the time. Kept for long, it falls to pieces that fit nothing, and more is taken: between
steps of an adapter it goes back. Only glibc is known to have the switches; elsewhere nothing is
changed.
"""

from __future__ import annotations

import ctypes
import platform

TRIM_THRESHOLD, MMAP_MAX = -1, -4
"""Names of the switches in malloc.h."""
NEVER = -1
"""Read as the largest size."""


def keep_freed_memory() -> bool:
    """Tell the allocator to keep what is freed; False where it cannot be told."""
    if platform.libc_ver()[0] != "glibc":
        return False
    mallopt = ctypes.CDLL(None).mallopt
    return bool(mallopt(MMAP_MAX, 0) and mallopt(TRIM_THRESHOLD, NEVER))


def return_freed_memory() -> bool:
    """Hand what is freed back to the system; False where there was nothing, or no way to."""
    return platform.libc_ver()[0] == "glibc" and bool(ctypes.CDLL(None).malloc_trim(0))
