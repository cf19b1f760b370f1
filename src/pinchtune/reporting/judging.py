"""The judge: its health, and the win rate beside what other ways of counting make of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from pinchtune.evaluation.families import same_family
from pinchtune.evaluation.health import biases
from pinchtune.reporting.inputs import Json, ReportData, pick
from pinchtune.reporting.people import PeopleView, build_people
from pinchtune.reporting.safety import clip
from pinchtune.reporting.tables import Cell, Grid, Line
from pinchtune.reporting.wording import Wording

NAME_CHARACTERS = 120


class HealthRow(NamedTuple):
    """One figure of the judge's health."""

    name: str
    hint: str
    """How to read it."""
    value: str
    interval: str
    neutral: str


class JudgingView(NamedTuple):
    """The section on the judge; only `text` where its figures were not stored."""

    text: str
    warnings: list[str]
    health: list[HealthRow]
    rates: Grid
    reading: list[str]
    """What the three ways of counting say together."""
    people: PeopleView


def build_judging(data: ReportData, words: Wording) -> JudgingView:
    """Return the section in a locale."""
    judging = data.scores.get("judging")
    judge = str(data.scores["win_rate"]["judge"])
    if not judging or not judge:
        text = words("judging.missing" if judge else "judging.none")
        return JudgingView(text, [], [], Grid("", [], []), [], PeopleView([], []))
    lead = {"reference": "judging.program", "people": "judging.people"}
    return JudgingView(
        words(next((lead[kind] for kind in lead if judge.startswith(kind)), "judging.lead")),
        list(_warnings(data, judging["health"], words)),
        [
            _figure(name, facts, words)
            for name, facts in judging["health"].items()
            if facts["all"]["value"] is not None
        ],
        _rates(data, judging, words),
        list(_reading(data, judging, words)),
        build_people(data, words),
    )


def _warnings(data: ReportData, health: Json, words: Wording) -> Iterator[str]:
    config, base = data.config.judge, data.config.model.base
    if config.kind == "llm" and same_family(config.model, base):
        names = {"judge": config.model, "base": base}
        yield words(
            "judging.family", **{k: clip(v, NAME_CHARACTERS, 1).text for k, v in names.items()}
        )
    for name in biases(health):
        estimate = health[name]["all"]
        value, low, high = (words.score(estimate[key]) for key in ("value", "low", "high"))
        yield words(f"judging.{name}_bias", value=value, low=low, high=high)


def _figure(name: str, facts: Json, words: Wording) -> HealthRow:
    estimate, neutral = facts["all"], facts["neutral"]
    return HealthRow(
        words.choose("judging", name),
        words.choose("judging", f"{name}_text") if words.knows("judging", name) else "",
        words("page.percent", value=words.number(estimate["value"], 1)),
        "" if estimate["low"] == estimate["high"] else words.bracket(estimate),
        words("page.unknown") if neutral is None else words.number(neutral),
    )


def _ways(data: ReportData, judging: Json, group: str) -> list[Json]:
    """Return the win rate of a group as judged, with the language as a gate, at equal length."""
    names = ("gated", "length_controlled")
    return [data.win_rate(group), *(pick(judging[name], group) for name in names)]


def _rates(data: ReportData, judging: Json, words: Wording) -> Grid:
    names = ("raw", "gated", "length_controlled")
    header = [words("page.group"), *(words(f"judging.{name}") for name in names)]
    lines = []
    for group in data.sequence:
        limit = data.limit(group)
        cells = [
            Cell(words.score(rate["value"], limit), words.score_bracket(rate, limit))
            for rate in _ways(data, judging, group)
        ]
        lines.append(Line(words(f"group.{group}"), False, cells))
    return Grid(words("judging.rates"), header, lines)


def _reading(data: ReportData, judging: Json, words: Wording) -> Iterator[str]:
    sides = {
        group: {_side(rate, data.limit(group)) for rate in _ways(data, judging, group)} - {None}
        for group in data.sequence
    }
    apart = [words(f"group.{group}") for group, found in sides.items() if len(found) > 1]
    if apart:
        yield words("judging.apart", groups=words.join(apart))
    elif any(sides.values()):
        yield words("judging.alike")
    effect = judging["length_controlled"]["effect"]
    if effect["value"] is not None:
        value, span = words.score(effect["value"]), words.score_span(effect)
        yield words("judging.effect", value=value, span=span)


def _side(rate: Json, limit: float) -> int | None:
    """Return on which side of the limit the whole interval lies, 0 if on both; None if unknown."""
    if rate["low"] is None or rate["high"] is None:
        return None
    return int(rate["low"] > limit) - int(rate["high"] < limit)
