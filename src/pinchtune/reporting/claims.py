"""What may be claimed: the steps of the headline in their order, and what languages show alone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from pinchtune.reporting.inputs import Json, ReportData, differs_alone
from pinchtune.reporting.wording import Wording
from pinchtune.stats import LEVEL, NEUTRAL


class Claim(NamedTuple):
    """One step, as a sentence to repeat."""

    text: str
    note: str
    """The score that it rests on, and why it is held back where it is."""
    is_shown: bool
    word: str


class ClaimsView(NamedTuple):
    """The steps; none for scores that were stored before there were any."""

    lead: str
    claims: list[Claim]
    alone: list[str]
    """How many languages show something by themselves, and which."""


def build_claims(data: ReportData, words: Wording) -> ClaimsView:
    """Return the claims in a locale."""
    steps = {group: data.step(group) for group in data.sequence}
    claims = [_claim(data, group, step, words) for group, step in steps.items() if step]
    lead = words("claims.lead", level=words.number(100 * LEVEL, 1))
    return ClaimsView(lead, claims, list(_alone(data, words)))


def _claim(data: ReportData, group: str, step: Json, words: Wording) -> Claim:
    is_shown = bool(step["shown"])
    return Claim(
        words(f"claims.{group}", margin=f"{data.scores['english']['margin']:g}"),
        words("page.space").join(_notes(data, group, step, words)),
        is_shown,
        words("claims.shown" if is_shown else "claims.not_shown"),
    )


def _notes(data: ReportData, group: str, step: Json, words: Wording) -> Iterator[str]:
    rate, limit = data.win_rate(group), data.limit(group)
    if rate["value"] is None or step["p"] is None:
        yield words("claims.unknown")
        return
    value, span = words.score(rate["value"], limit), words.score_span(rate, limit)
    yield words("claims.score", value=value, span=span, limit=f"{limit:g}")
    if step["p"] < LEVEL and not step["shown"]:
        yield words("claims.held")


def _alone(data: ReportData, words: Wording) -> Iterator[str]:
    rates = {row["code"]: data.win_rate(language=row["code"]) for row in data.scores["languages"]}
    tested = {code: rate for code, rate in rates.items() if differs_alone(rate) is not None}
    if not tested:
        return
    found = {code: rate["value"] for code, rate in tested.items() if differs_alone(rate)}
    yield words("claims.alone" if found else "claims.alone_none", shown=len(found), n=len(tested))
    better = [words.language(code) for code, value in found.items() if value > NEUTRAL]
    worse = [words.language(code) for code, value in found.items() if value < NEUTRAL]
    if better:
        yield words("claims.better", names=words.join(better))
    if worse:
        yield words("claims.worse", names=words.join(worse))
    if len(found) < len(tested):
        yield words("claims.rest")
