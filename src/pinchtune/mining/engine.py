"""Where the work of mining is done: in this process, or on the workers of a Ray cluster.

What a piece of work gives follows from the piece alone, and results come in the order of the
pieces: every engine writes the same bytes.
"""

from __future__ import annotations

import logging
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from itertools import cycle
from typing import Any, Protocol, TypeVar

import numpy as np

from pinchtune.errors import MissingExtra, UsageError
from pinchtune.mining.chunk import mine_chunk
from pinchtune.mining.enquiries import Enquiry, Unread
from pinchtune.mining.listening import Listener
from pinchtune.model.embed import Embedder, embed_by_length, load_embedder

Piece = TypeVar("Piece")
Result = TypeVar("Result")
ONE, RAY = ENGINES = ("one", "ray")
AHEAD = 3
"""Pieces a worker that are read before their results are taken."""


class Engine(Protocol):
    """What does work piece by piece."""

    def map(self, work: Callable[[Piece], Result], pieces: Iterable[Piece]) -> Iterator[Result]:
        """Yield the results in the order of the pieces; pieces are read as they are needed."""
        ...


class OneProcess:
    """Does the work here."""

    def map(self, work: Callable[[Piece], Result], pieces: Iterable[Piece]) -> Iterator[Result]:
        """Yield the results in the order of the pieces."""
        return map(work, pieces)


class RayWorkers:
    """Does the work on workers of Ray, each with one core."""

    def __init__(self, ray: Any, workers: int) -> None:
        remote = ray.remote(num_cpus=1)(Worker)
        self.ray, self.workers = ray, [remote.remote() for _ in range(workers)]

    def map(self, work: Callable[[Piece], Result], pieces: Iterable[Piece]) -> Iterator[Result]:
        """Yield the results in the order of the pieces."""
        stored = self.ray.put(work)
        waiting: deque[Any] = deque()
        for piece, worker in zip(pieces, cycle(self.workers), strict=False):
            waiting.append(worker.run.remote(stored.hex(), stored, piece))
            if len(waiting) >= AHEAD * len(self.workers):
                yield self.ray.get(waiting.popleft())
        while waiting:
            yield self.ray.get(waiting.popleft())


class Worker:
    """One worker of Ray; what its work loads stays loaded."""

    def __init__(self) -> None:
        self.works: dict[str, Callable[[Any], Any]] = {}

    def run(self, key: str, work: Callable[[Any], Any], piece: Any) -> Any:
        """Return the result of a piece; a work of the same key is the one that came first."""
        return self.works.setdefault(key, work)(piece)


@contextmanager
def open_engine(name: str = ONE, address: str = "", workers: int = 0) -> Iterator[Engine]:
    """Yield an engine; `ray` starts workers here, or uses the cluster at `address`.

    `workers` 0 takes as many as there are cores. UsageError for a name that is none, or a cluster
    that does not answer.
    """
    if name not in ENGINES:
        raise UsageError(f"engine {name!r} is not known; use one of {', '.join(ENGINES)}")
    if name == ONE:
        if address or workers:
            raise UsageError("an address and workers are for the engine ray; add --engine ray")
        yield OneProcess()
        return
    ray = start_ray(address)
    try:
        cores = int(ray.cluster_resources().get("CPU", 1))
        yield RayWorkers(ray, count_workers(workers, cores, address))
    finally:
        ray.shutdown()


def count_workers(wanted: int, cores: int, address: str = "") -> int:
    """Return how many workers are started; UsageError for more than there are cores.

    One that finds no core would be waited for for ever.
    """
    if wanted > cores:
        where = "the cluster" if address else "this machine"
        raise UsageError(f"{where} has {cores} cores; ask for at most as many workers")
    return wanted or cores


def start_ray(address: str) -> Any:
    """Return Ray, connected to the cluster at `address`, or to one of its own; UsageError."""
    # Read when Ray is imported: it would tell its makers of every start.
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    try:
        import ray
    except ImportError as error:
        raise MissingExtra("ray", "ray") from error
    own: dict[str, Any] = {"_node_ip_address": "127.0.0.1", "include_dashboard": False}
    try:
        ray.init(
            address=address or "local",
            # Its own cluster is for this machine alone.
            **({} if address else own),
            log_to_driver=False,
            logging_level=logging.ERROR,
        )
    except (ConnectionError, ValueError, RuntimeError) as error:
        where = address or "this machine"
        raise UsageError(f"Ray does not start at {where} ({error}); check --address") from error
    return ray


class ReadChunk:
    """From the records of a chunk to its rows; the identifier is loaded where it is used."""

    def __init__(self, languages: Sequence[str]) -> None:
        self.languages = tuple(languages)

    def __reduce__(self) -> tuple[Any, ...]:
        return ReadChunk, (self.languages,)

    @cached_property
    def listener(self) -> Listener:
        """The identifier of languages."""
        return Listener(self.languages)

    def __call__(self, found: Sequence[Enquiry | Unread]) -> dict[str, Any]:
        """Return what the chunk becomes."""
        return mine_chunk(found, self.listener)


class EmbedTexts:
    """From texts to their embeddings in half precision; the model is loaded where it is used."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __reduce__(self) -> tuple[Any, ...]:
        return EmbedTexts, (self.name,)

    @cached_property
    def embedder(self) -> Embedder:
        """The model; UsageError if it is not installed."""
        return load_embedder(self.name)

    def __call__(self, texts: Sequence[str]) -> np.ndarray[Any, np.dtype[np.float16]]:
        """Return [N, D]."""
        return embed_by_length(self.embedder, texts).astype(np.float16)
