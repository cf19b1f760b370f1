"""Measurements that are done: one JSON line each, on the disk when a measurement ends.

A line is used again as long as nothing that it depends on has changed: workload, options,
pinchtune's source or the peers' versions, number of threads, round.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.common import ROOT, SCHEMA, short_hash
from bench.plan import Measurement

Record = dict[str, Any]
SOURCE = ROOT / "src" / "pinchtune"
MEASURED = ("config", "data", "model", "training", "evaluation", "stages")
"""What of the source decides how quick it is; pages and collecting do not."""
PINS = ROOT / "bench" / "constraints.txt"


def hash_files(paths: Iterable[Path]) -> str:
    """Return 16 hex digits that change with the content of any file."""
    total = hashlib.sha256()
    for path in sorted(paths):
        total.update(path.name.encode() + b"\0" + path.read_bytes())
    return total.hexdigest()[:16]


def source_files(path: Path) -> list[Path]:
    """Return a file, or the Python files of a folder and the folders in it."""
    return [path] if path.is_file() else list(path.rglob("*.py"))


@dataclass(frozen=True)
class Setting:
    """What all measurements of one run depend on."""

    workload: Path
    source: str
    """Hash of the measured part of pinchtune's source."""
    pins: str
    """Hash of the peers' versions."""
    threads: int
    """Threads asked for; 0 = as each library likes."""

    @classmethod
    def now(cls, workload: Path, threads: int) -> Setting:
        """Return the setting with today's source."""
        files = [f for name in MEASURED for f in source_files(SOURCE / name)]
        return cls(workload, hash_files(files), hash_files([PINS]), threads)

    def key(self, measurement: Measurement, turn: int) -> str:
        """Return what a stored measurement is found by; round 0 chooses configurations."""
        code = self.pins if measurement.peers else self.source
        if measurement.part == "bound":
            code = ""
        facts = [SCHEMA, self.workload.stem, code, self.threads, turn]
        return short_hash([*facts, measurement.part, measurement.module, measurement.options])


class Store:
    """The stored lines; a later line replaces an earlier one of the same key."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.records: dict[str, Record] = {}
        self.walls: dict[str, float] = {}
        if path.is_file():
            for line in path.read_text("utf-8").splitlines():
                self._keep(line)

    def _keep(self, line: str) -> None:
        try:
            record: Record = json.loads(line)
        except json.JSONDecodeError:
            return  # the half-written last line of a killed run
        self.records[record["key"]] = record
        self.walls[record["name"]] = record["wall"]

    def find(self, key: str, failures: bool = False) -> Record | None:
        """Return what is stored under `key`; failed measurements only if they are asked for."""
        record = self.records.get(key)
        return record if record and (failures or "error" not in record["result"]) else None

    def add(self, record: Record) -> None:
        """Store one measurement."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        line = json.dumps(record, ensure_ascii=False)
        with self.path.open("a", encoding="utf-8") as file:
            file.write(line + "\n")
            file.flush()
            os.fsync(file.fileno())
        self._keep(line)

    def seconds(self, measurement: Measurement) -> float:
        """Return how long a measurement will take: as last time, or as guessed."""
        return self.walls.get(measurement.name, measurement.guess)
