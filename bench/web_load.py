"""Put load on a real `pinch web`: fifty people, ten thousand examples, one spreadsheet.

    python -m bench.web_load [--database-url postgresql://…] [--seconds 60] [--results FILE]

The database must be empty. People and server share the machine; nothing else should run on it.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
from datetime import date
from pathlib import Path
from statistics import quantiles
from typing import Any

import httpx

from bench.common import ROOT, BenchError, say
from bench.machine import machine_facts
from bench.table import markdown
from bench.web_fill import CHEAP, Visitor, fill, join, make_sheet, visitors
from bench.web_people import TOKEN, Notes, live

GOALS = {"read": 0.150, "save": 0.250, "import": 20.0, "megabytes": 400.0}
"""Seconds of the 95th percentile; seconds of the spreadsheet; the server's largest memory."""


def parse(arguments: list[str]) -> argparse.Namespace:
    """Return the options of the command line."""
    parser = argparse.ArgumentParser(prog="python -m bench.web_load", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    add = parser.add_argument
    add("--database-url", default="", metavar="URL", help="an empty database; default: SQLite")
    add("--people", type=int, default=50, help="how many work at once")
    add("--examples", type=int, default=10_000, help="examples that are there already")
    add("--sheet", type=int, default=10_000, help="rows of the spreadsheet")
    add("--seconds", type=float, default=60.0, help="how long they work")
    add("--pause", type=float, default=3.5, help="average pause between two acts, in seconds")
    add("--results", default="", metavar="FILE", help="where the figures go, as JSON")
    return parser.parse_args(arguments)


def main(arguments: list[str]) -> int:
    """Fill, start, load, print; 0 if nothing failed and nothing was lost."""
    options = parse(arguments)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        database = options.database_url or str(folder / "collect.db")
        (folder / "pinch.toml").write_text('name = "load"\n', "utf-8")
        say(f"writing {options.examples:,} examples")
        people, writer = prepare(database, options)
        server, address = start(folder, database)
        try:
            load = os.getloadavg()[0]
            say(f"{options.people} people for {options.seconds:.0f} s")
            notes = asyncio.run(live(address, people, options.seconds, options.pause))
            say(f"uploading {options.sheet:,} rows")
            seconds, text = upload(address, writer, make_sheet("es", options.sheet))
            megabytes = peak_megabytes(server.pid)
        finally:
            server.send_signal(signal.SIGTERM)
            server.wait(30)
    result = figures(notes, options) | {
        "import_seconds": round(seconds, 1),
        "import_added": text,
        "megabytes": megabytes,
        "load_before": round(load, 2),
    }
    report(result)
    if options.results:
        path = Path(options.results)
        path.write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n", "utf-8")
    return 1 if result["errors"] or result["lost_updates"] else 0


def prepare(database: str, options: argparse.Namespace) -> tuple[list[Visitor], Visitor]:
    """Fill the database; the people at work, and the one with the spreadsheet."""
    from pinchtune.store import open_store, people

    store = open_store(database, hasher=CHEAP)
    boss = fill(store, options.examples)
    found = list(visitors(store, boss, options.people))
    writer = join(store, boss, "With a sheet", "author", "es")
    session = people.start_session(store, writer)
    store.close()
    return found, Visitor(writer.name, "author", "es", session)


def start(folder: Path, database: str) -> tuple[subprocess.Popen[bytes], str]:
    """Start the server; the process and its address."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    command = [sys.executable, "-m", "pinchtune.cli", "web", "-p", str(folder), "--quiet"]
    command += ["--port", str(port), "--database-url", database]
    with (folder / "web.log").open("wb") as log:
        server = subprocess.Popen(command, stdout=log, stderr=log, cwd=ROOT)
    address = f"http://127.0.0.1:{port}"
    for _ in range(600):
        try:
            httpx.get(f"{address}/log-in")
            return server, address
        except httpx.TransportError:
            time.sleep(0.1)
    server.kill()
    raise BenchError("the server did not start: " + (folder / "web.log").read_text("utf-8")[-500:])


def upload(address: str, writer: Visitor, data: bytes) -> tuple[float, int]:
    """Upload the spreadsheet; the seconds, and the examples that the page says it took."""
    with httpx.Client(
        base_url=address, cookies={"pinch-session": writer.session}, timeout=600
    ) as browser:
        token = TOKEN.search(browser.get("/sheets?language=es").text)
        if token is None:
            raise BenchError("the page of spreadsheets has no form")
        fields = {"form_token": token[1], "language": "es", "submit": "1"}
        begin = time.perf_counter()
        reply = browser.post("/sheets", data=fields, files={"file": ("sheet.xlsx", data)})
        seconds = time.perf_counter() - begin
    reply.raise_for_status()
    counts = [int(n.replace(",", "")) for n in re.findall(r"\b\d[\d,]*\b", reply.text)]
    return seconds, max(counts, default=0)


def peak_megabytes(process: int) -> float:
    """Return the largest resident memory that a process has had, on Linux."""
    status = Path(f"/proc/{process}/status").read_text("utf-8")
    found = re.search(r"VmHWM:\s+(\d+) kB", status)
    return round(int(found[1]) * 1024 / 1e6, 1) if found else 0.0


def figures(notes: Notes, options: argparse.Namespace) -> dict[str, Any]:
    """Return what the table shows."""
    by_kind = {kind: spread(values) for kind, values in sorted(notes.seconds.items())}
    reads = [s for kind, values in notes.seconds.items() if kind not in notes.saves for s in values]
    saves = [s for kind in notes.saves for s in notes.seconds[kind]]
    return {
        "date": date.today().isoformat(),
        "machine": machine_facts(),
        "database": "PostgreSQL" if options.database_url.startswith("postgres") else "SQLite",
        "people": options.people,
        "examples": options.examples,
        "seconds": options.seconds,
        "pause": options.pause,
        "read": spread(reads),
        "save": spread(saves),
        "by_kind": by_kind,
        "saving_kinds": sorted(notes.saves),
        "requests_per_second": round((len(reads) + len(saves)) / options.seconds, 1),
        "errors": len(notes.errors),
        "first_errors": notes.errors[:5],
        "conflicts_told": notes.told,
        "lost_updates": notes.lost,
        "decisions_too_late": notes.decided_by_others,
    }


def spread(seconds: list[float]) -> dict[str, float]:
    """Return count, median, 95th percentile and maximum in seconds."""
    if len(seconds) < 2:
        return {"count": len(seconds), "p50": 0.0, "p95": 0.0, "max": max(seconds, default=0.0)}
    parts = quantiles(seconds, n=100, method="inclusive")
    values = {"p50": parts[49], "p95": parts[94], "max": max(seconds)}
    return {"count": len(seconds), **{name: round(value, 4) for name, value in values.items()}}


def report(result: dict[str, Any]) -> None:
    """Print the tables."""
    rows = [
        [kind, str(v["count"]), *(f"{1000 * v[name]:.0f}" for name in ("p50", "p95", "max"))]
        for kind, v in {
            "all reading": result["read"],
            "all saving": result["save"],
            **result["by_kind"],
        }.items()
    ]
    say(f"\n{result['database']}, {result['people']} people, {result['examples']:,} examples\n")
    say(markdown(("request", "count", "median ms", "95 % ms", "largest ms"), rows))
    goals = [
        ["reading, 95 %", "150 ms", f"{1000 * result['read']['p95']:.0f} ms"],
        ["saving, 95 %", "250 ms", f"{1000 * result['save']['p95']:.0f} ms"],
        ["spreadsheet with checks", "20 s", f"{result['import_seconds']:.1f} s"],
        ["largest memory", "400 MB", f"{result['megabytes']:.0f} MB"],
        ["lost updates", "0", str(result["lost_updates"])],
        ["errors", "0", str(result["errors"])],
    ]
    say("\n" + markdown(("what", "goal", "reached"), goals))
    say(
        f"\n{result['requests_per_second']} requests a second; {result['conflicts_told']} second "
        f"tabs told; {result['decisions_too_late']} decisions came too late; "
        f"load before: {result['load_before']}"
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
