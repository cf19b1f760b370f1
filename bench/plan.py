"""What is measured: the parts, who competes in each, and the configurations to choose from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from bench.common import BenchError

PARTS = ("bound", "tune-lora", "tune-full", "generate", "score", "profile", "growth", "demo")
OURS = "pinchtune"
LLAMA = tuple(f"llama.cpp {kind}" for kind in ("bf16", "q8_0", "q4_k_m"))
CANDIDATE_STEPS = 5
"""Steps, the warm-up included, that choose a peer's configuration."""
ONCE = ("profile", "growth", "demo")
"""Parts that are measured in the first round only."""


@dataclass(frozen=True)
class Measurement:
    """One process that measures one thing once."""

    part: str
    competitor: str
    module: str
    """The module of this folder that measures it."""
    options: dict[str, Any]
    peers: bool = False
    """True if it runs in the peers' environment."""
    guess: float = 120.0
    """Seconds that it may take, before anything is known."""

    @property
    def name(self) -> str:
        """What the progress line calls it."""
        kind = " ".join(f"{k}={v}" for k, v in self.options.items() if k in SHOWN)
        return f"{self.part}, {self.competitor}" + (f" ({kind})" if kind else "")


SHOWN = (
    "method",
    "weights",
    "adapters",
    "autocast",
    "batch",
    "heap",
    "compile",
    "slots",
    "engine",
    "tokens",
    "rows",
)
Options = list[dict[str, Any]]


def _tune_options(method: str, compiled: bool) -> Options:
    """Return the number formats and batch shapes that a peer's tuning may be run in."""
    # Plain float32 is left out: its product is two to six times slower (part `bound`).
    shapes = [("bfloat16", False, 8), ("bfloat16", False, 4), ("float32", True, 8)]
    found: Options = [
        {"weights": w, "autocast": a, "batch": b, "adapters": w, "compile": False, "heap": True}
        for w, a, b in shapes
    ]
    found.insert(1, {**found[0], "heap": False})
    if method == "lora":
        found.insert(2, {**found[0], "adapters": "float32"})
    return [*found, {**found[0], "compile": True}] if compiled else found


def candidates(part: str, competitor: str, compiled: bool = True) -> list[Measurement]:
    """Return the configurations of a peer to choose from, the likeliest first."""
    if part in ("tune-lora", "tune-full") and competitor in ("transformers", "trl"):
        method = part.removeprefix("tune-")
        fixed = {"trainer": competitor, "method": method}
        choices = [{**fixed, **o} for o in _tune_options(method, compiled)]
        module, guess = "peer_tune", 150.0
    elif part == "generate" and competitor == "transformers":
        choices = [{"engine": "generate", "weights": "bfloat16", "batch": n} for n in (32, 16, 64)]
        choices.append({**choices[0], "engine": "continuous"})
        module, guess = "peer_generate", 150.0
    elif part == "generate" and competitor in LLAMA:
        kind = competitor.removeprefix("llama.cpp ")
        choices = [{"weights": kind, "slots": n} for n in (16, 32)]
        module, guess = "peer_llama", 100.0
    elif part == "score" and competitor == "transformers":
        choices = [{"weights": "bfloat16", "batch": n} for n in (4, 8, 16)]
        module, guess = "peer_score", 120.0
    else:
        raise BenchError(f"{competitor} has nothing to choose in {part}")
    return [Measurement(part, competitor, module, o, True, guess) for o in choices]


def shortened(measurement: Measurement) -> Measurement:
    """Return a candidate with only as many steps as it takes to choose."""
    if not measurement.part.startswith("tune-"):
        return measurement
    return replace(measurement, options={**measurement.options, "steps": CANDIDATE_STEPS})


def choosers(part: str) -> tuple[str, ...]:
    """Return the peers of a part that have a configuration to choose."""
    return {
        "tune-lora": ("transformers", "trl"),
        "tune-full": ("transformers", "trl"),
        "generate": ("transformers", *LLAMA),
        "score": ("transformers",),
    }.get(part, ())


def fixed(part: str, long: bool) -> list[Measurement]:
    """Return the measurements of a part that have nothing to choose, pinchtune's first."""
    if part.startswith("tune-"):
        method = part.removeprefix("tune-")
        default = {"trainer": "trl-default", "method": method}
        return [
            Measurement(part, OURS, "ours", {"work": "tune", "method": method}),
            Measurement(part, "trl-default", "peer_tune", default, True, 600.0),
        ]
    if part in ("generate", "score"):
        return [Measurement(part, OURS, "ours", {"work": part})]
    if part == "bound":
        return [Measurement(part, "machine", "bound", {}, guess=15.0)]
    if part == "profile":
        methods = ("lora", "full")
        return [Measurement(part, OURS, "profile", {"method": m}, guess=60.0) for m in methods]
    if part == "demo":
        return [Measurement(part, OURS, "demo", {}, guess=600.0)]
    return _growth(long)


def _growth(long: bool) -> list[Measurement]:
    tokens = (10_000, 100_000, 1_000_000) if long else (10_000, 100_000)
    return [
        *(Measurement("growth", OURS, "growth", {"tokens": n}, guess=n / 250) for n in tokens),
        *(Measurement("growth", OURS, "growth", {"rows": n}) for n in (100, 1_000, 10_000)),
    ]


def pick_parts(only: str) -> list[str]:
    """Return the parts named in `a,b`, all for nothing; BenchError for an unknown one."""
    wanted = [name.strip() for name in only.split(",") if name.strip()]
    for name in wanted:
        if name not in PARTS:
            raise BenchError(f"unknown part {name!r}; use some of: {', '.join(PARTS)}")
    return [name for name in PARTS if not wanted or name in wanted]


def order_rounds(measurements: Sequence[Measurement], rounds: int) -> list[tuple[int, Measurement]]:
    """Return (round, measurement) in order: A B C, A B C …, so that all see the same weather."""
    return [
        (turn, m)
        for turn in range(1, rounds + 1)
        for m in measurements
        if turn == 1 or m.part not in ONCE
    ]
