"""The tables: goals beside what was reached, then each part, as markdown.

python -m bench.table bench/results/FILE.json
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bench.common import say
from bench.figures import Agreement, Figures, Spread, agreement, equal_share
from bench.goals import goal_rows
from bench.plan import OURS

Row = Sequence[str]
TITLES = {
    "tune-lora": "Tuning, LoRA r 16 on all linear layers",
    "tune-full": "Tuning, full",
    "generate": "Answering the evaluation prompts",
    "score": "Scoring references",
}


def print_report(raw: dict[str, Any]) -> None:
    """Print all tables of raw results."""
    say(report(raw))


def report(raw: dict[str, Any]) -> str:
    """Return all tables of raw results as markdown."""
    figures = Figures(raw)
    parts = [part for part in TITLES if figures.competitors(part)]
    sections = [
        describe(raw),
        "### Goals\n\n"
        + markdown(("what", "against", "goal", "reached", "met"), goal_rows(figures)),
        *(part_section(figures, part) for part in parts),
        bound_section(figures, parts),
        profile_section(figures),
        growth_section(figures),
        demo_section(figures),
        candidate_section(raw),
    ]
    return "\n\n".join(section for section in sections if section)


def markdown(head: Row, rows: Sequence[Row]) -> str:
    """Return a markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "/") for cell in x) + " |" for x in lines)


def describe(raw: dict[str, Any]) -> str:
    """Return machine, versions and workload in a few lines."""
    machine, work = raw["machine"], raw["workload"]
    tune, ask, score = work["tune"], work["generate"], work["score"]
    own = ", ".join(f"{name} {v}" for name, v in raw["versions"]["own"].items())
    theirs = ", ".join(f"{name} {v}" for name, v in raw["versions"]["peers"].items())
    size = f"{machine['cores']} cores", f"{machine['memory_gb']} GB"
    hardware = ", ".join([machine["processor"], *size, *machine["instructions"]])
    padding = 1 - tune["tokens"] / tune["padded"]
    return (
        f"{raw['date']}; {hardware}; {machine['system']}, Python {machine['python']}.\n"
        f"{own}; peers: {theirs}.\n"
        f"Model {work['model']}; data: {work['data']}. Tuning: {tune['steps']} timed steps of "
        f"{tune['batch']}, {tune['tokens']} tokens of which {tune['targets']} targets, "
        f"{padding:.1%} padding in batches of {tune['batch']}. Answering: {ask['prompts']} "
        f"prompts in {ask['languages']} languages, {ask['shortest']} to {ask['longest']} tokens, "
        f"at most {ask['new_tokens']} new tokens. Scoring: {score['references']} references, "
        f"{score['tokens']} tokens of which {score['targets']} targets. "
        f"Rounds: {raw['rounds']}; figures are medians [least, largest]."
    )


def part_section(figures: Figures, part: str) -> str:
    """Return the table of one part: everybody's speed, memory and agreement."""
    head = ["competitor", "configuration", "tokens/s", "seconds", "peak GB", "pinchtune ÷ it"]
    last = {"generate": "same answers as pinchtune", "score": "bits per byte"}
    head.append(last.get(part, "loss: step 1, steps 1–4"))
    rows = [
        [
            name,
            configuration(figures.options[part, name]),
            spread(figures.spread(part, name)),
            spread(figures.spread(part, name, "seconds")),
            spread(figures.spread(part, name, "peak_mb"), "{:.2f}", 1000),
            "–" if name == OURS else spread(figures.ratio(part, name), "{:.2f}×"),
            _agreement_cell(figures, part, name),
        ]
        for name in figures.competitors(part)
    ]
    return f"### {TITLES[part]}\n\n{markdown(head, rows)}"


def _agreement_cell(figures: Figures, part: str, name: str) -> str:
    ours, theirs = figures.first(part, OURS), figures.first(part, name)
    if not theirs:
        return "not measured"
    if part == "score":
        return f"{theirs['bits_per_byte']:.4f}"
    if part == "generate":
        share = equal_share(ours.get("digests", []), theirs["digests"])
        return "–" if share is None or name == OURS else f"{share:.0%}"
    losses = theirs["losses"]
    text = f"{losses[0]:.3f}, {sum(losses[:4]) / len(losses[:4]):.3f}"
    if name == OURS:
        return text
    if name == "trl-default":
        return f"{text} (own batches)"
    return text + _judge(agreement(ours.get("losses", []), losses))


def _judge(found: Agreement | None) -> str:
    if found is None:
        return ""
    word = "agrees" if found.holds else "DIFFERS"
    return f" ({word}: {found.first:.2%}, {found.early:.2%})"


SWITCHES = {"heap": "freed memory kept", "compile": "compiled"}
"""Words for options that are on or off."""


def configuration(options: dict[str, Any]) -> str:
    """Return a competitor's options in a few words."""
    words = []
    if "engine" in options and options["engine"] != "generate":
        words.append(f"{options['engine']} batching")
    if "weights" in options:
        words.append(str(options["weights"]))
    if options.get("autocast"):
        words.append("bf16 autocast")
    if options.get("method") == "lora" and options.get("adapters", "") != options.get("weights"):
        words += [f"{options['adapters']} adapters"] if "adapters" in options else []
    if "batch" in options:
        steps = 8 // options["batch"] if "trainer" in options else 1
        words.append(f"batch {options['batch']}" + (f" × {steps}" if steps > 1 else ""))
    if "slots" in options:
        words.append(f"{options['slots']} slots")
    words += [word for name, word in SWITCHES.items() if options.get(name)]
    return ", ".join(words) or "as it comes"


def bound_section(figures: Figures, parts: Sequence[str]) -> str:
    """Return the table of what the matrix products allow."""
    result = figures.first("bound", "machine")
    if not result:
        return ""
    rows = []
    for part in parts:
        most, names = figures.bound(part), figures.competitors(part)
        best = figures.fastest(part, [n for n in names if n != OURS])
        theirs = figures.spread(part, best) if best else None
        rows.append(
            [
                TITLES[part],
                f"{figures.product_rate() / most / 1e9:.3f}" if most else "–",
                f"{most:.0f}",
                spread(figures.bound_share(part), "{:.0%}"),
                f"{theirs.middle / most:.0%} ({best})" if theirs and most else "–",
            ]
        )
    text = ", ".join(
        f"{spread(figures.spread('bound', 'machine', name), '{:.0f}', 1e9)} GFLOP/s in {name}"
        for name in ("bfloat16", "float32")
    )
    weights = result["weights"]
    counts = (
        f"{weights['linear'] / 1e6:.1f} million weights in linear layers, "
        f"{weights['head'] / 1e6:.1f} in the output layer, {weights['adapters'] / 1e6:.2f} in "
        "adapters"
    )
    head = ("part", "GFLOP a token", "bound, tokens/s", "pinchtune reaches", "best peer reaches")
    return f"### Arithmetic bound\n\nProducts of 2048³: {text}; {counts}.\n\n{markdown(head, rows)}"


def growth_section(figures: Figures) -> str:
    """Return the tables of growth with tokens and with examples."""
    head = (
        "tokens",
        "examples (different)",
        "timed s",
        "CPU s",
        "tokens/s",
        "by quarter",
        "peak GB",
    )
    by_tokens = [
        [
            f"{r['all_tokens']:,}",
            f"{r['examples']:,} ({r['different_examples']:,})",
            f"{r['seconds']:.1f}",
            f"{r['cpu_seconds']:.1f}",
            f"{r['rate']:.0f}",
            " → ".join(f"{rate:.0f}" for rate in r["rates"]) or "–",
            f"{r['peak_mb'] / 1000:.2f}",
        ]
        for r in figures.growth("tokens")
    ]
    by_rows = [
        [f"{r['examples']:,}", f"{r['all_tokens']:,}", f"{r['peak_mb'] / 1000:.2f}"]
        for r in figures.growth("rows")
    ]
    tables = [markdown(head, by_tokens)] if by_tokens else []
    if by_rows:
        tables.append("Twelve steps of a run over so many examples:")
        tables.append(markdown(("examples", "their tokens", "peak GB"), by_rows))
    return "### Growth of tuning (LoRA)\n\n" + "\n\n".join(tables) if tables else ""


def profile_section(figures: Figures) -> str:
    """Return where the time of a tuning step goes, of each kind of tuning."""
    tables = []
    for record in figures.records("profile"):
        result = record["result"]
        rows = [
            [kind, f"{seconds:.2f}", f"{seconds / result['seconds']:.0%}"]
            for kind, seconds in result["parts"].items()
        ]
        title = f"### One {record['options']['method']} step of {result['tokens']} tokens"
        tables.append(f"{title}\n\n{markdown(('kind of work', 'seconds', 'share'), rows)}")
    return "\n\n".join(tables)


def demo_section(figures: Figures) -> str:
    """Return the demo's time, stage by stage."""
    result = figures.first("demo", OURS)
    if not result:
        return ""
    rows = [[name, f"{seconds:.0f}"] for name, seconds in result["stages"].items()]
    rows.append(["whole, with unpacking, mixing, intervals and page", f"{result['seconds']:.0f}"])
    return f"### The demo\n\n{markdown(('stage', 'seconds'), rows)}"


def candidate_section(raw: dict[str, Any]) -> str:
    """Return what was tried to find each peer's best configuration."""
    rows = []
    for record in raw["candidates"]:
        result = record["result"]
        speed = f"{result['rate']:.1f}" if "rate" in result else f"failed: {result['error']}"
        memory = f"{result['peak_mb'] / 1000:.2f}" if "peak_mb" in result else "–"
        row = [record["part"], record["competitor"], configuration(record["options"])]
        rows.append([*row, speed, memory])
    head = ("part", "peer", "configuration", "tokens/s", "peak GB")
    return f"### Configurations tried\n\n{markdown(head, rows)}" if rows else ""


def spread(found: Spread | None, form: str = "{:.1f}", unit: float = 1.0) -> str:
    """Return `median [least, largest]`, in multiples of `unit`."""
    if found is None:
        return "–"
    least, middle, largest = (form.format(value / unit) for value in found)
    return middle if least == largest else f"{middle} [{least}, {largest}]"


if __name__ == "__main__":
    print_report(json.loads(Path(sys.argv[1]).read_text("utf-8")))
