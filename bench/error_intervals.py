"""How often intervals hold the truth, in made-up studies: rows for `bench.error_rates`."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import product
from typing import get_args

import numpy as np

from bench.error_studies import Row, Setting, bootstraps, draw_tables, share
from pinchtune.stats import (
    LEVEL,
    METHOD,
    NEUTRAL,
    Array,
    ClusteredScores,
    Estimate,
    MeanSquares,
    Method,
    Resamples,
    Shape,
    draw_by_language,
    draw_scores,
    mean_squares,
    shrink,
)
from pinchtune.stats.distributions import student_quantile

METHODS: tuple[Method, ...] = get_args(Method)
SETTINGS = tuple(
    Setting(prompts, *rest)
    for prompts in (24, 40, 100)
    for rest in (
        (1, 0.0, 0.3, 0.0),
        (1, 0.0, 0.3, 20.0),
        (4, 0.3, 0.3, 0.0),
        (4, 0.3, 0.3, 20.0),
        (8, 0.3, 0.3, 10.0),
        (12, 0.1, 0.5, 10.0),
        (12, 0.6, 0.3, 20.0),
        (8, 0.3, 0.9, 4.5),
        (1, 0.0, 0.9, 4.5),
    )
)


def coverage(studies: int, seed: int) -> Iterator[Row]:
    """How often each 95 % interval holds the true win rate; too low and too high apart."""
    for place, setting in enumerate(SETTINGS):
        tables = draw_tables(setting.assume(), setting.prompts, studies, seed + place)
        found = [[b.estimate(m) for m in METHODS] for b in bootstraps(tables, seed)]
        truth = NEUTRAL + setting.effect
        for method, estimates in zip(METHODS, zip(*found)):
            low, high = np.array([e[1:3] for e in estimates]).T
            yield setting._asdict() | {"method": method} | _held(low, high, truth)


def _held(low: Array, high: Array, truth: float) -> Row:
    above, below = low > truth + 1e-9, high < truth - 1e-9
    return {
        "holds": share(~above & ~below),
        "above": round(100 * float(above.mean()), 2),
        "below": round(100 * float(below.mean()), 2),
        "width": round(float(np.median(high - low)), 2),
    }


SEEDS = tuple(product((2, 3, 5), (24, 100), (1, 8), (0.1, 0.5), (0.0, 3.0, 8.0)))
"""Seeds, prompts, languages, correlation over seeds, spread between seeds."""


def seeds(studies: int, seed: int) -> Iterator[Row]:
    """How often intervals over seeds hold the true win rate of the recipe."""
    for number, prompts, languages, lasting, spread in SEEDS:
        setting = Setting(prompts, languages, 0.3, 0.3, 10.0)
        tables = draw_scores(
            setting.assume(seed_correlation=lasting, seed_spread=spread),
            Shape(studies, number, prompts),
            np.random.default_rng(seed),
        )
        row = {
            "seeds": number,
            "prompts": prompts,
            "languages": languages,
            "seed correlation": lasting,
            "spread": spread,
        }
        for method, (low, high) in _seed_intervals(tables, seed).items():
            yield row | {"method": method} | _held(low, high, NEUTRAL + setting.effect)


def _seed_intervals(tables: Array, seed: int) -> dict[str, tuple[Array, Array]]:
    squares = mean_squares(tables)
    halves = {
        "prompts alone": half_width(squares, both=False),
        "Satterthwaite": half_width(squares, both=True),
        "variance recovery": _recovered(squares),
    }
    found = {name: (squares.mean - half, squares.mean + half) for name, half in halves.items()}
    return found | {"bootstrap of both": _bootstrap_both(tables, seed)}


def half_width(squares: MeanSquares, *, both: bool) -> Array:
    """Return half the width of 95 % intervals over seeds and prompts, or prompts alone."""
    sure = squares.uncertainty(both=both)
    degrees = np.broadcast_to(sure.df, sure.error.shape)
    # Rounded, so that most of the quantiles are known already.
    t = np.array([student_quantile(1 - LEVEL, round(float(n), 1)) for n in degrees])
    half: Array = t * sure.error
    return half


def _recovered(squares: MeanSquares) -> Array:
    """Half widths whose squares are the sums of those of seeds and of prompts (Zou, Donner)."""
    s, k = squares.shape
    by_seed, by_prompt = (student_quantile(1 - LEVEL, n - 1) ** 2 for n in (s, k))
    square = np.maximum(by_seed * squares.seeds, by_prompt * squares.rest)
    square += by_prompt * np.maximum(squares.prompts - squares.rest, 0)
    half: Array = np.sqrt(square / (s * k))
    return half


def _bootstrap_both(tables: Array, seed: int, count: int = 500) -> tuple[Array, Array]:
    """Percentiles of means over resampled seeds and resampled prompts (Owen 2007)."""
    rng = np.random.default_rng(seed)
    s, k = tables.shape[1:]
    by_seed, by_prompt = (rng.multinomial(n, np.full(n, 1 / n), count) / n for n in (s, k))
    drawn = np.einsum("bs,nsk,bk->nb", by_seed, tables, by_prompt, optimize=True)
    low, high = np.quantile(drawn, (LEVEL, 1 - LEVEL), axis=1)
    return low, high


def shrinkage(studies: int, seed: int) -> Iterator[Row]:
    """How often a language's interval holds its own win rate, and how far off its value is."""
    for prompts, spread in ((24, 0.0), (24, 4.0), (24, 10.0), (100, 4.0)):
        languages = 8
        rng = np.random.default_rng(seed)
        own = np.clip(rng.normal(0, spread, (languages, studies, 1, 1)), -25, 25)
        drawn = draw_by_language(
            Setting(prompts, languages, 0.3, 0.3, 8.0).assume(),
            Shape(studies, 1, prompts),
            rng,
            list(own),
        )
        verdicts = np.stack([scores[:, 0] for scores in drawn], axis=1)
        truth = NEUTRAL + 8 + own[:, :, 0, 0].T
        raw, shrunken = zip(*(_both_ways(study) for study in verdicts))
        shape = {"prompts": prompts, "languages": languages, "spread": spread}
        for name, found in (("alone", raw), ("shrunken", shrunken)):
            values, low, high = np.moveaxis(np.array(found)[:, :, :3], 2, 0)
            hits = ((low <= truth) & (truth <= high)).mean(axis=1)
            off = math.sqrt(float(((values - truth) ** 2).mean()))
            width = round(float(np.median(high - low)), 2)
            rates = {"holds": share(hits), "off": round(off, 2), "width": width}
            yield shape | {"way": name} | rates


def _both_ways(verdicts: Array) -> tuple[list[Estimate], list[Estimate]]:
    """Return the estimates of the languages of one study, each alone and shrunken."""
    languages, prompts = verdicts.shape
    codes = [f"{i:02}" for i in range(languages)]
    names = [f"{k:03}" for k in range(prompts)]
    scores = ClusteredScores(
        Resamples(names, 500),
        verdicts.ravel().tolist(),
        names * languages,
        np.repeat(codes, prompts).tolist(),
    )
    alone = [scores.estimate([code], METHOD) for code in codes]
    values = [estimate.value for estimate in alone]
    group = shrink(values, scores.covariance(codes), [prompts] * languages, draws=1000)
    return alone, list(group.languages)
