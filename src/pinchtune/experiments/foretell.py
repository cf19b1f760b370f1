"""What foretells the gain of a language, known before anything is tuned.

A ridge regression on a few features, judged on languages that it has not seen, one at a time, and
set beside the plainest guess, the mean of the others.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from pinchtune.advice.facts import LanguageFacts
from pinchtune.errors import UsageError
from pinchtune.experiments.board import Board, Point, better
from pinchtune.experiments.fit import dose_points
from pinchtune.languages import LANGUAGES
from pinchtune.stats import Array

LEAST_LANGUAGES = 5
RIDGE = 1.0
"""Penalty on standardised coefficients: a handful of languages bears few of them."""


class Known(NamedTuple):
    """What is known of a language before anything is tuned; None where it was not measured."""

    base_right: float
    """Answers of the untuned model in the right language, in percent."""
    script_in_mix: float
    """1 if a language of the pinch is written in its script."""
    family_in_mix: float
    bits: float | None
    """Bits per byte that references cost the untuned model."""
    mexa: float | None
    """How close the base lays it to English."""
    premium: float | None
    """Tokens of a text over those of the same text in English: the tokenizer's fertility."""
    parity: float | None
    """Bits of English texts over the bits of the same texts in it."""


ALWAYS = ("base_right", "script_in_mix", "family_in_mix")
FEATURES = {
    "all_languages": ALWAYS,
    "with_bits": (*ALWAYS, "bits"),
    "with_facts": (*ALWAYS, "mexa", "premium", "parity"),
}
"""The sets of features that are tried, by their names in the result."""
TITLES = {
    "all_languages": "answers of the untuned model, script and family",
    "with_bits": "the same and the bits of references",
    "with_facts": "the same and MEXA, fertility and parity",
}


def foretell(board: Board, measure: str, facts: Mapping[str, LanguageFacts]) -> dict[str, Any]:
    """Return how well the gain of a language is foretold; UsageError without an untuned arm."""
    points = dose_points(board)
    base = board.untuned
    if base is None or len(points) < 2:
        raise UsageError("a predictor needs the untuned model and a dose curve; run R11")
    last = max(points, key=lambda p: p.arm.dose or 0)
    known: dict[str, Known] = {}
    gains: dict[str, float] = {}
    for code in board.languages:
        found = board.difference(last, points[0], measure, [code]) if code != "en" else None
        row = _known(board, base, last, facts.get(code, LanguageFacts(code)))
        if found and row:
            known[code], gains[code] = row, better(measure) * found.these_seeds.value
    return {
        "dose": last.arm.dose,
        "gains": gains,
        "known": {code: row._asdict() for code, row in known.items()},
        **{name: _judge(known, gains, names) for name, names in FEATURES.items()},
    }


def _known(board: Board, base: Point, mixed: Point, facts: LanguageFacts) -> Known | None:
    right = board.estimate(base, "right_language", [facts.code])
    bits = board.estimate(base, "bits_per_byte", [facts.code])
    if right is None:
        return None
    row = LANGUAGES[facts.code]
    mix = [LANGUAGES[other] for other in (*mixed.arm.languages, "en")]
    return Known(
        right.these_seeds.value,
        float(any({*row.scripts} & {*other.scripts} for other in mix)),
        float(any(row.stock == other.stock for other in mix)),
        bits.these_seeds.value if bits else None,
        facts.mexa,
        facts.premium,
        facts.parity,
    )


def _judge(
    known: Mapping[str, Known], gains: Mapping[str, float], names: Sequence[str]
) -> dict[str, Any] | None:
    """Judge a set of features on the languages of which all of them are known."""
    rows = {code: [getattr(row, name) for name in names] for code, row in known.items()}
    whole = {code: row for code, row in rows.items() if None not in row}
    return leave_one_out([*whole.values()], {code: gains[code] for code in whole})


def leave_one_out(
    rows: Sequence[Sequence[float]], gains: Mapping[str, float]
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


def foretell_lines(found: Mapping[str, Any]) -> list[str]:
    """Return a sentence for each set of features that could be judged."""
    lines = []
    for name, title in TITLES.items():
        if one := found[name]:
            verdict = "better" if one["error"] < one["error_of_mean"] else "no better"
            lines.append(
                f"gain of a language that was left out, from {title} ({one['languages']} "
                f"languages): off by {one['error']:.1f} points, {verdict} than the mean of the "
                f"others ({one['error_of_mean']:.1f})"
            )
    return lines
