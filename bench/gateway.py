"""What the gateway adds to another server's streams: the same load with it and without it.

    python -m bench.gateway [--requests 100000] [--rounds 5] [--results FILE]

Server, gateway and clients are three processes on this machine; nothing else should run on it.
Each token carries the moment at which it was sent, so its delay is measured one by one.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from statistics import quantiles
from typing import Any

from bench.common import ROOT, BenchError, middle, say
from bench.gateway_client import Load, Noted, run
from bench.machine import machine_facts
from bench.table import markdown

GOALS = {"p50": 3.0, "p95": 10.0}
"""Milliseconds that the gateway may add at most."""
KINDS = {"delays": "delay of a token", "firsts": "to the first token", "wholes": "whole stream"}
PROJECT = """\
name = "bench"
[serve]
arm = "far"
requests_per_minute = 0
concurrency = 0
[serve.upstreams.far]
url = "http://127.0.0.1:{port}/v1"
model = "bench"
"""


def parse(arguments: list[str]) -> argparse.Namespace:
    """Return the options of the command line."""
    parser = argparse.ArgumentParser(prog="python -m bench.gateway", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    add = parser.add_argument
    add("--streams", type=int, default=100, help="streams at the same time")
    add("--tokens", type=int, default=20, help="tokens of a stream")
    add("--pause", type=float, default=0.05, help="seconds between the tokens of a stream")
    add("--seconds", type=float, default=20.0, help="length of a round, each way")
    add("--rounds", type=int, default=3, help="rounds, each without and with the gateway")
    add("--requests", type=int, default=0, help="streams through the gateway at the end: none lost")
    add("--results", default="", metavar="FILE", help="where the figures go, as JSON")
    return parser.parse_args(arguments)


def main(arguments: list[str]) -> int:
    """Measure and print; 0 if no stream was lost or mixed up."""
    options = parse(arguments)
    load_before = os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as name, servers(Path(name)) as (direct, through):
        rounds = [measure(options, (direct, through)) for _ in range(options.rounds)]
        many = ask_many(options, through) if options.requests else None
        memory = peak_megabytes(through[1])
    result = {
        "date": date.today().isoformat(),
        "machine": machine_facts(),
        "load_before": round(load_before, 2),
        "streams": options.streams,
        "tokens": options.tokens,
        "pause": options.pause,
        "rounds": rounds,
        "added_ms": added(rounds),
        "goals_ms": GOALS,
        "many": many,
        "megabytes": memory,
    }
    report(result)
    if options.results:
        text = json.dumps(result, indent=1, ensure_ascii=False) + "\n"
        Path(options.results).write_text(text, "utf-8")
    return 1 if failures(result) else 0


@contextmanager
def servers(folder: Path) -> Iterator[tuple[tuple[int, int], tuple[int, int]]]:
    """Start the server and the gateway before it; yield (port, process id) of both."""
    ports = free_port(), free_port()
    (folder / "pinch.toml").write_text(PROJECT.format(port=ports[0]), "utf-8")
    commands = (
        ["-m", "bench.gateway_server", str(ports[0])],
        ["-m", "pinchtune.cli", "serve", "-q", "-p", str(folder), "--port", str(ports[1])],
    )
    processes = [subprocess.Popen([sys.executable, *words], cwd=ROOT) for words in commands]
    try:
        for port, process in zip(ports, processes, strict=True):
            wait_for(port, process)
        yield (ports[0], processes[0].pid), (ports[1], processes[1].pid)
    finally:
        for process in processes:
            process.send_signal(signal.SIGTERM)
        for process in processes:
            process.wait(60)


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    """Return when somebody listens."""
    for _ in range(1200):
        if process.poll() is not None:
            raise BenchError("a server did not start")
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            return
        except OSError:
            time.sleep(0.1)
    raise BenchError("a server does not listen")


def measure(options: argparse.Namespace, ways: tuple[tuple[int, int], ...]) -> dict[str, Any]:
    """Put the load on each way in turn; return what was met."""
    names, found = ("direct", "through"), {}
    for name, (port, process) in zip(names, ways, strict=True):
        load = Load(port, options.streams, options.tokens, options.pause, options.seconds)
        before = cpu_seconds(process)
        noted = asyncio.run(run(load))
        found[name] = figures(noted)
        found[name]["cpu_seconds"] = round(cpu_seconds(process) - before, 2)
        say(f"{name}: {found[name]['ended']} streams, {found[name]['lost']} lost")
    return found


def figures(noted: Noted) -> dict[str, Any]:
    """Return counts, and milliseconds at the median and the 95th percentile."""
    spread = {name: milliseconds(getattr(noted, name)) for name in KINDS}
    counts = {"ended": len(noted.wholes), "lost": noted.lost, "mixed": noted.mixed}
    return {**counts, **spread, "first_errors": noted.errors[:5]}


def milliseconds(seconds: list[float]) -> dict[str, float]:
    """Return median and 95th percentile in milliseconds."""
    if len(seconds) < 2:
        return {"p50": 0.0, "p95": 0.0}
    parts = quantiles(seconds, n=100, method="inclusive")
    return {"p50": round(1000 * parts[49], 3), "p95": round(1000 * parts[94], 3)}


def added(rounds: list[dict[str, Any]]) -> dict[str, dict[str, float]]:
    """Return what the gateway adds: the median over the rounds of the difference in each."""
    return {
        kind: {
            point: round(
                middle([r["through"][kind][point] - r["direct"][kind][point] for r in rounds]), 3
            )
            for point in GOALS
        }
        for kind in KINDS
    }


def ask_many(options: argparse.Namespace, through: tuple[int, int]) -> dict[str, Any]:
    """Send many streams through the gateway; return how many were lost or mixed up."""
    load = Load(through[0], options.streams, 8, 0.01, requests=options.requests)
    start = time.monotonic()
    noted = asyncio.run(run(load))
    return {**figures(noted), "seconds": round(time.monotonic() - start, 1)}


def failures(result: dict[str, Any]) -> int:
    """Return how many streams were lost or mixed up."""
    ways = [way for found in result["rounds"] for way in (found["direct"], found["through"])]
    return sum(way["lost"] + way["mixed"] for way in (*ways, *filter(None, [result["many"]])))


def cpu_seconds(process: int) -> float:
    """Return the processor time of a process so far, on Linux."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def peak_megabytes(process: int) -> float:
    """Return the largest resident memory of a process, on Linux."""
    status = Path(f"/proc/{process}/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith("VmHWM:"))
    return round(int(line.split()[1]) * 1024 / 1e6, 1)


def report(result: dict[str, Any]) -> None:
    """Print the tables."""
    rows = []
    for kind, title in KINDS.items():
        ways = [
            [f"{middle([r[way][kind][p] for r in result['rounds']]):.2f}" for p in GOALS]
            for way in ("direct", "through")
        ]
        extra = [f"{result['added_ms'][kind][point]:.2f}" for point in GOALS]
        rows.append([title, *ways[0], *ways[1], *extra])
    head = ["ms", "direct p50", "p95", "through p50", "p95", "added p50", "p95"]
    say(f"\n{result['streams']} streams, {result['tokens']} tokens each\n")
    say(markdown(head, rows))
    goals = ", ".join(f"{point} ≤ {most:g} ms" for point, most in GOALS.items())
    say(f"\ngoals: {goals}; lost or mixed up: {failures(result)}")
    if result["many"]:
        many = result["many"]
        say(f"{many['ended']} further streams in {many['seconds']} s, {many['lost']} lost")
    say(f"memory of the gateway: {result['megabytes']:.0f} MB")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
