"""How often decisions err, in made-up studies: rows for `bench.error_rates`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product

import numpy as np

from bench.error_intervals import half_width
from bench.error_studies import Row, Setting, bootstraps, draw_tables, share
from pinchtune.evaluation.decision import decide
from pinchtune.stats import (
    LEVEL,
    METHOD,
    NEUTRAL,
    Array,
    Bootstrap,
    Estimate,
    Method,
    Shape,
    draw_by_language,
    draw_scores,
    fixed_sequence,
    holm,
    mean_squares,
    non_inferiority,
    sign_flip_test,
)

MARGIN = 10.0
GATES = (
    ("no effect anywhere", (0.0, 0.0, 0.0), 0.0),
    ("no effect, English better", (10.0, 0.0, 0.0), 0.0),
    ("English lost the margin, others helped", (-MARGIN, 15.0, 15.0), 0.0),
    ("helped, English the same", (0.0, 15.0, 15.0), 0.0),
    ("no effect, English better, seeds differ by 3", (10.0, 0.0, 0.0), 3.0),
    ("English lost the margin, seeds differ by 3", (-MARGIN, 15.0, 15.0), 3.0),
)
"""Effects in English, seen and unseen languages, and the spread between seeds; one was tuned."""


def gate(studies: int, seed: int) -> Iterator[Row]:
    """What `decide` says of studies with 100 English prompts and 24 of each other language."""
    for name, effects, spread in GATES:
        groups = _groups(effects, studies, seed, spread)
        for method in ("percentile", METHOD):
            decisions = [decide(_scores(study, method)) for study in zip(*groups)]
            yield {
                "truth": name,
                "method": method,
                "go": share([d.verdict == "go" for d in decisions]),
                "no-go": share([d.verdict == "no-go" for d in decisions]),
                "English kept": share([d.english == "kept" for d in decisions]),
            }


SEED_GATES = (
    ("no effect anywhere", (0.0, 0.0, 0.0)),
    ("no effect, English better", (10.0, 0.0, 0.0)),
    ("English lost the margin, others helped", (-MARGIN, 15.0, 15.0)),
    ("helped, English the same", (0.0, 15.0, 15.0)),
)
SPREAD, LASTING = 3.0, 0.1
"""How far seeds lie apart, and how alike their verdicts on a prompt are."""


def seeds_gate(studies: int, seed: int) -> Iterator[Row]:
    """What `decide` says of the recipe from several seeds that differ; sizes as in `gate`."""
    for number, (name, effects) in product((2, 3, 5), SEED_GATES):
        groups = [
            _over_seeds(kind, Shape(studies, number, kind.prompts), at)
            for at, kind in enumerate(_kinds(effects), seed)
        ]
        decisions = [decide(_as_scores(study, number)) for study in zip(*groups)]
        yield {
            "seeds": number,
            "truth": name,
            "go": share([d.verdict == "go" for d in decisions]),
            "no-go": share([d.verdict == "no-go" for d in decisions]),
            "English kept": share([d.english == "kept" for d in decisions]),
        }


def _over_seeds(kind: Setting, shape: Shape, seed: int) -> list[Estimate]:
    """Return the win rate of each study with its interval for the recipe."""
    assumptions = kind.assume(seed_correlation=LASTING, seed_spread=SPREAD)
    squares = mean_squares(draw_scores(assumptions, shape, np.random.default_rng(seed)))
    halves = half_width(squares, both=True)
    return [
        Estimate(float(mean), float(mean - half), float(mean + half), shape.prompts)
        for mean, half in zip(squares.mean, halves)
    ]


def _kinds(effects: Sequence[float]) -> tuple[Setting, ...]:
    return (
        Setting(100, 1, 0.0, 0.4, effects[0]),
        Setting(24, 4, 0.3, 0.3, effects[1]),
        Setting(24, 8, 0.3, 0.3, effects[2]),
    )


def _groups(
    effects: Sequence[float], studies: int, seed: int, spread: float = 0.0
) -> list[list[Bootstrap]]:
    return [
        list(
            bootstraps(draw_tables(kind.assume(seed_spread=spread), kind.prompts, studies, at), at)
        )
        for at, kind in enumerate(_kinds(effects), seed)
    ]


def _scores(study: Sequence[Bootstrap], method: Method) -> Row:
    return _as_scores([b.estimate(method) for b in study])


def _as_scores(study: Sequence[Estimate], seeds: int = 1) -> Row:
    english, seen, unseen = (estimate.to_json() for estimate in study)
    return {
        "win_rate": {
            "groups": {"english": english, "seen": seen, "unseen": unseen},
            "unscored": 0,
        },
        "english": {
            "estimate": english,
            "margin": MARGIN,
            "kept": non_inferiority(english["low"], MARGIN),
        },
        "seeds": {"count": seeds},
    }


SEQUENCES = (
    ("English lost the margin", (-MARGIN, 0.0, 0.0), ("English", "seen", "unseen")),
    ("only seen languages without effect", (10.0, 0.0, 15.0), ("seen",)),
    ("only unseen languages without effect", (10.0, 20.0, 0.0), ("unseen",)),
)
"""Effects, and which hypotheses are then false claims."""


def sequence(studies: int, seed: int) -> Iterator[Row]:
    """How often the fixed sequence, or three tests side by side, make any false claim."""
    for name, effects, false in SEQUENCES:
        limits = {"English": NEUTRAL - MARGIN, "seen": NEUTRAL, "unseen": NEUTRAL}
        claimed, beside = [], []
        for study in zip(*_groups(effects, studies, seed)):
            p = {n: b.p_above(limit) for (n, limit), b in zip(limits.items(), study)}
            claimed.append(any(s.shown and s.name in false for s in fixed_sequence(p)))
            beside.append(any(p[n] < LEVEL for n in false))
        yield {"truth": name, "in sequence": share(claimed), "side by side": share(beside)}


def families(studies: int, seed: int) -> Iterator[Row]:
    """How often any language without an effect is claimed to have one, at 5 %, two-sided."""
    for prompts, languages, real in ((24, 8, 0), (24, 12, 0), (24, 12, 6), (100, 12, 0)):
        setting = Setting(prompts, languages, 0.3, 0.3, 0.0)
        own = [25.0] * real + [0.0] * (languages - real)
        shape = Shape(studies, 1, prompts)
        drawn = draw_by_language(setting.assume(), shape, np.random.default_rng(seed), own)
        by_language = [scores[:, 0] for scores in drawn]
        found = {
            "sign flips": [[_flip(row) for row in scores] for scores in by_language],
            METHOD: [[_two_sided(b) for b in bootstraps(s, seed)] for s in by_language],
        }
        for test, columns in found.items():
            p_values = np.array(columns).T
            yield {
                "prompts": prompts,
                "languages": languages,
                "with effect": real,
                "test": test,
                "Holm": share([min(holm(row)[real:]) <= 2 * LEVEL for row in p_values]),
                "uncorrected": share(p_values[:, real:].min(axis=1) <= 2 * LEVEL),
            }


def _flip(scores: Array) -> float:
    return sign_flip_test((scores - NEUTRAL) / len(scores), "two-sided", count=2000)


def _two_sided(found: Bootstrap) -> float:
    return min(1.0, 2 * min(found.p_above(NEUTRAL), found.p_below(NEUTRAL)))
