"""The thread that owns the models: one token of each answer in turn, and models come and go.

One thread for all models: two would fight for the processors, and each would be slower than in
turn. A model that is dismissed stays until its answers are written.
"""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING

from pinchtune.errors import trace_of
from pinchtune.serving.errors import busy

if TYPE_CHECKING:
    from pinchtune.serving.batch import Batch
    from pinchtune.serving.jobs import Job

BUSY_SECONDS = 5
"""How long a client is asked to wait when the queue is full."""
_log = logging.getLogger("pinchtune.serving.engine")


class Engine:
    """Writes the answers of all batches that are handed to it; `queue` may wait for each."""

    def __init__(self, queue: int) -> None:
        self.queue = queue
        self._batches: list[Batch] = []
        self._wake = threading.Condition()
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="engine", daemon=True)
        self._thread.start()

    def submit(self, batch: Batch, job: Job) -> None:
        """Queue a job; ApiError 503 if too many wait already."""
        with self._wake:
            if self._closed or len(batch.waiting) >= self.queue:
                raise busy(BUSY_SECONDS)
            batch.waiting.append(job)
            if batch not in self._batches:
                self._batches.append(batch)
            self._wake.notify()

    def close(self) -> None:
        """End the thread; what is not written yet fails."""
        with self._wake:
            self._closed = True
            self._wake.notify()
        self._thread.join()

    def _run(self) -> None:
        while batches := self._next():
            for batch in batches:
                try:
                    batch.step()
                except Exception as error:
                    _log.error("a model failed, its answers end: %s", trace_of(error))
                    batch.fail()

    def _next(self) -> list[Batch]:
        """Return the batches with work, waiting for some; none when the engine closes."""
        with self._wake:
            while not self._closed:
                self._batches = [batch for batch in self._batches if batch.busy]
                if self._batches:
                    return list(self._batches)
                self._wake.wait()
            for batch in self._batches:
                batch.fail()
            return []
