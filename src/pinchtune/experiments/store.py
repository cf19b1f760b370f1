"""The folder of experiments: what is kept of an arm, and where.

arms/ID/        a project of one arm while it is worked on; its weights go when it has answered
answers/ID.json what it answered, to be scored again without a model
scores/ID.json  its scores by prompt, small enough to be kept in a repository
timings/ID.json how long it took: what estimates rest on
failed/ID.json  why an arm has failed
lock            held by whoever works in the folder
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep
from typing import Any

from pinchtune.errors import UsageError
from pinchtune.files import name_write_errors, read_json

NAME = "experiments"
LOCK_SECONDS = 5.0
"""How long the workers of a killed run may take to notice."""
Json = dict[str, Any]


@dataclass(frozen=True)
class Store:
    """The folder of experiments of a project."""

    folder: Path

    def arm(self, tuning_id: str) -> Path:
        """Return the project folder of an arm that is worked on."""
        return self.folder / "arms" / tuning_id

    def file(self, kind: str, name: str) -> Path:
        """Return the path of what is kept: `answers`, `scores`, `timings`, `failed`."""
        return self.folder / kind / f"{name}.json"

    def read(self, kind: str, name: str, key: str = "") -> Json | None:
        """Return what is kept; None if there is nothing, or if it was made from another key."""
        path = self.file(kind, name)
        if not path.is_file():
            return None
        found = read_json(path)
        fits = isinstance(found, dict) and (not key or found.get("key") == key)
        return found if fits else None

    def each(self, kind: str) -> Iterator[Json]:
        """Yield everything of a kind, in the order of the names."""
        for path in sorted((self.folder / kind).glob("*.json")):
            yield read_json(path)

    @contextmanager
    def locked(self) -> Iterator[int]:
        """Hold the folder for this run and its workers; UsageError while another one works."""
        import fcntl

        with name_write_errors(self.folder):
            self.folder.mkdir(parents=True, exist_ok=True)
            handle = os.open(self.folder / "lock", os.O_CREAT | os.O_RDWR, 0o644)
        end = monotonic() + LOCK_SECONDS
        try:
            while True:
                try:
                    fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError as error:
                    if monotonic() > end:
                        raise UsageError(
                            f"{self.folder}: another `pinch experiment run` works here; wait for "
                            "it, or stop it"
                        ) from error
                    sleep(0.1)
            yield handle
        finally:
            os.close(handle)
