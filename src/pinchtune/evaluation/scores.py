"""scores.json: every measure by arm, language and group, with paired intervals.

Answers, verdicts and bits go in, one plain dictionary comes out. All intervals come from the
same resamples of prompts, a prompt in all its languages being one draw. Differences and win
rates set the last arm (the pinch) against the control (English only), which the untuned base
model may precede; an arm alone differs from itself by 0.

With several seeds every value is the mean over them, and its interval takes seeds and prompts
into account; `seeds` has the win rates of each, and how far seeds lie apart.

`win_rate` is what the judge said, and what the decision rests on. `judging` sets it beside the
win rate with the language as a gate, the one at equal length, and figures of the judge's health.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple, TypeVar

from pinchtune.config import ENGLISH, Config
from pinchtune.errors import DataError, MissingExtra, UsageError
from pinchtune.evaluation.board import GROUPS as GROUPS
from pinchtune.evaluation.board import Board
from pinchtune.evaluation.fidelity import in_language
from pinchtune.evaluation.health import FIGURES, Figure, Judged, both_orders, gated
from pinchtune.evaluation.measures import MEASURES, Case, Measure, Score
from pinchtune.languages import Identifier
from pinchtune.records import Answer, Example, Verdict
from pinchtune.stats import (
    DIGITS,
    NEUTRAL,
    RepeatedScores,
    SeedEstimate,
    fixed_sequence,
    holm,
    non_inferiority,
)

CONTROL = "english"
"""The arm that differences are taken from; the first arm where none has this name."""
MOST = {"bits per byte": math.inf}
"""The most that a measure can be, by its unit; 100 of all others."""
Json = dict[str, Any]
T = TypeVar("T")


class Answered(NamedTuple):
    """What one seed of the comparison has brought."""

    answers: Mapping[str, Sequence[Answer]]
    """By arm, the control before the pinch."""
    bits: Mapping[str, Mapping[str, tuple[float, int]]]
    """Bits and bytes of the references, by arm and prompt."""
    verdicts: Sequence[Verdict]


def score_arms(
    prompts: Sequence[Example],
    answers: Mapping[str, Sequence[Answer]],
    bits: Mapping[str, Mapping[str, tuple[float, int]]],
    verdicts: Sequence[Verdict],
    config: Config,
) -> Json:
    """Return the content of scores.json of a comparison with one seed."""
    return score_seeds(prompts, [Answered(answers, bits, verdicts)], config)


def score_seeds(prompts: Sequence[Example], seeds: Sequence[Answered], config: Config) -> Json:
    """Return the content of scores.json; percentages are 0 to 100, shares 0 to 1, NaN null.

    Arms come in the order of `answers`; each must have answered every prompt. A measure whose
    optional library is missing has no values and says so under `unavailable`.
    """
    if not all(seed.answers for seed in seeds):
        raise UsageError("there are no answers to score; run `pinch generate` first")
    board = Board(prompts, config)
    identifier = Identifier(board.languages)
    cases = [
        {
            arm: _match(arm, board.prompts, rows, seed.bits.get(arm, {}), identifier)
            for arm, rows in seed.answers.items()
        }
        for seed in seeds
    ]
    verdicts = [[v for v in seed.verdicts if v.prompt_id in board.prompts] for seed in seeds]
    scores = board.score(map(_judged_scores, verdicts))
    margin = config.evaluate.english_margin
    win_rate = _win_rate(board, scores, verdicts, margin)
    judged = [_pair(*pair) for pair in zip(cases, verdicts, strict=True)]
    return {
        "arms": list(seeds[0].answers),
        "languages": board.describe(),
        "groups": list(GROUPS),
        "measures": {m.name: _measure(board, m, cases) for m in MEASURES if board.asked(m)},
        "win_rate": win_rate,
        "judging": _judging(board, judged),
        "english": _english(win_rate["groups"]["english"], margin),
        **({"seeds": _seeds(board, scores)} if len(seeds) > 1 else {}),
    }


def _match(
    arm: str,
    prompts: Mapping[str, Example],
    answers: Iterable[Answer],
    bits: Mapping[str, tuple[float, int]],
    identifier: Identifier,
) -> list[Case]:
    given = {answer.prompt_id: answer for answer in answers}
    missing = [i for i in prompts if i not in given]
    if missing:
        message = f"arm {arm!r} lacks answers to {len(missing)} of {len(prompts)} prompts"
        raise DataError(f"{message} (first: {missing[0]}); run `pinch generate` again")
    return [Case(p, given[i], bits.get(i), identifier) for i, p in prompts.items()]


def _measure(board: Board, measure: Measure, seeds: Sequence[Mapping[str, list[Case]]]) -> Json:
    result: Json = {"unit": measure.unit, "better": measure.better}
    try:
        scores = {arm: _score(board, measure, arm, seeds) for arm in seeds[0]}
    except MissingExtra as error:
        scores = {arm: board.score([{}]) for arm in seeds[0]}
        result["unavailable"] = str(error)
    control, last = _compared(scores)
    asked = board.asked(measure) if measure.skips else None
    tables = {
        arm: board.table(score.estimate, measure.languages, asked) for arm, score in scores.items()
    }
    difference = board.table(partial(last.difference, control), measure.languages)
    return result | {"arms": tables, "difference": difference}


def _compared(arms: Mapping[str, T]) -> tuple[T, T]:
    """Return what the control and the last arm have: these two are compared."""
    names = list(arms)
    return arms[CONTROL if CONTROL in arms else names[0]], arms[names[-1]]


def _score(
    board: Board, measure: Measure, arm: str, seeds: Iterable[Mapping[str, list[Case]]]
) -> RepeatedScores:
    """Return the scores of an arm in each seed that has it: the untuned model is in one only."""
    counted = measure.languages
    found = [
        {
            case.prompt.id: measure.score(case)
            for case in cases[arm]
            if counted is None or board.codes[case.prompt.id] in counted
        }
        for cases in seeds
        if arm in cases
    ]
    return board.score(found, MOST.get(measure.unit, 100.0))


def _judged_scores(verdicts: Iterable[Verdict]) -> dict[str, Score]:
    return {v.prompt_id: Score(100.0 * v.score) for v in verdicts if v.score is not None}


def _win_rate(
    board: Board, scores: RepeatedScores, seeds: Sequence[Sequence[Verdict]], margin: float
) -> Json:
    verdicts = [v for seed in seeds for v in seed]
    scored = [v for v in verdicts if v.score is not None]
    ties = sum(v.score == 0.5 for v in scored)
    twice = [v for v in scored if both_orders(v)]
    flips = sum({v.first_order, v.second_order} == {"a", "b"} for v in twice)
    return {
        **_with_p_values(board, scores),
        "headline": list(_headline(board, scores, margin)),
        "ties": _share(ties, len(scored)),
        "flips": _share(flips, len(twice)),
        "unscored": sum(len(board.compared - _judged_scores(seed).keys()) for seed in seeds),
        "judge": ", ".join(sorted({v.judge for v in verdicts})),
    }


def _with_p_values(board: Board, scores: RepeatedScores) -> Json:
    """Return the table of win rates; each language but English with its p-value, two-sided.

    `p` is that of the language by itself, `p_holm` corrected for their number.
    """
    table = board.table(scores.estimate, None)
    codes = [code for code in board.languages if code != ENGLISH]
    alone = [scores.p_different(code) for code in codes]
    for code, p, corrected in zip(codes, alone, holm(alone), strict=True):
        table["languages"][code] |= {"p": _known(p), "p_holm": _known(corrected)}
    return table


def _known(value: float) -> float | None:
    return round(value, DIGITS) if math.isfinite(value) else None


def _headline(board: Board, scores: RepeatedScores, margin: float) -> Iterator[Json]:
    """Yield the steps of the headline claim, each shown only if those before it are."""
    limits = {"english": NEUTRAL - margin, "seen": NEUTRAL, "unseen": NEUTRAL}
    p_values = {g: scores.p_above(limits[g], codes) for g, codes in board.groups.items()}
    for step in fixed_sequence(p_values):
        yield {**step._asdict(), "p": _known(step.p), "adjusted": _known(step.adjusted)}


def _pair(cases: Mapping[str, list[Case]], verdicts: Iterable[Verdict]) -> dict[str, Judged]:
    """Return each verdict with what is known of its two answers, by prompt."""
    pairs = {a.prompt.id: (a, b) for a, b in zip(*_compared(cases), strict=True)}
    return {
        v.prompt_id: Judged(
            v, _both(pairs[v.prompt_id], _length), _both(pairs[v.prompt_id], _right)
        )
        for v in verdicts
        if v.prompt_id in pairs
    }


def _both(pair: tuple[Case, Case], look: Callable[[Case], T]) -> tuple[T, T]:
    return look(pair[0]), look(pair[1])


def _length(case: Case) -> int:
    return len(case.answer.text)


def _right(case: Case) -> bool:
    return in_language(case.identifier, case.answer.text, case.prompt.language)


def _judging(board: Board, seeds: Sequence[Mapping[str, Judged]]) -> Json:
    """Return the win rate with the language as a gate and at equal length, and the figures.

    The last two put the verdicts of all seeds together: their intervals are over prompts alone.
    """
    gate = board.score({i: _percent(gated(j)) for i, j in judged.items()} for judged in seeds)
    every = [j for judged in seeds for j in judged.values()]
    control = board.control_length(every)
    return {
        "gated": board.table(gate.estimate, None),
        "length_controlled": {
            **board.table(control.estimate, None),
            "effect": control.effect().to_json(),
        },
        "health": {figure.name: _figure(board, figure, every) for figure in FIGURES},
    }


def _percent(score: float | None) -> Score | None:
    return None if score is None else Score(100.0 * score)


def _figure(board: Board, figure: Figure, judged: Iterable[Judged]) -> Json:
    found = [(j.verdict.prompt_id, value) for j in judged if (value := figure.value(j)) is not None]
    return {
        **board.table(board.collect(found).estimate, None),
        "all": board.collect(found, by_language=False).estimate().to_json(),
        "neutral": figure.neutral,
    }


def _seeds(board: Board, scores: RepeatedScores) -> Json:
    """Return the win rates of each seed, and the spread between seeds and between prompts."""
    return {
        "count": len(scores.seeds),
        "win_rate": [board.table(seed.estimate, None) for seed in scores.seeds],
        "spread": {g: _spread(scores.over_seeds(codes)) for g, codes in board.groups.items()},
    }


def _spread(found: SeedEstimate | None) -> Json:
    """Return standard deviations in points, and the interval for exactly these tuned models."""
    if found is None:
        return dict.fromkeys(("seeds", "prompts", "rest", "these_seeds"))
    return {
        "seeds": _known(found.seed_spread),
        "prompts": _known(found.prompt_spread),
        "rest": _known(found.rest_spread),
        "these_seeds": found.these_seeds.to_json(),
    }


def _share(count: int, total: int) -> float | None:
    return count / total if total else None


def _english(estimate: Json, margin: float) -> Json:
    """Say whether English is kept, from the very number that scores.json shows."""
    return {
        "estimate": estimate,
        "margin": margin,
        "kept": non_inferiority(estimate["low"], margin),
    }
