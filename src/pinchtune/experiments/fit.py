"""When are few examples enough: a dose-response curve and k*.

The curve is Emax, the usual one for doses: a + b d / (d + h), with the English arm a, the plateau
a + b, and h the dose that gives half of the gain. k* is the smallest dose from which on the curve
is within the noise of the plateau: half of the 95 % interval of the largest dose, over prompts and
seeds. Its interval comes from 1,000 resamples of prompts and of seeds, the curve being fitted
anew; with two or three seeds it is too narrow, since so few have few different resamples.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pinchtune.errors import UsageError
from pinchtune.experiments.board import Board, Point, shown
from pinchtune.stats import Array

HALVES = np.geomspace(0.5, 2000, 90)
"""Half doses that are tried."""
RESAMPLES = 1000
LEAST_DOSES = 4


class Curve(NamedTuple):
    """An Emax curve."""

    start: float
    gain: float
    half: float

    def enough(self, noise: float) -> float:
        """Return the dose from which on it is within `noise` of its plateau; infinite for none."""
        gain = abs(self.gain)
        return self.half * max(0.0, gain - noise) / noise if noise > 0 else math.inf


def fit_curve(doses: Array, values: Array) -> Curve:
    """Return the Emax curve of least squares: half doses are tried, the rest is linear."""
    shapes = doses / (doses + HALVES[:, None])
    centred = shapes - shapes.mean(axis=1, keepdims=True)
    away = values - values.mean()
    gains = (centred * away).sum(axis=1) / (centred**2).sum(axis=1)
    errors = ((away - gains[:, None] * centred) ** 2).sum(axis=1)
    best = int(np.argmin(errors))
    start = float(values.mean() - gains[best] * shapes[best].mean())
    return Curve(start, float(gains[best]), float(HALVES[best]))


def fit_dose(board: Board, measure: str, group: str) -> dict[str, Any]:
    """Return curve and k* of a group of languages; UsageError for too few doses."""
    scored = [
        (point, seeds)
        for point in dose_points(board)
        if (seeds := _known(board.tables(point, measure, board.groups[group])))
    ]
    points, tables = [point for point, _ in scored], [seeds for _, seeds in scored]
    doses = np.array([float(p.arm.dose or 0) for p in points])
    if len(set(doses)) < LEAST_DOSES:
        raise UsageError(
            f"a dose curve needs {LEAST_DOSES} doses with scores of {measure} in {group} "
            "languages, none among them; run R11 or R18"
        )
    if min(doses) > 0:
        raise UsageError(
            "a dose curve begins at dose 0, the English arm that its arms are compared with, and "
            "that one has no scores; add it to the recipe, or run it"
        )
    curve = fit_curve(doses, np.array([np.nanmean([np.nanmean(t) for t in ts]) for ts in tables]))
    last = board.estimate(points[int(np.argmax(doses))], measure, board.groups[group])
    assert last
    noise = (shown(last).high - shown(last).low) / 2
    known = noise > 0 and math.isfinite(noise)
    return {
        "group": group,
        "curve": curve._asdict(),
        "plateau": curve.start + curve.gain,
        "noise": noise if known else None,
        "k_star": curve.enough(noise) if known else None,
        "k_star_interval": _interval(doses, tables, noise) if known else None,
        "beyond_data": bool(known and curve.enough(noise) > doses.max()),
        "seed_spread": last.seed_spread if last.knows_seeds else None,
        "prompt_spread": last.prompt_spread if last.knows_seeds else None,
        "doses": {str(int(d)): len(p.arms) for d, p in zip(doses, points, strict=True)},
    }


def dose_points(board: Board) -> list[Point]:
    """Return the points of the longest dose curve: one mode, one set of languages."""
    found: dict[str, list[Point]] = {}
    english = [p for p in board.points if not p.arm.untuned and p.arm.dose == 0]
    for p in board.points:
        if p.arm.dose and not p.arm.untuned:
            found.setdefault(p.arm.curve, []).append(p)
    longest = max(found.values(), key=len, default=[])
    start = [e for e in english if longest and e is board.control(longest[0])]
    return [*start, *longest]


def _known(tables: Sequence[Array]) -> list[Array]:
    """Return the seeds in which something was scored."""
    return [table for table in tables if not np.isnan(table).all()]


def _interval(doses: Array, tables: Sequence[Sequence[Array]], noise: float) -> list[float]:
    low, high = np.percentile(_resample(doses, tables, noise), [2.5, 97.5])
    return [float(low), float(high)]


def _resample(doses: Array, tables: Sequence[Sequence[Array]], noise: float) -> Array:
    """Return k* of resampled prompts and seeds."""
    rng = np.random.default_rng(0)
    clusters = len(tables[0][0])
    drawn = []
    for _ in range(RESAMPLES):
        weight = np.bincount(rng.integers(clusters, size=clusters), minlength=clusters)
        values = [
            np.mean([_mean(ts[i], weight) for i in rng.integers(len(ts), size=len(ts))])
            for ts in tables
        ]
        drawn.append(fit_curve(doses, np.array(values)).enough(noise))
    return np.array(drawn)


def _mean(table: Array, weight: Array | NDArray[np.intp]) -> float:
    known = ~np.isnan(table)
    return float((table[known] * weight[known]).sum() / max(1, weight[known].sum()))


def curve_lines(curves: Sequence[dict[str, Any]]) -> list[str]:
    """Return a sentence for each curve."""
    return [
        f"{curve['group']}: from {curve['curve']['start']:.1f} without a pinch to a plateau of "
        f"{curve['plateau']:.1f}, half of it at {curve['curve']['half']:.0f} examples; "
        + _enough_text(curve)
        for curve in curves
    ]


def _enough_text(curve: dict[str, Any]) -> str:
    if curve["k_star"] is None:
        return "how many are enough is not known: the largest dose has no interval"
    low, high = curve["k_star_interval"]
    beyond = " (beyond the largest dose: a guess)" if curve["beyond_data"] else ""
    return (
        f"within the noise of the plateau ({curve['noise']:.1f}) from {curve['k_star']:.0f} "
        f"examples on [{low:.0f}, {high:.0f}]{beyond}"
    )
