"""Run measurements, each in a process of its own, and say how long the rest will take."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter

from bench.common import HOME, ROOT, BenchError, Result, say
from bench.plan import Measurement
from bench.store import Record, Setting, Store

PEERS = HOME / "venv" / "bin" / "python"
LIMIT, CHOOSING_LIMIT = 2 * 60 * 60, 20 * 60
"""Seconds after which a measurement is given up: in the rounds, and in choosing."""
LOGS = HOME / "logs"


class Runner:
    """Runs what is not stored yet."""

    def __init__(self, setting: Setting, store: Store, fresh: bool) -> None:
        self.setting, self.store, self.fresh = setting, store, fresh
        self.done: set[str] = set()

    def run_all(self, planned: Sequence[tuple[int, Measurement]]) -> list[Record]:
        """Return the records of all planned (round, measurement) pairs, in order."""
        missing = [pair for pair in planned if self._stored(*pair) is None]
        records, count = [], 0
        for turn, measurement in planned:
            record = self._stored(turn, measurement)
            if record is None:
                left = sum(self.store.seconds(m) for _, m in missing[count:])
                count += 1
                where = f"round {turn}" if turn else "choosing"
                rest = f"about {show_seconds(left)} left"
                say(f"[{count}/{len(missing)}] {where}: {measurement.name} … {rest}")
                record = self._run(turn, measurement)
            records.append(record)
        return records

    def _stored(self, turn: int, measurement: Measurement) -> Record | None:
        key = self.setting.key(measurement, turn)
        if self.fresh and key not in self.done:
            return None
        # What failed while configurations were chosen would fail again.
        return self.store.find(key, failures=turn == 0 or key in self.done)

    def _run(self, turn: int, measurement: Measurement) -> Record:
        load, when = os.getloadavg()[0], datetime.now(UTC)
        start = perf_counter()
        result = self._measure(measurement, LIMIT if turn else CHOOSING_LIMIT)
        record: Record = {
            "key": self.setting.key(measurement, turn),
            "name": measurement.name,
            "part": measurement.part,
            "competitor": measurement.competitor,
            "round": turn,
            "options": measurement.options,
            "when": when.isoformat(timespec="seconds"),
            "load": round(load, 2),
            "wall": round(perf_counter() - start, 1),
            "result": result,
        }
        self.store.add(record)
        self.done.add(record["key"])
        say(f"      {summarise(result)}, {show_seconds(record['wall'])}")
        return record

    def _measure(self, measurement: Measurement, limit: float) -> Result:
        python = str(PEERS) if measurement.peers else sys.executable
        task = {"workload": str(self.setting.workload), "options": measurement.options}
        command = [python, "-m", f"bench.{measurement.module}", json.dumps(task)]
        log = LOGS / f"{self.setting.key(measurement, 0)}.txt"
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("w", encoding="utf-8") as errors:
            try:
                done = subprocess.run(
                    command,
                    cwd=ROOT,
                    env=environment(self.setting.threads),
                    stdout=subprocess.PIPE,
                    stderr=errors,
                    text=True,
                    timeout=limit,
                )
            except subprocess.TimeoutExpired:
                return {"error": f"took more than {show_seconds(limit)}"}
        return read_result(done.stdout, done.returncode, log)


def read_result(text: str, status: int, log: Path) -> Result:
    """Return the JSON line that a process printed, or why there is none."""
    lines = text.strip().splitlines()
    if lines and lines[-1].startswith("{"):
        result: Result = json.loads(lines[-1])
        return result
    if status < 0:
        reason = "the memory may be too small" if status == -9 else "see its log"
        return {"error": f"was ended by signal {-status} ({reason}: {log.relative_to(ROOT)})"}
    return {"error": f"ended with exit code {status} and no result: {log.relative_to(ROOT)}"}


def environment(threads: int) -> dict[str, str]:
    """Return the environment of a measured process: no hub, no chatter, no shared cache."""
    values = {
        **os.environ,
        "HF_HUB_OFFLINE": "1",
        "HF_HOME": str(HOME / "hub"),
        "TOKENIZERS_PARALLELISM": "false",
        "TRANSFORMERS_VERBOSITY": "error",
    }
    return values | ({"OMP_NUM_THREADS": str(threads)} if threads else {})


def check_peers() -> None:
    """Raise BenchError if the peers' environment is not there."""
    if not PEERS.is_file():
        raise BenchError("the peers are not installed; run `make bench`, which does it")


def summarise(result: Result) -> str:
    """Return a result in a few words."""
    if "error" in result:
        return f"failed: {result['error']}"
    if "rate" in result:
        return f"{result['rate']:.1f} tokens/s, {result['peak_mb'] / 1000:.2f} GB"
    if "bfloat16" in result:
        rates = (result["bfloat16"] / 1e9, result["float32"] / 1e9)
        return f"{rates[0]:.0f} GFLOP/s in bfloat16, {rates[1]:.0f} in float32"
    return f"{result.get('seconds', 0):.0f} s"


def show_seconds(seconds: float) -> str:
    """Return a time in words: `40 s`, `3 min`, `2 h 5 min`."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60} min"
