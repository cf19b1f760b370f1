"""What each seed gave, beside what they say together; only where there are several."""

from __future__ import annotations

from typing import NamedTuple

from pinchtune.evaluation.decision import FEW_SEEDS, count_seeds
from pinchtune.reporting.inputs import ReportData, pick
from pinchtune.reporting.tables import Cell, Grid, Line
from pinchtune.reporting.wording import Wording


class SeedsView(NamedTuple):
    """The section on the seeds."""

    text: str
    warning: str
    """That two seeds tell little; empty if there are more."""
    rates: Grid


def build_seeds(data: ReportData, words: Wording) -> SeedsView | None:
    """Return the section in a locale; None with one seed."""
    count = count_seeds(data.scores)
    if count < 2:
        return None
    few = words("seeds.few", n=count) if count == FEW_SEEDS else ""
    return SeedsView(words("seeds.text", n=count), few, _rates(data, words))


def _rates(data: ReportData, words: Wording) -> Grid:
    seeds = data.scores["seeds"]
    names = [words("seeds.one", n=n) for n in range(1, seeds["count"] + 1)]
    header = [words("page.group"), words("seeds.together"), *names]
    header += [words("seeds.between"), words("seeds.prompts")]
    lines = []
    for group in data.sequence:
        limit, spread = data.limit(group), seeds["spread"][group]
        rates = [data.win_rate(group), *(pick(table, group) for table in seeds["win_rate"])]
        cells = [
            Cell(words.score(rate["value"], limit), words.score_bracket(rate, limit))
            for rate in rates
        ]
        cells += [Cell(words.number(spread[name], 1)) for name in ("seeds", "prompts")]
        lines.append(Line(words(f"group.{group}"), False, cells))
    return Grid(words("seeds.rates"), header, lines)


def seeds_markdown(data: ReportData, words: Wording) -> str:
    """Return the scores of each seed as a Markdown table; empty with one seed."""
    view = build_seeds(data, words)
    if view is None:
        return ""
    rows = [view.rates.header, ["---", *["---:"] * (len(view.rates.header) - 1)]]
    for line in view.rates.lines:
        rows.append([line.name, *(f"{c.value} {c.interval}".strip() for c in line.cells)])
    table = "\n".join(f"| {' | '.join(row)} |" for row in rows)
    return "\n\n".join(filter(None, [view.rates.title, table, view.warning]))
