"""The answers that one model is writing: they begin and end at any step.

Nothing here knows of threads or of clients: a job comes in, and its `tell` is called with each
piece of its text. The engine's thread calls `step`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING

import torch

from pinchtune.model.decode import next_of_like_length
from pinchtune.model.rows import moved

if TYPE_CHECKING:
    from pinchtune.model.decode import Decoder
    from pinchtune.model.pick import Draw
    from pinchtune.model.rows import Rows
    from pinchtune.serving.jobs import Job

PIECE = 512
"""Tokens of prompts that are read between two tokens of the answers that are being written."""
SPARE = 4
"""Free slots are given up when they are more than one in so many."""


class Batch:
    """Answers of one model; at most `slots` are written at the same time."""

    def __init__(self, decoder: Decoder, slots: int) -> None:
        self.decoder, self.slots = decoder, slots
        self.waiting: deque[Job] = deque()
        self._jobs: dict[int, Job] = {}
        self._rows: Rows | None = None
        self._keys = range(0)
        """Jobs whose prompts are being read."""
        self._entering: Iterator[Rows] = iter(())

    @property
    def busy(self) -> bool:
        """True if anything is to be done."""
        return bool(self.waiting or self._jobs)

    @torch.inference_mode()
    def step(self) -> None:
        """Read a piece of a prompt that enters, and write a token of each answer."""
        self._leave()
        self._enter()
        if self._rows is not None:
            self.decoder.step(
                self._rows, partial(self.decoder.picker.pick_each, draws=self._draws())
            )
            self._take(self._rows)

    def fail(self) -> None:
        """End everything: the model failed."""
        jobs = [*self._jobs.values(), *self.waiting]
        self._jobs.clear()
        self.waiting.clear()
        self._rows, self._keys = None, self._none()
        for job in jobs:
            job.fail()

    def _none(self) -> range:
        """Return no keys, and where the next ones begin."""
        return range(self._keys.stop, self._keys.stop)

    def _draws(self) -> list[Draw | None]:
        assert self._rows is not None
        return [None if key is None else self._jobs[key].draw for key in self._rows.index]

    def _take(self, rows: Rows) -> None:
        for slot, token in enumerate(rows.ids[:, -1].tolist()):
            if (key := rows.index[slot]) is not None:
                self._jobs[key].take(token, self.decoder.ends)

    def _leave(self) -> None:
        """Free the slots of jobs that have ended, and give up columns that nobody needs."""
        if any(job.ended for job in list(self.waiting)):
            # Other threads may add a job meanwhile: it is not lost, at worst before its turn.
            for _ in range(len(self.waiting)):
                if not (job := self.waiting.popleft()).ended:
                    self.waiting.append(job)
        for key in [key for key, job in self._jobs.items() if job.ended]:
            del self._jobs[key]
        rows = self._rows
        if rows is None:
            return
        rows.index = [key if key in self._jobs else None for key in rows.index]
        free, busy = len(rows.slots(free=True)), len(rows.slots(free=False))
        if not busy:
            self._rows = None
        elif rows.is_full() or (free * SPARE > len(rows.index) and not self.waiting):
            self._rows = moved(rows, busy)

    def _enter(self) -> None:
        """Read on in the prompts that enter; once they are read, put them beside the others."""
        if not any(key in self._jobs for key in self._keys):
            self._begin()
        if self._keys:
            rows = next(self._entering)
            if rows.end == rows.ids.shape[1] - 1:
                self._join(rows)
                self._keys = self._none()

    def _begin(self) -> None:
        """Take the next jobs out of the queue, as many as there are slots."""
        self._keys = self._none()
        room = self.slots - len(self._jobs)
        if not self.waiting or room < 1:
            return
        prompts = [job.ids for job in list(self.waiting)[:room]]
        count = len(next_of_like_length(prompts, deque(range(len(prompts))), room))
        self._keys = range(self._keys.stop, self._keys.stop + count)
        self._jobs |= {key: self.waiting.popleft() for key in self._keys}
        self._entering = self.decoder.enter(self._keys, prompts[:count], max(1, PIECE // count))

    def _join(self, new: Rows) -> None:
        """Put rows whose prompts are read into the cache of the others."""
        new.index = [key if key in self._jobs else None for key in new.index]
        if self._rows is None:
            self._rows = moved(new, len(new.slots(free=False)))
            return
        rows, count = self._rows, len(new.index)
        free = rows.slots(free=True)
        if len(free) < count or new.end > rows.end:
            busy = len(rows.index) - len(free)
            rows = moved(rows, busy + max(count, len(free)), new.end)
        rows.place(rows.slots(free=True)[:count], new)
        self._rows = rows
