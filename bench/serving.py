"""How quickly local weights are served: alone, and to eight clients at the same time.

    python -m bench.serving [--rounds 3] [--results FILE]

Gemma 3 270M behind `pinch serve`, and behind llama-cpp-python's server on the same weights where
the peers' environment has it (its extra `server`). Clients share the machine with the server.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import httpx

from bench.common import ROOT, BenchError, middle, say
from bench.gateway import free_port, peak_megabytes, wait_for
from bench.machine import machine_facts
from bench.runner import PEERS
from bench.table import markdown
from bench.weights import weights_file
from pinchtune.model.embedded import embedded_base
from pinchtune.releasing import Registry, Version
from pinchtune.releasing.adding import add_version
from pinchtune.releasing.people import Person

PROJECT = """\
name = "bench"
[serve]
slots = {streams}
concurrency = 0
requests_per_minute = 0
[generate]
repetition_penalty = 1.0
"""
BENCH = Person("bench", "bench", "bench")
QUESTIONS = (
    "Explain how to change the filter of a coffee machine.",
    "¿Cómo se cambia el filtro de una cafetera?",
    "コーヒーメーカーのフィルターの交換方法を説明してください。",
    "Как заменить фильтр в кофеварке?",
)


def parse(arguments: list[str]) -> argparse.Namespace:
    """Return the options of the command line."""
    parser = argparse.ArgumentParser(prog="python -m bench.serving", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    add = parser.add_argument
    add("--streams", type=int, default=8, help="clients at the same time")
    add("--tokens", type=int, default=128, help="tokens of an answer at most")
    add("--rounds", type=int, default=3, help="rounds, servers in turn")
    add("--kinds", default="bf16,q8_0", help="number formats of the peer's weights")
    add("--results", default="", metavar="FILE", help="where the figures go, as JSON")
    return parser.parse_args(arguments)


def main(arguments: list[str]) -> int:
    """Measure and print."""
    options = parse(arguments)
    load_before = os.getloadavg()[0]
    names = ["pinchtune", *(f"llama.cpp {kind}" for kind in peer_kinds(options))]
    found: dict[str, list[dict[str, Any]]] = {name: [] for name in names}
    with tempfile.TemporaryDirectory() as folder:
        make_project(Path(folder), options)
        for _ in range(options.rounds):
            for name in names:
                with server(name, Path(folder)) as (port, process):
                    figures = asyncio.run(ask(port, options))
                    figures["megabytes"] = peak_megabytes(process)
                found[name].append(figures)
                say(f"{name}: {figures}")
    result = {
        "date": date.today().isoformat(),
        "machine": machine_facts(),
        "load_before": round(load_before, 2),
        "streams": options.streams,
        "tokens": options.tokens,
        "rounds": found,
    }
    report(result)
    if options.results:
        text = json.dumps(result, indent=1, ensure_ascii=False) + "\n"
        Path(options.results).write_text(text, "utf-8")
    return 0


def peer_kinds(options: argparse.Namespace) -> list[str]:
    """Return the number formats of the peer's server; none if its environment has no server."""
    code = "import llama_cpp.server.app"
    if not PEERS.is_file() or subprocess.run([PEERS, "-c", code], capture_output=True).returncode:
        say("llama-cpp-python's server is not there; it is left out")
        return []
    return str(options.kinds).split(",")


def make_project(folder: Path, options: argparse.Namespace) -> None:
    """Make a project whose production is the embedded base model."""
    (folder / "pinch.toml").write_text(PROJECT.format(streams=options.streams), "utf-8")
    registry, (version,) = add_base(folder, "base")
    registry.point("production", version, "promote", BENCH)


def add_base(folder: Path, *names: str) -> tuple[Registry, list[Version]]:
    """Add the embedded base model as a version under each name."""
    registry, base = Registry(folder / "versions"), embedded_base("gemma-3-270m")
    files = dict.fromkeys(path.name for path in base.iterdir() if path.is_file())
    facts = {
        "base": "gemma-3-270m",
        "base_facts": {},
        "method": "full",
        "tuned_by": BENCH.to_json(),
    }
    return registry, [add_version(registry, name, base, files, {}, facts) for name in names]


@contextmanager
def server(name: str, folder: Path) -> Iterator[tuple[int, int]]:
    """Start a server; yield its port and its process."""
    port = free_port()
    if name == "pinchtune":
        words = [sys.executable, "-m", "pinchtune.cli", "serve", "-q", "-p", str(folder)]
        words += ["--port", str(port)]
    else:
        file = weights_file(name.split()[1])
        words = [str(PEERS), "-m", "llama_cpp.server", "--model", str(file)]
        words += ["--port", str(port), "--n_ctx", "2048", "--chat_format", "alpaca"]
        words += ["--n_threads", str(len(os.sched_getaffinity(0)))]
        # Unless told otherwise it breaks off one stream for the next.
        words += ["--interrupt_requests", "false"]
    with open(os.devnull, "wb") as nowhere:
        process = subprocess.Popen(words, cwd=ROOT, stdout=nowhere, stderr=nowhere)
    try:
        wait_for(port, process)
        yield port, process.pid
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)


async def ask(port: int, options: argparse.Namespace) -> dict[str, Any]:
    """Return tokens a second and seconds to the first token, alone and for all at once."""
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=600) as client:
        await stream(client, QUESTIONS[0], 8)
        alone = [await stream(client, question, options.tokens) for question in QUESTIONS]
        start = time.perf_counter()
        questions = [QUESTIONS[i % len(QUESTIONS)] for i in range(options.streams)]
        together = await asyncio.gather(*(stream(client, q, options.tokens) for q in questions))
        seconds = time.perf_counter() - start
    return {
        "alone": round(sum(n for n, *_ in alone) / sum(whole for *_, whole in alone), 1),
        "alone_first": round(middle([first for _, first, _ in alone]), 3),
        "together": round(sum(n for n, *_ in together) / seconds, 1),
        "together_first": round(middle([first for _, first, _ in together]), 3),
    }


async def stream(client: httpx.AsyncClient, question: str, tokens: int) -> tuple[int, float, float]:
    """Return the tokens of one streamed answer, the seconds to its first, and to its end."""
    body = {
        "model": "auto",
        "stream": True,
        "temperature": 0,
        "max_tokens": tokens,
        "messages": [{"role": "user", "content": question}],
    }
    start, first, count = time.perf_counter(), 0.0, 0
    async with client.stream("POST", "/v1/chat/completions", json=body) as reply:
        if reply.status_code != 200:
            raise BenchError(f"status {reply.status_code}: {(await reply.aread())[:200]!r}")
        async for line in reply.aiter_lines():
            if line.startswith("data: {") and json.loads(line[6:])["choices"][0]["delta"].get(
                "content"
            ):
                first = first or time.perf_counter() - start
                count += 1
    return count, first, time.perf_counter() - start


def report(result: dict[str, Any]) -> None:
    """Print the table."""
    names = ("alone", "alone_first", "together", "together_first", "megabytes")
    rows = [
        [name, *(f"{middle([found[key] for found in rounds]):g}" for key in names)]
        for name, rounds in result["rounds"].items()
    ]
    head = ["server", "tokens/s alone", "s to first", f"tokens/s, {result['streams']} at once"]
    say("\n" + markdown([*head, "s to first", "MB"], rows))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
