"""The same in a few lines of Markdown, for a chat, a ticket or a terminal."""

from __future__ import annotations

import re

from pinchtune.reporting.claims import build_claims
from pinchtune.reporting.costs import costs_line
from pinchtune.reporting.figures import MEASURE
from pinchtune.reporting.headline import HeadlineView, build_headline
from pinchtune.reporting.inputs import ReportData
from pinchtune.reporting.page import NAME_CHARACTERS
from pinchtune.reporting.planned import build_plan
from pinchtune.reporting.safety import clean, clip
from pinchtune.reporting.seeds import seeds_markdown
from pinchtune.reporting.wording import Wording


def build_summary(data: ReportData, locale: str = "en") -> str:
    """Return the report in short as Markdown; UsageError for an unknown locale."""
    words = Wording(locale)
    top = build_headline(data, words)
    name = clip(data.name, NAME_CHARACTERS, 1).text
    parts = [
        f"# {_escape(words('page.title', name=name))}",
        f"**{top.icon} {top.word}**",
        top.line,
        f"**{_escape(top.warning)}**" if top.warning else "",
        _escape(top.paragraph),
        _table(data, words),
        seeds_markdown(data, words),
        _claims(data, words),
        _plan(data, words),
        _cost(data, top, words),
        f"## {words('headline.next')}",
        "\n".join(f"{i}. {line}" for i, line in enumerate(top.next, 1)),
        words("summary.details"),
    ]
    return clean("\n\n".join(part for part in parts if part)) + "\n"


def _table(data: ReportData, words: Wording) -> str:
    titles = [words("page.group"), words("headline.before"), words("headline.after")]
    rows = [[*titles, words("summary.score")], ["---", "---:", "---:", "---:"]]
    for group in data.groups:
        arms = (data.control, data.treated)
        cells = [_estimate(data, group, arm, words) for arm in arms]
        rate, limit = data.win_rate(group), data.limit(group)
        score = f"{words.score(rate['value'], limit)} {words.score_bracket(rate, limit)}".strip()
        rows.append([words(f"group.{group}"), *cells, score])
    table = "\n".join(f"| {' | '.join(row)} |" for row in rows)
    return f"{words('summary.table')}\n\n{table}"


def _estimate(data: ReportData, group: str, arm: str, words: Wording) -> str:
    estimate = data.estimate(MEASURE, arm, group)
    return f"{words.percent(estimate)} {words.bracket(estimate, 0)}".strip()


def _claims(data: ReportData, words: Wording) -> str:
    """Return what may be claimed, in the fixed order; empty for scores that have no steps."""
    view = build_claims(data, words)
    if not view.claims:
        return ""
    signs = {True: "✓", False: "?"}
    lines = [
        f"{i}. {signs[claim.is_shown]} {claim.word}{words('page.colon')}{claim.text} {claim.note}"
        for i, claim in enumerate(view.claims, 1)
    ]
    return f"## {words('claims.title')}\n\n" + "\n".join(map(_keep_number, lines))


def _keep_number(line: str) -> str:
    number, rest = line.split(" ", 1)
    return f"{number} {_escape(rest)}"


def _plan(data: ReportData, words: Wording) -> str:
    """Return what the plan promised beside what came out."""
    view = build_plan(data, words)
    lines = [_escape(line) for line in (view.text, *view.warnings)]
    lines += [
        "- " + _escape(words("summary.deviation", option=option, planned=planned, now=now))
        for option, planned, now in view.deviations.rows
    ]
    for line in view.powers.lines:
        questions, power, smallest, result = (cell.value for cell in line.cells)
        said = words(
            "summary.planned", group=line.name, questions=questions, power=power,
            smallest=smallest, result=result, word=line.cells[-1].note,
        )  # fmt: skip
        lines.append(f"- {_escape(said)}")
    return f"## {words('plan.title')}\n\n" + "\n".join(lines)


def _cost(data: ReportData, top: HeadlineView, words: Wording) -> str:
    lines = [f"**{words('summary.cost')}** {top.cost.after}", *top.cost.notes]
    if data.costs:
        lines.append(_escape(costs_line(data.costs, data.config.costs, words)))
    return "  \n".join(lines)


def _escape(text: str) -> str:
    """Return text that Markdown shows as it is."""
    return re.sub(r"([\\`*_{}\[\]<>#|~!&])", r"\\\1", text)
