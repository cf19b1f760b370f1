from __future__ import annotations

import ctypes
import gc
import multiprocessing
import os
import platform
import resource
import weakref

import psutil
import pytest

from pinchtune.training.heap import (
    Tidier,
    held_memory,
    keep_freed_memory,
    release_memory,
    return_freed_memory,
)

PAGES = 64 * 1024 * 1024 // os.sysconf("SC_PAGE_SIZE")


def faults_of_second_use(keeps):
    """Return the page faults of taking 64 MiB a second time."""
    if keeps:
        assert keep_freed_memory()
    libc = ctypes.CDLL(None)
    libc.malloc.restype, libc.malloc.argtypes = ctypes.c_void_p, [ctypes.c_size_t]
    libc.free.argtypes = [ctypes.c_void_p]
    before = 0
    for _ in range(2):
        before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
        block = libc.malloc(64 * 1024 * 1024)
        ctypes.memset(block, 1, 64 * 1024 * 1024)
        libc.free(block)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="a switch of glibc")
def test_memory_taken_again_is_not_cleared_again():
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        assert pool.apply(faults_of_second_use, (True,)) < PAGES // 10


def resident_after_returning(block: int) -> tuple[int, int]:
    """Return the resident bytes before and after what lies below a used block is handed back."""
    assert keep_freed_memory()
    libc = ctypes.CDLL(None)
    libc.malloc.restype, libc.malloc.argtypes = ctypes.c_void_p, [ctypes.c_size_t]
    libc.free.argtypes = [ctypes.c_void_p]
    below, above = libc.malloc(block), libc.malloc(4096)
    ctypes.memset(below, 1, block)
    libc.free(below)
    before = psutil.Process().memory_info().rss
    assert return_freed_memory()
    after = psutil.Process().memory_info().rss
    libc.free(above)
    return before, after


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="a switch of glibc")
def test_freed_memory_is_handed_back():
    block = 64 * 1024 * 1024
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        before, after = pool.apply(resident_after_returning, (block,))
    assert before - after > block * 0.9


def test_other_libraries_are_left_alone(monkeypatch):
    monkeypatch.setattr(platform, "libc_ver", lambda: ("", ""))
    assert not keep_freed_memory()
    assert not return_freed_memory()


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="reads /proc")
def test_held_memory_is_what_the_system_says():
    assert held_memory() == pytest.approx(psutil.Process().memory_info().rss, rel=0.05)


def test_memory_goes_back_when_it_has_grown_past_what_a_step_needs():
    held = [100, 110, 111, 104, 114, 115, 90, 113]
    given_back = []
    reading = iter(held)
    tidier = Tidier(lambda: next(reading), lambda: given_back.append(True) or True)
    assert len(given_back) == 1, "what was freed before the first step"
    counts, needed = [], []
    for _ in held:
        tidier.tidy()
        counts.append(len(given_back))
        needed.append(tidier.needed)
    # 111 is over 110; the fresh step after it needed 104, so the next limit is 114.4.
    assert counts == [1, 1, 2, 2, 2, 3, 3, 3]
    assert needed == [100, 100, 100, 104, 104, 104, 104, 104]


class Ring:
    """Refers to itself, as a model does."""

    def __init__(self) -> None:
        self.self = self


def test_what_refers_to_itself_is_let_go():
    gc.disable()
    try:
        watched = weakref.ref(Ring())
        assert watched()
        release_memory()
        assert not watched()
    finally:
        gc.enable()
