"""scores.json: every measure by arm, language and group, with paired intervals.

Answers, verdicts and bits go in, one plain dictionary comes out. All intervals come from the
same resamples of prompts, a prompt in all its languages being one draw. Differences and win
rates set the last arm (the pinch) against the control (English only), which the untuned base
model may precede; an arm alone differs from itself by 0.

`win_rate` is what the judge said, and what the decision rests on. `judging` sets it beside the
win rate with the language as a gate, the one at equal length, and figures of the judge's health.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, TypeVar

from pinchtune.config import ENGLISH, Config
from pinchtune.errors import DataError, MissingExtra, UsageError
from pinchtune.evaluation.checking.column import has_checks
from pinchtune.evaluation.fidelity import in_language
from pinchtune.evaluation.health import FIGURES, Figure, Judged, both_orders, gated
from pinchtune.evaluation.lengths import LengthControl
from pinchtune.evaluation.measures import MEASURES, Case, Measure, Score
from pinchtune.languages import Identifier, get_language
from pinchtune.records import Answer, Example, Verdict
from pinchtune.stats import (
    DIGITS,
    NEUTRAL,
    ClusteredScores,
    Estimate,
    Resamples,
    fixed_sequence,
    holm,
    non_inferiority,
    sign_flip_test,
)

GROUPS = ("english", "seen", "unseen")
CONTROL = "english"
"""The arm that differences are taken from; the first arm where none has this name."""
Json = dict[str, Any]
T = TypeVar("T")
Estimator = Callable[[Iterable[str]], Estimate]


def score_arms(
    prompts: Sequence[Example],
    answers: Mapping[str, Sequence[Answer]],
    bits: Mapping[str, Mapping[str, tuple[float, int]]],
    verdicts: Sequence[Verdict],
    config: Config,
) -> Json:
    """Return the content of scores.json; percentages are 0 to 100, shares 0 to 1, NaN null.

    Arms come in the order of `answers`; each must have answered every prompt. A measure whose
    optional library is missing has no values and says so under `unavailable`.
    """
    if not answers:
        raise UsageError("there are no answers to score; run `pinch generate` first")
    board = _Board(prompts, config)
    identifier = Identifier(board.languages)
    cases = {
        arm: _match(arm, board.prompts, rows, bits.get(arm, {}), identifier)
        for arm, rows in answers.items()
    }
    win_rate = _win_rate(board, verdicts, config.evaluate.english_margin)
    return {
        "arms": list(answers),
        "languages": board.describe(),
        "groups": list(GROUPS),
        "measures": {m.name: _measure(board, m, cases) for m in MEASURES if board.asked(m)},
        "win_rate": win_rate,
        "judging": _judging(board, _pair(cases, verdicts)),
        "english": _english(win_rate["groups"]["english"], config.evaluate.english_margin),
    }


class _Board:
    """The prompts with their languages, groups and clusters, and the shared resamples."""

    def __init__(self, prompts: Sequence[Example], config: Config) -> None:
        self.prompts = {prompt.id: prompt for prompt in prompts}
        self.codes = {i: get_language(p.language).code for i, p in self.prompts.items()}
        self.clusters = {i: p.parallel_id or i for i, p in self.prompts.items()}
        self.counts = Counter(self.codes.values())
        # What has no reference and is checked by program was never to be compared.
        self.compared = {i for i, p in self.prompts.items() if p.response or not has_checks(p)}
        # A language that the project does not name was not tuned either: it is unseen.
        self.languages = list(dict.fromkeys([*config.languages.evaluated, *self.counts]))
        groups = {ENGLISH: "english"} | dict.fromkeys(config.languages.tuned, "seen")
        self.group_of = {code: groups.get(code, "unseen") for code in self.languages}
        settings = config.evaluate
        self.resamples = Resamples(self.clusters.values(), settings.resamples, settings.seed)

    def describe(self) -> list[Json]:
        """Return code, group and number of prompts of each language."""
        return [
            {"code": code, "group": self.group_of[code], "prompts": self.counts[code]}
            for code in self.languages
        ]

    def score(self, scores: Mapping[str, Score | None]) -> ClusteredScores:
        """Return scores by prompt id, in the order of the prompts, ready for estimates."""
        rows = [(i, scores.get(i)) for i in self.prompts]
        return ClusteredScores(
            self.resamples,
            values=[math.nan if score is None else score.value for _, score in rows],
            clusters=[self.clusters[i] for i, _ in rows],
            languages=[self.codes[i] for i, _ in rows],
            weights=[1.0 if score is None else score.weight for _, score in rows],
        )

    def pool(self, scores: Mapping[str, float]) -> Estimate:
        """Return the mean over all prompts that have a score, whatever their language."""
        clusters = [self.clusters[i] for i in scores]
        names = [""] * len(clusters)
        return ClusteredScores(self.resamples, [*scores.values()], clusters, names).estimate()

    def control_length(self, judged: Mapping[str, Judged]) -> LengthControl:
        """Return the verdicts, ready for estimates at equal length."""
        scores = [j.verdict.score for j in judged.values()]
        return LengthControl(
            self.resamples,
            scores=[math.nan if score is None else score for score in scores],
            differences=[j.lengths[1] - j.lengths[0] for j in judged.values()],
            clusters=[self.clusters[i] for i in judged],
            languages=[self.codes[i] for i in judged],
        )

    def asked(self, measure: Measure) -> Counter[str]:
        """Return the number of prompts that the measure is about, by language."""
        about = measure.concerns
        ours = (i for i, p in self.prompts.items() if about is None or about(p))
        return Counter(self.codes[i] for i in ours)

    def table(
        self, estimate: Estimator, only: frozenset[str] | None, asked: Counter[str] | None = None
    ) -> Json:
        """Return the estimates of each language and group, with how many of the asked lack."""
        codes = [code for code in self.languages if only is None or code in only]
        members = {g: [c for c in codes if self.group_of[c] == g] for g in GROUPS}
        fill = partial(self._entry, estimate, asked)
        return {
            "languages": {code: fill([code]) for code in codes},
            "groups": {group: fill(members[group]) for group in GROUPS},
        }

    def _entry(self, estimate: Estimator, asked: Counter[str] | None, codes: list[str]) -> Json:
        result = estimate(codes)
        if asked is None:
            return dict(result.to_json())
        return {**result.to_json(), "skipped": sum(asked[code] for code in codes) - result.n}


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


def _measure(board: _Board, measure: Measure, cases: Mapping[str, list[Case]]) -> Json:
    result: Json = {"unit": measure.unit, "better": measure.better}
    try:
        scores = {arm: _score(board, measure, rows) for arm, rows in cases.items()}
    except MissingExtra as error:
        scores = {arm: board.score({}) for arm in cases}
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


def _score(board: _Board, measure: Measure, cases: Iterable[Case]) -> ClusteredScores:
    counted = measure.languages
    return board.score(
        {
            case.prompt.id: measure.score(case)
            for case in cases
            if counted is None or board.codes[case.prompt.id] in counted
        }
    )


def _win_rate(board: _Board, verdicts: Iterable[Verdict], margin: float) -> Json:
    ours = {v.prompt_id: v for v in verdicts if v.prompt_id in board.prompts}
    scored = {i: v for i, v in ours.items() if v.score is not None}
    scores = board.score(
        {i: Score(100.0 * v.score) for i, v in scored.items() if v.score is not None}
    )
    ties = sum(v.score == 0.5 for v in scored.values())
    twice = [v for v in scored.values() if both_orders(v)]
    flips = sum({v.first_order, v.second_order} == {"a", "b"} for v in twice)
    return {
        **_with_p_values(board, scores),
        "headline": list(_headline(board, scores, margin)),
        "ties": _share(ties, len(scored)),
        "flips": _share(flips, len(twice)),
        "unscored": len(board.compared - scored.keys()),
        "judge": ", ".join(sorted({v.judge for v in ours.values()})),
    }


def _with_p_values(board: _Board, scores: ClusteredScores) -> Json:
    """Return the table of win rates; each language but English with its p-value, two-sided.

    `p` is that of the language by itself (sign flips), `p_holm` corrected for their number.
    """
    table = board.table(scores.estimate, None)
    codes = [code for code in board.languages if code != ENGLISH]
    alone = [
        sign_flip_test(scores.contributions([code]), "two-sided")
        if scores.counts[code]
        else math.nan
        for code in codes
    ]
    for code, p, corrected in zip(codes, alone, holm(alone), strict=True):
        table["languages"][code] |= {"p": _known(p), "p_holm": _known(corrected)}
    return table


def _known(value: float) -> float | None:
    return round(value, DIGITS) if math.isfinite(value) else None


def _headline(board: _Board, scores: ClusteredScores, margin: float) -> Iterator[Json]:
    """Yield the steps of the headline claim, each shown only if those before it are."""
    limits = {"english": NEUTRAL - margin, "seen": NEUTRAL, "unseen": NEUTRAL}
    members = {g: [c for c in board.languages if board.group_of[c] == g] for g in GROUPS}
    p_values = {g: scores.bootstrap(members[g]).p_above(limits[g]) for g in GROUPS}
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


def _judging(board: _Board, judged: Mapping[str, Judged]) -> Json:
    """Return the win rate with the language as a gate and at equal length, and the figures."""
    won = {i: score for i, j in judged.items() if (score := gated(j)) is not None}
    gate = board.score({i: Score(100.0 * score) for i, score in won.items()})
    control = board.control_length(judged)
    return {
        "gated": board.table(gate.estimate, None),
        "length_controlled": {
            **board.table(control.estimate, None),
            "effect": control.effect().to_json(),
        },
        "health": {figure.name: _figure(board, figure, judged) for figure in FIGURES},
    }


def _figure(board: _Board, figure: Figure, judged: Mapping[str, Judged]) -> Json:
    values = {i: value for i, j in judged.items() if (value := figure.value(j)) is not None}
    scores = board.score({i: Score(value) for i, value in values.items()})
    return {
        **board.table(scores.estimate, None),
        "all": board.pool(values).to_json(),
        "neutral": figure.neutral,
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
