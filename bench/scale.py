"""The tables of docs/scale.md: what arithmetic foretells, beside what was measured.

`python -m bench.scale` prints them; a second, nothing is loaded. A test compares the page.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from pinchtune.stages.scale import Forecast, forecast
from pinchtune.training.arithmetic import Run, find_device, find_shape

RESULTS = Path(__file__).parent / "results"
SMALL, GB, HOUR = "gemma-3-270m", 1e9, 3600.0
TOKENS = 1e6
"""What the times of the second table are of."""


class Measured(NamedTuple):
    """A tuning run that was measured: a file of bench/results, and a part of it."""

    file: str
    part: str
    method: str
    beside: bool = True
    """False for a run of before halves of a step were computed beside each other."""


MEASURED = (
    Measured("fifth", "tune-lora", "lora"),
    Measured("fourth", "tune-lora", "lora", beside=False),
    Measured("third", "tune-full", "full"),
)
LORA, FULL = Run(), Run("full")
CASES = (
    ("llama-3.2-1b", LORA),
    ("llama-3.2-1b", FULL),
    ("llama-3.1-8b", LORA),
    ("llama-3.1-8b", replace(LORA, processes=8)),
    ("llama-3.1-8b", FULL),
    ("llama-3.1-8b", replace(FULL, processes=8, split=True)),
    ("llama-3.1-70b", LORA),
    ("llama-3.1-70b", replace(LORA, tokens=1024, processes=8, split=True)),
    ("llama-3.1-70b", replace(LORA, tokens=1024, processes=16, machines=2, split=True)),
    ("llama-3.1-70b", replace(FULL, tokens=1024, processes=16, machines=2, split=True)),
    ("llama-3.1-70b", replace(FULL, tokens=1024, processes=64, machines=8, split=True)),
)


def main() -> None:
    """Print both tables."""
    print("\n".join([*check_table(), "", *forecast_table()]))


def check_table() -> Iterator[str]:
    """Yield the rows of arithmetic beside measurement, for the model that was measured."""
    yield "| run | tokens/s: foretold | measured | error | memory: foretold | measured | error |"
    yield "| --- | --- | --- | --- | --- | --- | --- |"
    for case in MEASURED:
        facts, rate = read(case)
        found = forecast_measured(case, rate, facts["tokens"])
        told, held = facts["tokens"] / found.seconds, found.memory.total
        speed, peak = facts["rate"], facts["peak_mb"] * 1e6
        yield (
            f"| {case.method} ({case.file}.json) | {told:.0f} | {speed:.0f} | {error(told, speed)}"
            f" | {held / GB:.1f} GB | {peak / GB:.1f} GB | {error(held, peak)} |"
        )


def read(case: Measured) -> tuple[dict[str, Any], float]:
    """Return what was measured, and the rate of matrix products on that day."""
    rows = json.loads((RESULTS / f"{case.file}.json").read_text("utf-8"))["measurements"]
    own = [r["result"] for r in rows if r["competitor"] in ("pinchtune", "machine")]
    parts = dict(zip((r["part"] for r in rows if r["competitor"] in ("pinchtune", "machine")), own))
    return parts[case.part], float(parts["bound"]["bfloat16"])


def forecast_measured(case: Measured, rate: float, tokens: float) -> Forecast:
    """Return what arithmetic says of a measured run, on a machine with this rate."""
    device = replace(find_device("two-cores"), flops=rate)
    device = device if case.beside else replace(device, beside=1.0)
    run = Run("lora" if case.method == "lora" else "full")
    return forecast(find_shape(SMALL), device, run, tokens)


def error(told: float, measured: float) -> str:
    """Return how far off a forecast was, in percent."""
    return f"{100 * (told / measured - 1):+.0f} %".replace("-", "−")


def forecast_table() -> Iterator[str]:
    """Yield the rows of what large models take on H100s."""
    parts = "weights, gradients, moments | activations | of the moment"
    yield f"| model | tuned | GPUs | {parts} | **a GPU** | logits avoided | a million tokens |"
    yield "| --- | --- | --- | --- | --- | --- | --- | --- | --- |"
    for name, run in CASES:
        found = forecast(find_shape(name), find_device("h100"), run, TOKENS)
        m = found.memory
        state = m.weights + m.gradients + m.moments
        fits = "" if found.fits else ", does not fit"
        yield (
            f"| {name} | {run.method} | {_gpus(run)} | {_gb(state)} | {_gb(m.activations)}"
            f" | {_gb(m.passing)} | **{_gb(m.total)}{fits}** | {_gb(found.avoided)}"
            f" | {_time(found.seconds)} |"
        )


def _gpus(run: Run) -> str:
    if run.processes == 1:
        return "1"
    where = f" in {run.machines} machines" if run.machines > 1 else ""
    small = f", {run.tokens} tokens a micro-batch" if run.tokens != LORA.tokens else ""
    return f"{run.processes}{where}, {'split' if run.split else 'whole'}{small}"


def _gb(value: float) -> str:
    return f"{value / GB:.1f} GB" if value < 100 * GB else f"{value / GB:,.0f} GB"


def _time(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 600 else f"{seconds / 60:.0f} min"


if __name__ == "__main__":
    main()
