"""Lanes: order, threads, and what comes back when one of them fails."""

from __future__ import annotations

import threading

import pytest
import torch

from pinchtune.model.lanes import Lanes


@pytest.fixture
def four_threads():
    before = torch.get_num_threads()
    torch.set_num_threads(4)
    yield
    torch.set_num_threads(before)


def test_each_lane_has_its_share_and_the_rest_comes_back(four_threads):
    lanes, meet = Lanes(), threading.Barrier(2, timeout=20)

    def work(number: int) -> tuple[int, int]:
        meet.wait()  # nobody gets past it unless both are at work
        return number, torch.get_num_threads()

    assert lanes.count == 2
    assert lanes.map(work, [7, 5, 3, 1]) == [(7, 2), (5, 2), (3, 2), (1, 2)]
    assert torch.get_num_threads() == 4


def test_one_alone_gets_all_threads(four_threads):
    lanes = Lanes()
    assert lanes.map(lambda _: torch.get_num_threads(), [0]) == [4]
    assert lanes.map(lambda _: torch.get_num_threads(), []) == []


@pytest.mark.parametrize(("threads", "wanted"), [(4, False), (1, True), (3, True)])
def test_where_threads_cannot_be_shared_out_there_is_one_lane(four_threads, threads, wanted):
    torch.set_num_threads(threads)
    lanes = Lanes(wanted)
    names = lanes.map(lambda _: (threading.current_thread().name, torch.get_num_threads()), [1, 2])
    assert lanes.count == 1
    assert names == [(threading.current_thread().name, threads)] * 2


def test_what_fails_is_raised_and_the_threads_come_back(four_threads):
    lanes = Lanes()
    with pytest.raises(ZeroDivisionError):
        lanes.map(lambda n: 1 // n, [1, 0])
    assert torch.get_num_threads() == 4
    assert lanes.map(lambda n: 1 // n, [1, 1]) == [1, 1]
