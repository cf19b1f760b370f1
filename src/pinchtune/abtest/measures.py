"""What is counted of an exchange: each measure is a value between 0 and 1, or nothing.

A measure is a row: its SQL over the journal is the one place that says what it means.
"""

from __future__ import annotations

from typing import NamedTuple

SATISFACTION, CORRECT, FOLLOWED = "satisfaction", "correct", "followed"
WRONG_LANGUAGE, ERRORS, SLOW = "wrong-language", "errors", "slow"


class Measure(NamedTuple):
    """One measure."""

    name: str
    is_good: bool
    """True if more of it is better."""
    mean: float
    """About what to expect; bets are sharpest there, and hold anywhere."""
    value: str
    """SQL of the value of an exchange `e`, its feedback `f`, its spot check `c` and its `v`erdict
    by a program."""
    known: str
    """SQL that says whether there is a value."""
    time: str = "e.time"
    """SQL of when it became known."""


_ROWS = (
    Measure(
        SATISFACTION, True, 0.7,
        "CASE WHEN f.score IS NOT NULL THEN (f.score - 1) / 4.0 ELSE f.thumb = 'up' END",
        "f.exchange IS NOT NULL", "f.time",
    ),
    Measure(CORRECT, True, 0.7, "c.correct", "c.exchange IS NOT NULL", "c.time"),
    Measure(FOLLOWED, True, 0.7, "v.share", "v.exchange IS NOT NULL"),
    Measure(
        WRONG_LANGUAGE, False, 0.02, "e.answer_language != e.language",
        "e.status < 400 AND e.answer_language != ''",
    ),
    Measure(ERRORS, False, 0.02, "e.status >= 500", "e.status < 400 OR e.status >= 500"),
    # Who left while waiting was served slowly; who left soon says nothing.
    Measure(
        SLOW, False, 0.05, "e.seconds > :slow",
        "e.status < 400 OR (e.status = 499 AND e.seconds > :slow)",
    ),
)  # fmt: skip
MEASURES = {measure.name: measure for measure in _ROWS}
