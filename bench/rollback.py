"""Going back under load: seconds to the first answer by the old version, and what fails (nothing).

    python -m bench.rollback [--cold] [--results FILE]

Gemma 3 270M behind `pinch serve`, clients that ask without a pause, and `pinch versions rollback`
in the middle. The version to go back to is still in the server's memory, or with --cold it is not.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

import httpx

from bench.common import ROOT, BenchError, say
from bench.machine import machine_facts
from bench.serving import BENCH, QUESTIONS, add_base, server

OLD, NEW = "old", "new"
PROJECT = """\
name = "bench"
[serve]
requests_per_minute = 0
concurrency = 0
queue = 1000
kept_versions = {kept}
"""


class Reply(NamedTuple):
    """One answer, or none."""

    end: float
    """When it was whole."""
    status: int
    version: str


def parse(arguments: list[str]) -> argparse.Namespace:
    """Return the options of the command line."""
    parser = argparse.ArgumentParser(prog="python -m bench.rollback", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    add = parser.add_argument
    add("--clients", type=int, default=8, help="clients at the same time")
    add("--tokens", type=int, default=16, help="tokens of an answer at most")
    add("--seconds", type=float, default=15.0, help="how long they ask before")
    add("--cold", action="store_true", help="the old version has to be loaded")
    add("--results", default="", metavar="FILE", help="where the figures go, as JSON")
    return parser.parse_args(arguments)


def main(arguments: list[str]) -> int:
    """Measure and print; 0 if no request failed."""
    options = parse(arguments)
    load_before = os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "pinch.toml").write_text(PROJECT.format(kept=int(not options.cold)), "utf-8")
        registry, versions = add_base(folder, OLD, NEW)
        for version in versions:
            registry.point("production", version, "promote", BENCH)
        # A server that has seen the old version in production still holds it.
        if not options.cold:
            registry.point("production", versions[0], "promote", BENCH)
        with server("pinchtune", folder) as (port, _):
            if not options.cold:
                registry.point("production", versions[1], "promote", BENCH)
                wait_until(port, NEW)
            replies, moments = asyncio.run(go_back(port, folder, options))
    result = {
        "date": date.today().isoformat(),
        "machine": machine_facts(),
        "load_before": round(load_before, 2),
        "clients": options.clients,
        "cold": options.cold,
        **figures(replies, moments),
    }
    say(json.dumps(result, indent=1))
    if options.results:
        Path(options.results).write_text(json.dumps(result, indent=1) + "\n", "utf-8")
    return 1 if result["failed"] else 0


def wait_until(port: int, version: str) -> None:
    """Return when a version answers."""
    end = time.monotonic() + 120
    while time.monotonic() < end:
        if httpx.get(f"http://127.0.0.1:{port}/health").json()["arms"]["production"] == version:
            return
        time.sleep(0.1)
    raise BenchError(f"{version} does not come")


async def go_back(
    port: int, folder: Path, options: argparse.Namespace
) -> tuple[list[Reply], tuple[float, float]]:
    """Ask before, during and after a rollback; return the replies, and when it began and ended."""
    replies: list[Reply] = []
    stop = asyncio.Event()
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=120) as client:
        asking = [
            asyncio.create_task(ask(client, i, options.tokens, replies, stop))
            for i in range(options.clients)
        ]
        await asyncio.sleep(options.seconds)
        start = time.monotonic()
        await asyncio.to_thread(roll_back, folder)
        moments = (start, time.monotonic())
        await came_back(replies, moments[0])
        stop.set()
        await asyncio.gather(*asking)
    return replies, moments


async def came_back(replies: list[Reply], start: float) -> None:
    """Return two seconds after the old version's first answer."""
    for _ in range(1800):
        if any(reply.version == OLD and reply.end > start for reply in replies):
            break
        await asyncio.sleep(0.1)
    await asyncio.sleep(2)


async def ask(
    client: httpx.AsyncClient, i: int, tokens: int, replies: list[Reply], stop: asyncio.Event
) -> None:
    """Ask until it is time to stop."""
    while not stop.is_set():
        message = {"role": "user", "content": QUESTIONS[i % len(QUESTIONS)]}
        body = {"model": "auto", "max_tokens": tokens, "messages": [message]}
        try:
            reply = await client.post("/v1/chat/completions", json=body)
            version = reply.json().get("system_fingerprint", "")
            replies.append(Reply(time.monotonic(), reply.status_code, version))
        except (httpx.HTTPError, ValueError):
            replies.append(Reply(time.monotonic(), 0, ""))


def roll_back(folder: Path) -> None:
    """Run the command as somebody would in a hurry."""
    command = [sys.executable, "-m", "pinchtune.cli", "versions", "rollback", "-p", str(folder)]
    command += ["--why", "bench", "--no-smoke", "--quiet"]
    subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)


def figures(replies: list[Reply], moments: tuple[float, float]) -> dict[str, Any]:
    """Return what the record shows."""
    start, end = moments
    back = [reply.end for reply in replies if reply.version == OLD and reply.end > start]
    if not back:
        raise BenchError("the old version did not come back")
    return {
        "requests": len(replies),
        "failed": sum(reply.status != 200 for reply in replies),
        "command_seconds": round(end - start, 2),
        "first_old_answer_seconds": round(min(back) - start, 2),
        "after_the_command_seconds": round(min(back) - end, 2),
        "last_new_answer_seconds": round(
            max(r.end for r in replies if r.version == NEW) - start, 2
        ),
    }


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
