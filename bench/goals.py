"""The goals of the benchmark beside what was reached."""

from __future__ import annotations

from collections.abc import Sequence

from bench.figures import Figures, Spread
from bench.plan import LLAMA, OURS

BEST = ("transformers", "trl")
DEFAULT = "trl-default"
COMPARABLE = LLAMA[:2]
"""llama.cpp at 16 and at 8 bits; four bits are no comparable precision."""
DEMO_SECONDS = 8 * 60
FLAT = 0.1
"""How far tokens per second, or a peak, may move with size and still be called flat."""


def goal_rows(figures: Figures) -> list[list[str]]:
    """Return (what, against, goal, reached, met) for every goal."""
    rows = []
    for part, what, times in (
        ("tune-lora", "tuning, LoRA r 16", 5),
        ("tune-full", "tuning, full", 4),
    ):
        best = figures.fastest(part, BEST)
        rows.append(at_least(what, f"best peer: {best or '–'}", times, figures.ratio(part, best)))
        rows.append(at_least(what, "TRL as it comes", 20, figures.ratio(part, DEFAULT)))
        if part == "tune-lora":
            rows.append(_bound_row(figures, part, what))
    for part, what in (("tune-lora", "LoRA"), ("tune-full", "full")):
        lean = figures.leanest(part, BEST)
        name = f"leanest of the best peers: {lean or '–'}"
        share = figures.ratio(part, lean, "peak_mb")
        rows.append(at_most(f"peak memory of tuning, {what}", name, 0.5, share))
    rows.append(_answering_row(figures, ("transformers",), 5))
    rows.append(_answering_row(figures, COMPARABLE, 1.5))
    scoring = figures.ratio("score", "transformers")
    rows.append(at_least("scoring references", "plain forward, all logits", 4, scoring))
    return [*rows, _demo_row(figures), _time_row(figures), _memory_row(figures)]


def at_least(what: str, against: str, goal: float, found: Spread | None) -> list[str]:
    """Return the row of a ratio that should be large; the median decides."""
    met = found is not None and found.middle >= goal
    return [what, against, f"≥ {goal:g}×", show(found), verdict(found, met)]


def at_most(what: str, against: str, goal: float, found: Spread | None) -> list[str]:
    """Return the row of a ratio that should be small; the median decides."""
    met = found is not None and found.middle <= goal
    return [what, against, f"≤ {goal:g}×", show(found), verdict(found, met)]


def show(found: Spread | None) -> str:
    """Return a ratio as `median [least, largest] ×`."""
    if found is None:
        return "not measured"
    if found.least == found.largest:
        return f"{found.middle:.2f}×"
    return f"{found.middle:.2f}× [{found.least:.2f}, {found.largest:.2f}]"


def verdict(found: object | None, met: bool) -> str:
    """Return `yes`, `no`, or a dash where nothing was measured."""
    return "–" if found is None else "yes" if met else "no"


def _bound_row(figures: Figures, part: str, what: str) -> list[str]:
    share = figures.bound_share(part)
    text = "not measured" if share is None else f"{share.middle:.0%} of {figures.bound(part):.0f}/s"
    met = share is not None and share.middle >= 0.5
    return [what, "rate of the matrix product", "≥ 50 %", text, verdict(share, met)]


def _answering_row(figures: Figures, names: Sequence[str], goal: float) -> list[str]:
    best = figures.fastest("generate", names)
    name = best or names[0].split()[0]
    return at_least(
        "answering prompts", f"{name}, best batch", goal, figures.ratio("generate", best)
    )


def _demo_row(figures: Figures) -> list[str]:
    found = figures.spread("demo", OURS, "seconds")
    text = f"{found.middle / 60:.1f} min" if found else "not measured"
    met = found is not None and found.middle <= DEMO_SECONDS
    return ["whole demo", "–", "≤ 8 min", text, verdict(found, met)]


def _time_row(figures: Figures) -> list[str]:
    runs = figures.growth("tokens")
    text, met = flatness([r["rate"] for r in runs], "{:.0f}", " tokens/s")
    sizes = " to ".join(f"{r['all_tokens']:,}" for r in (*runs[:1], *runs[-1:]))
    return ["tuning time is linear", f"{sizes or '–'} tokens", "flat tokens/s", text, met]


def _memory_row(figures: Figures) -> list[str]:
    runs = figures.growth("rows")
    text, met = flatness([r["peak_mb"] / 1000 for r in runs], "{:.2f}", " GB")
    sizes = " to ".join(f"{r['examples']:,}" for r in (*runs[:1], *runs[-1:]))
    return ["memory is flat", f"{sizes or '–'} examples", "flat peak", text, met]


def flatness(values: Sequence[float], form: str, unit: str) -> tuple[str, str]:
    """Return the values as text and whether the last is within a tenth of the first."""
    if len(values) < 2:
        return "not measured", "–"
    text = " → ".join(form.format(value) for value in values) + unit
    return text, "yes" if abs(values[-1] / values[0] - 1) <= FLAT else "no"
