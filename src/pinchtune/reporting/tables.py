"""All results as tables: every measure, arm, group and language, with its interval."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from pinchtune.reporting.inputs import Json, ReportData, pick
from pinchtune.reporting.wording import Wording
from pinchtune.stats import NEUTRAL

DIGITS = {"bits per byte": 2}
"""Decimals by unit where one would hide every difference."""


class Cell(NamedTuple):
    """One value with its interval."""

    value: str
    interval: str = ""
    note: str = ""
    """Answers that were skipped."""
    mark: str = ""
    """`better` or `worse` where the whole interval of a difference says so."""


class Line(NamedTuple):
    """A row of a table."""

    name: str
    is_group: bool
    cells: list[Cell]
    code: str = ""
    """The language whose answers it is about; empty for a group."""


class Grid(NamedTuple):
    """A table of values with a caption."""

    title: str
    header: list[str]
    lines: list[Line]


class TableView(NamedTuple):
    """One table with its heading."""

    title: str
    key: str
    """Where it stands in scores.json."""
    text: str
    facts: list[str]
    """Unit and direction."""
    header: list[str]
    lines: list[Line]
    problem: str
    """Why there is nothing to show; else empty."""


def build_tables(data: ReportData, words: Wording) -> list[TableView]:
    """Return the tables in a locale: the win rate, then every measure."""
    measures: list[str] = list(data.scores["measures"])
    return [_win_rate(data, words), *(_measure(data, name, words) for name in measures)]


def _places(data: ReportData, words: Wording) -> Iterator[tuple[str, dict[str, str], int]]:
    """Yield name, key and number of prompts of each group and its languages."""
    prompts = {row["code"]: row["prompts"] for row in data.scores["languages"]}
    for group in data.groups:
        codes = data.codes(group)
        if group != "english":
            name = words("tables.all", group=words(f"group.{group}").lower())
            yield name, {"group": group}, sum(prompts[code] for code in codes)
        for code in codes:
            yield words.language(code), {"language": code}, prompts[code]


def _measure(data: ReportData, name: str, words: Wording) -> TableView:
    measure = data.scores["measures"][name]
    digits = DIGITS.get(measure["unit"], 1)
    arms: list[str] = list(measure["arms"])
    lines = []
    for title, place, prompts in _places(data, words):
        estimates = [pick(measure["arms"][arm], **place) for arm in arms]
        difference = pick(measure["difference"], **place)
        if not any(_known(e) for e in estimates) and not _skipped(estimates):
            continue
        cells = [Cell(words.number(_asked(estimates, prompts)))]
        cells += [_cell(estimate, words, digits) for estimate in estimates]
        mark = _mark(difference, measure["better"])
        cells.append(_cell(difference, words, digits, sign=True)._replace(mark=mark))
        lines.append(Line(title, "group" in place, cells, place.get("language", "")))
    return TableView(
        words.choose("measure", name),
        f"measures.{name}",
        words.choose("measure", f"{name}_text") if words.knows("measure", name) else "",
        [words("tables.unit", unit=measure["unit"]), words(f"tables.{measure['better']}")],
        [
            words("page.language"),
            words("tables.questions"),
            *(words.choose("arm", arm) for arm in arms),
            words("tables.difference"),
        ],
        lines,
        _problem(measure, lines, words),
    )


def _problem(measure: Json, lines: list[Line], words: Wording) -> str:
    if "unavailable" in measure:
        return words("tables.unavailable", reason=str(measure["unavailable"]))
    return "" if lines else words("tables.empty")


def _win_rate(data: ReportData, words: Wording) -> TableView:
    rate = data.scores["win_rate"]
    lines = []
    for name, place, prompts in _places(data, words):
        estimate = data.win_rate(**place)
        if _known(estimate):
            mark = _mark(estimate, "higher", NEUTRAL)
            cells = [Cell(words.number(prompts)), Cell(words.number(estimate["n"]))]
            cells.append(_cell(estimate, words, 1)._replace(mark=mark))
            lines.append(Line(name, "group" in place, cells, place.get("language", "")))
    ties, flips = (_share(rate[key], words) for key in ("ties", "flips"))
    unscored = words.number(rate["unscored"])
    return TableView(
        words("tables.win_rate"),
        "win_rate",
        words("tables.win_rate_text", ties=ties, flips=flips, unscored=unscored),
        [words("tables.unit", unit="%"), words("tables.higher")],
        [
            words("page.language"),
            words("tables.questions"),
            words("tables.scored"),
            words("tables.value"),
        ],
        lines,
        "" if lines else words("tables.empty"),
    )


def _share(share: float | None, words: Wording) -> str:
    if share is None:
        return words("page.unknown")
    return words("page.percent", value=words.number(100 * share, 1))


def _known(estimate: Json) -> bool:
    return estimate["value"] is not None


def _skipped(estimates: list[Json]) -> int:
    return sum(estimate.get("skipped", 0) for estimate in estimates)


def _asked(estimates: list[Json], prompts: int) -> int:
    """Return how many prompts the measure is about: all, unless it counts those it skips."""
    counted = (e["n"] + e["skipped"] for e in estimates if "skipped" in e)
    return int(next(counted, prompts))


def _cell(estimate: Json, words: Wording, digits: int, sign: bool = False) -> Cell:
    skipped = estimate.get("skipped", 0)
    note = words("tables.skipped", n=words.number(skipped)) if skipped else ""
    value = words.number(estimate["value"], digits, sign)
    return Cell(value, words.bracket(estimate, digits, sign), note)


def _mark(estimate: Json, better: str, neutral: float = 0.0) -> str:
    low, high = estimate["low"], estimate["high"]
    if low is None or high is None or low <= neutral <= high:
        return ""
    return "better" if (low > neutral) == (better == "higher") else "worse"
