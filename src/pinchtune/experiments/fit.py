"""When are few examples enough: a dose-response curve, k*, and what foretells a language's gain.

The curve is Emax, the usual one for doses: a + b d / (d + h), with the English arm a, the plateau
a + b, and h the dose that gives half of the gain. k* is the smallest dose from which on the curve
is within the noise of the plateau: half of the 95 % interval of the largest dose, over prompts and
seeds. Its interval comes from 1,000 resamples of prompts and of seeds, the curve being fitted
anew; with two or three seeds it is too narrow, since so few have few different resamples.

The predictor is a ridge regression on what is known before tuning, judged on languages that it
has not seen, one at a time. It is set beside the plainest guess, the mean of the others.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pinchtune.errors import UsageError
from pinchtune.experiments.board import Board, Point, better, shown
from pinchtune.languages import LANGUAGES
from pinchtune.stats import Array

HALVES = np.geomspace(0.5, 2000, 90)
"""Half doses that are tried."""
RESAMPLES = 1000
LEAST_DOSES = 4
LEAST_LANGUAGES = 5
RIDGE = 1.0
"""Penalty on standardised coefficients: a handful of languages bears few of them."""


class Curve(NamedTuple):
    """An Emax curve."""

    start: float
    gain: float
    half: float

    def enough(self, noise: float) -> float:
        """Return the dose from which on it is within `noise` of its plateau."""
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
    points = _dose_points(board)
    doses = np.array([float(p.arm.dose or 0) for p in points])
    if len(set(doses)) < LEAST_DOSES:
        raise UsageError(
            f"a dose curve needs {LEAST_DOSES} doses with scores, none among them; run R11 or R18"
        )
    tables = [board.tables(p, measure, board.groups[group]) for p in points]
    curve = fit_curve(doses, np.array([np.nanmean([np.nanmean(t) for t in ts]) for ts in tables]))
    last = board.estimate(points[int(np.argmax(doses))], measure, board.groups[group])
    if last is None:
        raise UsageError(f"no scores of {measure} in {group} languages; name another measure")
    noise = (shown(last).high - shown(last).low) / 2
    drawn = _resample(doses, tables, noise)
    low, high = np.percentile(drawn, [2.5, 97.5])
    return {
        "group": group,
        "curve": curve._asdict(),
        "plateau": curve.start + curve.gain,
        "noise": noise,
        "k_star": curve.enough(noise),
        "k_star_interval": [float(low), float(high)],
        "beyond_data": bool(curve.enough(noise) > doses.max()),
        "seed_spread": last.seed_spread if last.knows_seeds else None,
        "prompt_spread": last.prompt_spread if last.knows_seeds else None,
        "doses": {str(int(d)): len(p.arms) for d, p in zip(doses, points, strict=True)},
    }


def _dose_points(board: Board) -> list[Point]:
    """Return the points of the longest dose curve: one mode, one set of languages."""
    found: dict[str, list[Point]] = {}
    english = [p for p in board.points if not p.arm.untuned and p.arm.dose == 0]
    for p in board.points:
        if p.arm.dose and not p.arm.untuned:
            found.setdefault(p.arm.curve, []).append(p)
    longest = max(found.values(), key=len, default=[])
    start = [e for e in english if longest and e is board.control(longest[0])]
    return [*start, *longest]


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


class Known(NamedTuple):
    """What is known of a language before anything is tuned."""

    base_right: float
    """Answers of the untuned model in the right language, in percent."""
    script_in_mix: float
    """1 if a language of the pinch is written in its script."""
    family_in_mix: float
    bits: float | None
    """Bits per byte that references cost the untuned model; None without references."""


def fit_languages(board: Board, measure: str) -> dict[str, Any]:
    """Return how well the gain of a language is foretold by what is known before tuning."""
    points = _dose_points(board)
    base = board.untuned
    if base is None or len(points) < 2:
        raise UsageError("a predictor needs the untuned model and a dose curve; run R11")
    last = max(points, key=lambda p: p.arm.dose or 0)
    known: dict[str, Known] = {}
    gains: dict[str, float] = {}
    for code in board.languages:
        found = board.difference(last, points[0], measure, [code]) if code != "en" else None
        facts = _known(board, base, last, code)
        if found and facts:
            known[code], gains[code] = facts, better(measure) * found.these_seeds.value
    features = ["base_right", "script_in_mix", "family_in_mix"]
    without = leave_one_out([[getattr(known[c], f) for f in features] for c in gains], gains)
    with_bits = [c for c in gains if known[c].bits is not None]
    rows = [[*(getattr(known[c], f) for f in features), known[c].bits or 0.0] for c in with_bits]
    return {
        "dose": last.arm.dose,
        "gains": gains,
        "known": {code: facts._asdict() for code, facts in known.items()},
        "all_languages": without,
        "with_bits": leave_one_out(rows, {c: gains[c] for c in with_bits}),
    }


def _known(board: Board, base: Point, mixed: Point, code: str) -> Known | None:
    right = board.estimate(base, "right_language", [code])
    bits = board.estimate(base, "bits_per_byte", [code])
    if right is None:
        return None
    row = LANGUAGES[code]
    mix = [LANGUAGES[other] for other in (*mixed.arm.languages, "en")]
    return Known(
        right.these_seeds.value,
        float(any({*row.scripts} & {*other.scripts} for other in mix)),
        float(any(row.stock == other.stock for other in mix)),
        bits.these_seeds.value if bits else None,
    )


def leave_one_out(
    rows: Sequence[Sequence[float]], gains: dict[str, float]
) -> dict[str, Any] | None:
    """Return the mean error on a language that was left out, and that of the mean of the others.

    None for fewer than five languages, which cannot show anything.
    """
    if len(rows) < LEAST_LANGUAGES:
        return None
    x, y = np.array(rows, dtype=float), np.array([*gains.values()])
    kept = [np.arange(len(y)) != i for i in range(len(y))]
    guesses = np.array([_ridge(x[k], y[k], x[i]) for i, k in enumerate(kept)])
    plain = np.array([y[k].mean() for k in kept])
    return {
        "languages": len(y),
        "error": float(np.abs(guesses - y).mean()),
        "error_of_mean": float(np.abs(plain - y).mean()),
        "predicted": dict(zip(gains, guesses.round(3).tolist(), strict=True)),
    }


def _ridge(x: Array, y: Array, new: Array) -> float:
    """Return the prediction for `new` of a ridge regression on standardised features."""
    middle, scale = x.mean(axis=0), x.std(axis=0)
    scale[scale == 0] = 1.0
    z = (x - middle) / scale
    weights = np.linalg.solve(z.T @ z + RIDGE * np.eye(z.shape[1]), z.T @ (y - y.mean()))
    return float(y.mean() + ((new - middle) / scale) @ weights)


def fit_text(found: dict[str, Any]) -> str:
    """Return the fits in sentences."""
    lines = []
    for curve in found["curves"]:
        low, high = curve["k_star_interval"]
        beyond = " (beyond the largest dose: a guess)" if curve["beyond_data"] else ""
        lines.append(
            f"{curve['group']}: from {curve['curve']['start']:.1f} without a pinch to a plateau of "
            f"{curve['plateau']:.1f}, half of it at {curve['curve']['half']:.0f} examples; within "
            f"the noise of the plateau ({curve['noise']:.1f}) from {curve['k_star']:.0f} examples "
            f"on [{low:.0f}, {high:.0f}]{beyond}"
        )
    for name, fit in (("all languages", "all_languages"), ("those with references", "with_bits")):
        one = found["languages"][fit] if found["languages"] else None
        if one:
            verdict = "better" if one["error"] < one["error_of_mean"] else "no better"
            lines.append(
                f"gain of a language that was left out, {name} ({one['languages']}): off by "
                f"{one['error']:.1f} points, {verdict} than the mean of the others "
                f"({one['error_of_mean']:.1f})"
            )
    return "\n".join(
        [*lines, "so few languages show little: read the errors, not the coefficients"]
    )
