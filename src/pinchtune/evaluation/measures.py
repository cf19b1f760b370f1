"""The measures of an answer, as a table: name, unit, direction, and how one case is scored.

A case is one prompt with one arm's answer. A score is a pair (numerator, weight), because
bits per byte is a ratio of sums; None means that this answer does not count.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

from pinchtune.evaluation import confusion, fidelity
from pinchtune.evaluation.checking.checkers import Context
from pinchtune.evaluation.checking.column import has_checks, read_checks
from pinchtune.evaluation.checking.following import Outcome, follow, follow_all
from pinchtune.evaluation.checking.writing import get_writing
from pinchtune.evaluation.closeness import chrf
from pinchtune.evaluation.repetition import is_degenerate
from pinchtune.languages import Identifier
from pinchtune.records import Answer, Example


@dataclass(frozen=True)
class Case:
    """One prompt and what one arm made of it."""

    prompt: Example
    answer: Answer
    bits: tuple[float, int] | None
    """Bits and bytes of the reference response under this arm."""
    identifier: Identifier


class Score(NamedTuple):
    """Numerator and weight of one case: the measure is sum(numerators) / sum(weights)."""

    value: float
    weight: float = 1.0


class Measure(NamedTuple):
    """One row of the table."""

    name: str
    unit: str
    better: str
    """`higher` or `lower`."""
    score: Callable[[Case], Score | None]
    skips: bool = False
    """True if answers with nothing to check are skipped, so that their number must show."""
    languages: frozenset[str] | None = None
    """Languages that it is defined for; None is all."""
    concerns: Callable[[Example], bool] | None = None
    """Tells the prompts that it is about, and it is left out where there are none; None is all."""


def _percent(value: float | None) -> Score | None:
    return None if value is None else Score(100.0 * value)


def _right_language(case: Case) -> Score | None:
    value = fidelity.right_language(case.identifier, case.answer.text, case.prompt.language)
    return _percent(value)


def _line_pass(case: Case) -> Score | None:
    return _percent(fidelity.line_pass(case.identifier, case.answer.text, case.prompt.language))


def _lcb_line_pass(case: Case) -> Score | None:
    return _percent(confusion.line_pass(case.answer.text, case.prompt.language))


def _lcb_word_pass(case: Case) -> Score | None:
    return _percent(confusion.word_pass(case.answer.text, case.prompt.language))


def _bits_per_byte(case: Case) -> Score | None:
    return Score(*case.bits) if case.bits and case.bits[1] else None


def _chrf(case: Case) -> Score | None:
    reference = case.prompt.response
    return Score(chrf(case.answer.text, reference)) if reference else None


def _stopped(case: Case) -> Score | None:
    return _percent(case.answer.stopped)


def _repetition(case: Case) -> Score | None:
    return _percent(is_degenerate(case.answer.text))


def _outcomes(case: Case, loose: bool) -> list[Outcome]:
    context = Context(get_writing(case.prompt.language), case.identifier)
    checks = read_checks(case.prompt)
    return [follow(case.answer.text, check, context, loose) for check in checks]


def _instruction(case: Case, loose: bool) -> Score | None:
    return _percent(follow_all(_outcomes(case, loose))) if has_checks(case.prompt) else None


def _checks(case: Case, loose: bool) -> Score | None:
    scored = [outcome for outcome in _outcomes(case, loose) if outcome is not None]
    return Score(100.0 * sum(scored), len(scored)) if scored else None


_Following = partial(Measure, unit="%", better="higher", skips=True, concerns=has_checks)

MEASURES = (
    Measure("right_language", "%", "higher", _right_language),
    Measure("line_pass_rate", "%", "higher", _line_pass, skips=True),
    Measure("lcb_line_pass_rate", "%", "higher", _lcb_line_pass, skips=True),
    Measure(
        "lcb_word_pass_rate",
        "%",
        "higher",
        _lcb_word_pass,
        skips=True,
        languages=confusion.WORD_LANGUAGES,
    ),
    Measure("bits_per_byte", "bits per byte", "lower", _bits_per_byte),
    Measure("chrf", "chrF", "higher", _chrf),
    Measure("stopped", "%", "higher", _stopped),
    Measure("repetition", "%", "lower", _repetition),
    _Following("instructions_followed_strict", score=partial(_instruction, loose=False)),
    _Following("instructions_followed_loose", score=partial(_instruction, loose=True)),
    _Following("checks_followed_strict", score=partial(_checks, loose=False)),
    _Following("checks_followed_loose", score=partial(_checks, loose=True)),
)
