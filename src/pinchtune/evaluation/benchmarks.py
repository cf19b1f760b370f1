"""Public benchmarks beside each other: what each arm got, and the difference with its interval.

Both arms saw the same rows, so their difference is a paired one. Benchmarks decide nothing: go
and no-go rest on the rule that was fixed beforehand.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from pinchtune.model.harness import Figure, Measured
from pinchtune.stats import ClusteredScores, Resamples

Json = dict[str, Any]
ONE = "all"
"""The one language that the rows of a task are taken to be in."""


def compare(arms: Mapping[str, Measured], resamples: int, seed: int) -> list[Json]:
    """Return a row for each metric that all arms have; the last arm minus the control."""
    found = {arm: {_key(f): f for f in measured.figures} for arm, measured in arms.items()}
    first, *others = found.values()
    shared = [key for key in first if all(key in other for other in others)]
    return [_row(key, arms, found, resamples, seed) for key in shared]


def _key(figure: Figure) -> tuple[str, str, str]:
    return figure[:3]


def _row(
    key: tuple[str, str, str],
    arms: Mapping[str, Measured],
    found: Mapping[str, Mapping[tuple[str, str, str], Figure]],
    resamples: int,
    seed: int,
) -> Json:
    figures = {arm: by_key[key] for arm, by_key in found.items()}
    last = list(figures)[-1]
    facts = figures[last]
    return {
        **{name: getattr(facts, name) for name in ("task", "metric", "filter", "better")},
        **{name: getattr(facts, name) for name in ("version", "rows", "shots")},
        "arms": {arm: {"value": f.value, "error": f.error} for arm, f in figures.items()},
        "difference": _difference(key, arms, figures, resamples, seed),
    }


def _difference(
    key: tuple[str, str, str],
    arms: Mapping[str, Measured],
    figures: Mapping[str, Figure],
    resamples: int,
    seed: int,
) -> Json | None:
    """Return the paired difference; None where a metric is no mean over rows that all have."""
    control, last = _compared(list(figures))
    scores = [_by_row(arms[arm], key) for arm in (control, last)]
    rows = sorted(scores[0], key=int)
    means = (figures[arm].value for arm in (control, last))
    if len(rows) < 2 or scores[0].keys() != scores[1].keys():
        return None
    if any(not math.isclose(_mean(s), m, abs_tol=1e-9) for s, m in zip(scores, means)):
        return None
    drawn, languages = Resamples(rows, resamples, seed), [ONE] * len(rows)
    before, after = (ClusteredScores(drawn, [s[r] for r in rows], rows, languages) for s in scores)
    return after.difference(before).to_json()


def _compared(arms: Sequence[str]) -> tuple[str, str]:
    """Return the arm without the pinch and the one with it: the untuned model may precede them."""
    return arms[-2] if len(arms) > 1 else arms[0], arms[-1]


def _by_row(measured: Measured, key: tuple[str, str, str]) -> dict[str, float]:
    return {str(score.row): score.value for score in measured.scores if score[:3] == key}


def _mean(scores: Mapping[str, float]) -> float:
    return sum(scores.values()) / len(scores)
