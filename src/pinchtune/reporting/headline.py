"""The top of the page: the verdict in a word, a few figures, what it cost, what comes next."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from pinchtune.evaluation.decision import warning_text
from pinchtune.reporting.figures import MEASURE
from pinchtune.reporting.inputs import Json, ReportData
from pinchtune.reporting.wording import Wording

ICONS = {"go": "✓", "no-go": "✕", "unclear": "?"}
PLACE = {"go": 2, "no-go": 1, "unclear": 1}
"""Which piece of the usual advice a recommendation replaces."""
_TONES = {"helped": "good", "kept": "good", "harmed": "bad", "lost": "bad"}
_MARKS = {"good": "✓", "bad": "✕", "open": "?"}


class Card(NamedTuple):
    """One big figure with its uncertainty in words."""

    title: str
    hint: str
    names: list[tuple[str, str]]
    """Names and codes of the languages that it is about."""
    before: str
    after: str
    caption: str
    notes: list[str]
    chip: str
    """How the answers were judged, in a few words."""
    tone: str
    """`good`, `bad` or `open`: the colour of the chip."""
    mark: str
    """A sign that says the same as the colour."""


class HeadlineView(NamedTuple):
    """The first screen."""

    verdict: str
    """`go`, `no-go` or `unclear`."""
    icon: str
    word: str
    line: str
    paragraph: str
    warning: str
    """That examples were tuned on which nobody approved; empty if there are none."""
    cards: list[Card]
    cost: Card
    next: list[str]


def build_headline(data: ReportData, words: Wording) -> HeadlineView:
    """Return the first screen in a locale."""
    verdict = str(data.decision["verdict"])
    return HeadlineView(
        verdict,
        ICONS[verdict],
        words(f"headline.{verdict}"),
        words(f"headline.{verdict}_line"),
        data.verdict.get(words.locale, ""),
        _warning(data, words),
        [_group_card(data, group, words) for group in data.groups],
        _cost_card(data, words),
        _next(data, verdict, words),
    )


def _next(data: ReportData, verdict: str, words: Wording) -> list[str]:
    """Return the usual advice; what is recommended after this very result takes its place in it."""
    lines = words.lines(f"headline.{verdict}_next")
    if data.advice:
        lines[PLACE[verdict]] = words("headline.step", **data.advice[words.locale])
    return lines


def _warning(data: ReportData, words: Wording) -> str:
    return warning_text(data.unapproved, words.locale) if data.unapproved else ""


def _group_card(data: ReportData, group: str, words: Wording) -> Card:
    before = data.estimate(MEASURE, data.control, group)
    after = data.estimate(MEASURE, data.treated, group)
    outcome = str(data.decision[group])
    tone = _TONES.get(outcome, "open")
    return Card(
        title=words(f"group.{group}"),
        hint=words("group.english_hint") if group == "english" else "",
        names=[(words.language(code), code) for code in data.codes(group)],
        before=words.percent(before) if before["value"] is not None else "",
        after=words.percent(after),
        caption=words("headline.measured"),
        notes=list(_notes(data, group, before, after, words)),
        chip=_chip(group, outcome, words),
        tone=tone,
        mark=_MARKS[tone],
    )


def _chip(group: str, outcome: str, words: Wording) -> str:
    if outcome == "unclear":
        return words("headline.english_unclear" if group == "english" else "headline.unclear_chip")
    return words(f"headline.{outcome}")


def _notes(
    data: ReportData, group: str, before: Json, after: Json, words: Wording
) -> Iterator[str]:
    if before["value"] is not None and after["value"] is not None:
        yield words(
            "headline.range", before=words.percent_span(before), after=words.percent_span(after)
        )
        yield _change(data.difference(MEASURE, group), words)
    rate, limit = data.win_rate(group), data.limit(group)
    if rate["value"] is None:
        yield words("headline.score_missing")
    else:
        yield words(
            "headline.score",
            value=words.score(rate["value"], limit),
            span=words.score_span(rate, limit),
        )


def _change(difference: Json, words: Wording) -> str:
    value = words("page.points", value=words.number(difference["value"], sign=True))
    if difference["low"] is None or difference["low"] == difference["high"]:
        return words("headline.change_only", value=value)
    return words("headline.change", value=value, span=words.change_span(difference))


def _cost_card(data: ReportData, words: Wording) -> Card:
    spent = {stage: data.total(stage, "seconds") for stage in ("train", "generate")}
    known = [seconds for seconds in spent.values() if seconds is not None]
    notes = [words("cost.examples", n=words.number(len(data.mixture.get("pinch", []))))]
    tokens = {stage: data.total(stage, "tokens") for stage in spent}
    if any(tokens.values()):
        tuned, answered = (words.number(tokens[stage]) for stage in spent)
        notes.append(words("cost.tokens", tuned=tuned, answered=answered))
    tune, answer = (words.duration(spent[stage]) for stage in spent)
    caption = "cost.caption" if known else "cost.missing_caption"
    return Card(
        title=words("cost.title"),
        hint="",
        names=[],
        before="",
        after=words.duration(sum(known) if known else None),
        caption=words(caption, tune=tune, answer=answer),
        notes=notes,
        chip="",
        tone="open",
        mark="",
    )
