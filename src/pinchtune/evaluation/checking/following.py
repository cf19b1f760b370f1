"""Which of its checks an answer follows, strictly and loosely, as in IFEval.

Strict takes the answer as it is. Loose also takes it without its first line, its last line,
both, and each of these without asterisks: what models wrap an answer in ("Sure, here it is:",
bold type) then does not count against it. An empty answer follows nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pinchtune.evaluation.checking.checkers import CHECKERS, Context
from pinchtune.evaluation.checking.column import CheckSpec

Outcome = bool | None
"""Followed, not followed, or unscored."""


def follow(text: str, check: CheckSpec, context: Context, loose: bool = False) -> Outcome:
    """Return whether an answer follows one check; None if that cannot be scored."""
    strict = _outcome(text, check, context)
    if strict is True or not loose:
        return strict
    lenient = any(_outcome(variant, check, context) is True for variant in loosen(text))
    return True if lenient else strict


def follow_all(outcomes: Sequence[Outcome]) -> Outcome:
    """Return whether all checks of a prompt are followed; one that is not settles it."""
    if False in outcomes:
        return False
    return None if None in outcomes else True


def loosen(text: str) -> Iterator[str]:
    """Yield the answer without its first line, its last line, both, and without asterisks."""
    lines = text.split("\n")
    for part in (lines, lines[1:], lines[:-1], lines[1:-1]):
        whole = "\n".join(part).strip()
        yield from (whole, whole.replace("*", ""))


def _outcome(text: str, check: CheckSpec, context: Context) -> Outcome:
    checker = CHECKERS[check.name]
    if checker.needs and not getattr(context.writing, checker.needs):
        return None
    return checker.check(text, check.parameters, context) if text.strip() else False
