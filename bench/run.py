"""Run the benchmark: choose the peers' configurations, measure in rounds, print the table.

    make bench
    python -m bench.run --only tune-lora,generate --rounds 1
    python -m bench.run --data FOLDER --data-name "public sets, see bench/README.md"

What is done is kept: the same command goes on where it was stopped.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

from bench.common import HOME, ROOT, WARMUP_STEPS, BenchError, say
from bench.machine import machine_facts, slug, versions
from bench.plan import (
    LLAMA,
    OURS,
    PARTS,
    Measurement,
    candidates,
    choosers,
    fixed,
    order_rounds,
    pick_parts,
    shortened,
)
from bench.runner import PEERS, Runner, check_peers, environment
from bench.store import Record, Setting, Store
from bench.table import print_report
from bench.weights import weights_file
from bench.workload import Settings, Workload, prepare

RESULTS = ROOT / "bench" / "results"
MOST_ROUNDS = 9
"""Rounds of earlier commands that are looked for in the store."""


def parse(arguments: list[str]) -> argparse.Namespace:
    """Return the options of the command line."""
    parser = argparse.ArgumentParser(prog="python -m bench.run", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    add = parser.add_argument
    add("--only", default="", metavar="PARTS", help=f"some of: {', '.join(PARTS)}")
    add("--rounds", type=int, default=3, help="how often everything is measured")
    add("--steps", type=int, default=10, help="timed tuning steps of 8 examples")
    add("--prompts", type=int, default=192, help="evaluation prompts to answer")
    add("--references", type=int, default=96, help="references to score")
    add("--new-tokens", type=int, default=128, help="longest answer in tokens")
    add("--data", default="", metavar="FOLDER", help="own data; default: the starter set")
    add("--data-name", default="", metavar="TEXT", help="what the results call the data")
    add("--model", default="gemma-3-270m", help="base model, as in pinch.toml")
    add("--tune-peers", action="store_true", help="choose the peers' fastest configurations")
    add("--no-compile", action="store_true", help="leave torch.compile out of the choice")
    add("--without", default="", metavar="NAMES", help="competitors to leave out, as a,b")
    add("--threads", type=int, default=0, help="threads of each process; 0: as libraries like")
    add("--long", action="store_true", help="growth up to a million tokens")
    add("--fresh", action="store_true", help="measure again what is stored")
    add("--results", default="", metavar="FILE", help="where the raw figures go")
    return parser.parse_args(arguments)


def main(arguments: list[str]) -> int:
    """Run what the command line asks for; 0 if every measurement of the rounds succeeded."""
    options = parse(arguments)
    try:
        parts = pick_parts(options.only)
        if min(options.rounds, options.steps, options.prompts, options.new_tokens) < 1:
            raise BenchError("--rounds, --steps, --prompts and --new-tokens must be at least 1")
        return bench(options, parts)
    except BenchError as error:
        say(f"error: {error}")
        return 2
    except KeyboardInterrupt:
        say("stopped; the same command goes on from here")
        return 130


def bench(options: argparse.Namespace, parts: list[str]) -> int:
    """Prepare, choose, measure, write, print."""
    left_out = {name.strip() for name in options.without.split(",")}
    say("preparing the workload")
    workload = prepare(
        Settings(
            base=options.model,
            data=options.data,
            data_name=options.data_name,
            steps=options.steps,
            prompts=options.prompts,
            references=options.references,
            new_tokens=options.new_tokens,
        )
    )
    if "generate" in parts:
        left_out |= make_weights(options.model, left_out)
    setting = Setting.now(workload, options.threads)
    runner = Runner(setting, Store(HOME / "measurements.jsonl"), options.fresh)
    chosen, _ = choose(runner, parts, options, left_out)
    planned = order_rounds(plan_all(parts, options.long, chosen, left_out), options.rounds)
    if any(m.peers for _, m in planned):
        check_peers()
    records = runner.run_all(planned)
    path = write_results(options, workload, gather(runner, options))
    print_report(json.loads(path.read_text("utf-8")))
    say(f"\nraw figures: {path.relative_to(ROOT) if path.is_relative_to(ROOT) else path.name}")
    failed = [r for r in records if "error" in r["result"]]
    for record in failed:
        say(f"failed: {record['name']}, round {record['round']}: {record['result']['error']}")
    return 1 if failed else 0


def make_weights(model: str, left_out: set[str]) -> set[str]:
    """Write the weights that llama.cpp reads; return the competitors that cannot take part."""
    wanted = [name for name in LLAMA if name not in left_out]
    if model != "gemma-3-270m" and wanted:
        say("llama.cpp is left out: its weights are made of the embedded model only")
        return set(wanted)
    for name in wanted:
        kind = name.removeprefix("llama.cpp ")
        file = weights_file(kind)
        if not file.is_file():
            check_peers()
            say(f"writing {file.name}")
            command = [str(PEERS), "-m", "bench.weights", kind, str(file)]
            if subprocess.run(command, cwd=ROOT, env=environment(0)).returncode:
                raise BenchError(f"{file.name} could not be written; see above")
    return set()


def choose(
    runner: Runner, parts: list[str], options: argparse.Namespace, left_out: set[str]
) -> tuple[dict[tuple[str, str], Measurement], list[Record]]:
    """Return each peer's configuration and what was measured to choose it.

    With --tune-peers all are tried once; without it, earlier trials of the same workload
    decide, or the likeliest configuration where there are none.
    """
    chosen, tried = {}, []
    for part in parts:
        for name in choosers(part):
            if name in left_out:
                continue
            found = candidates(part, name, compiled=not options.no_compile)
            records = try_all(runner, found, options.tune_peers)
            tried += [record for record in records if record]
            if all(record and "error" in record["result"] for record in records):
                say(f"{name} is left out of {part}: every configuration failed")
            else:
                chosen[part, name] = pick(found, records)
    return chosen, tried


def try_all(runner: Runner, found: list[Measurement], measure: bool) -> list[Record | None]:
    """Return the record of each candidate; None for those that were never measured."""
    short = [shortened(m) for m in found]
    if not measure:
        keys = [runner.setting.key(m, 0) for m in short]
        return [runner.store.find(key, failures=True) for key in keys]
    check_peers()
    return [*runner.run_all([(0, m) for m in short])]


def pick(found: list[Measurement], records: list[Record | None]) -> Measurement:
    """Return the fastest candidate; the first one if none was measured."""
    rates = [(r["result"].get("rate", 0.0) if r else 0.0) for r in records]
    return found[rates.index(max(rates))]


def plan_all(
    parts: list[str],
    long: bool,
    chosen: dict[tuple[str, str], Measurement],
    left_out: set[str],
) -> list[Measurement]:
    """Return one round: in each part pinchtune first, then the chosen peers, then the rest."""
    planned = []
    for part in parts:
        rest = [m for m in fixed(part, long) if m.competitor not in left_out]
        ours = [m for m in rest if m.competitor in (OURS, "machine")]
        picked = [chosen[part, name] for name in choosers(part) if (part, name) in chosen]
        planned += [*ours, *picked, *(m for m in rest if m not in ours)]
    return [replace(m) for m in planned]


def gather(runner: Runner, options: argparse.Namespace) -> tuple[list[Record], list[Record]]:
    """Return all that is stored for this workload, whichever command measured it.

    First what was tried to choose configurations, then the rounds of what was chosen.
    """
    options = argparse.Namespace(**{**vars(options), "tune_peers": False})
    chosen, tried = choose(runner, [*PARTS], options, set())
    planned = order_rounds(
        plan_all([*PARTS], True, chosen, set()), max(MOST_ROUNDS, options.rounds)
    )
    found = [runner.store.find(runner.setting.key(m, turn), failures=True) for turn, m in planned]
    return tried, [record for record in found if record]


def write_results(
    options: argparse.Namespace, workload: Path, stored: tuple[list[Record], list[Record]]
) -> Path:
    """Write the raw figures and return their file."""
    tried, records = stored
    machine, facts = machine_facts(), Workload.load(workload).facts
    today = date.today().isoformat()
    name = f"{today}-{slug(machine['processor'])}"
    path = Path(options.results) if options.results else free_file(name, facts)
    value: dict[str, Any] = {
        "date": today,
        "machine": machine,
        "versions": versions(),
        "workload": facts,
        "warmup_steps": WARMUP_STEPS,
        "rounds": max((r["round"] for r in records), default=0),
        "threads": options.threads,
        "candidates": [public(r) for r in tried],
        "measurements": [public(r) for r in records],
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, ensure_ascii=False, indent=1) + "\n", "utf-8")
    return path


def free_file(name: str, facts: dict[str, Any]) -> Path:
    """Return the results file of this day and machine that holds no other workload."""
    for ending in ("", *(f"-{n}" for n in range(2, 100))):
        path = RESULTS / f"{name}{ending}.json"
        if not path.is_file() or json.loads(path.read_text("utf-8"))["workload"] == facts:
            return path
    raise BenchError(f"bench/results holds a hundred files called {name}; move some away")


def public(record: Record) -> Record:
    """Return a record without what only the store needs."""
    return {name: value for name, value in record.items() if name not in ("key", "name")}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
