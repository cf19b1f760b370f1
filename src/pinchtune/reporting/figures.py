"""The three figures: language fidelity before and after, win rates, and the English margin.

Each is drawn twice, wide for a desk and narrow for a phone, because text that shrinks with the
screen cannot be read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from markupsafe import Markup

from pinchtune.reporting.charts import (
    NARROW,
    WIDE,
    Row,
    Size,
    fidelity_sheet,
    forest_sheet,
    is_known,
    margin_sheet,
)
from pinchtune.reporting.inputs import Json, ReportData, differs_alone
from pinchtune.reporting.svg import Sheet
from pinchtune.reporting.wording import Wording

MEASURE = "right_language"


class Key(NamedTuple):
    """One sign of the legend."""

    sign: str
    """Class of the sign in the style sheet."""
    text: str


class FigureView(NamedTuple):
    """A figure as the page shows it."""

    name: str
    title: str
    lead: str
    drawings: list[tuple[str, Markup]]
    """Class and SVG; none if there is nothing to draw."""
    keys: list[Key]
    header: list[str]
    table: list[list[str]]
    """The same values as text, one row a language or group."""
    codes: list[str]
    """The language of each row; empty for a group."""


def build_figures(data: ReportData, words: Wording) -> list[FigureView]:
    """Return the figures of a locale, in the order of the page."""
    return [_fidelity(data, words), _forest(data, words), _margin(data, words)]


def _draw(
    words: Wording, name: str, text: str, paint: Callable[[Size], Sheet], drawn: bool
) -> list[tuple[str, Markup]]:
    if not drawn:
        return []
    title = words(f"figure.{name}")
    return [
        (size.name, paint(size).markup(f"{words.locale}-{name}-{size.name}", title, text))
        for size in (WIDE, NARROW)
    ]


def fidelity_rows(data: ReportData, words: Wording) -> list[Row]:
    """Return the answers in the right language, before and after."""

    def row(name: str, **where: str) -> Row:
        before = data.estimate(MEASURE, data.control, **where)
        after = data.estimate(MEASURE, data.treated, **where)
        return Row(name, "group" in where, before, after, code=where.get("language", ""))

    return _rows(data, words, row, data.groups)


def fidelity_text(rows: Sequence[Row], words: Wording) -> str:
    """Return the answers in the right language of the groups in words."""
    facts = [
        words(
            "figure.fidelity_fact",
            group=r.name,
            before=words.percent(r.before),
            after=words.percent(r.after),
        )
        for r in rows
        if r.is_group
    ]
    return words("figure.fidelity_text", facts=_sentences(words, facts))


def _fidelity(data: ReportData, words: Wording) -> FigureView:
    rows = fidelity_rows(data, words)
    text = fidelity_text(rows, words)
    drawn = any(is_known(r.before) or is_known(r.after) for r in rows)
    return FigureView(
        "fidelity",
        words("figure.fidelity"),
        words("figure.fidelity_lead"),
        _draw(words, "fidelity", text, lambda size: fidelity_sheet(rows, words, size), drawn),
        [
            Key("dot dot-before", words("figure.before")),
            Key("dot dot-after", words("figure.after")),
            _interval(words),
        ],
        [words("page.language"), words("headline.before"), words("headline.after")],
        [[r.name, _cell(r.before, words, "%"), _cell(r.after, words, "%")] for r in rows],
        [r.code for r in rows],
    )


def forest_rows(data: ReportData, words: Wording) -> list[Row]:
    """Return the win rates, in the order in which claims are tested."""

    def row(name: str, **where: str) -> Row:
        limit = data.limit("english") if where.get("group") == "english" else None
        code = where.get("language", "")
        return Row(name, "group" in where, {}, data.win_rate(**where), limit, code)

    return _rows(data, words, row, data.sequence)


def forest_text(rows: Sequence[Row], words: Wording) -> str:
    """Return the win rates of the groups in words."""
    facts = [
        words(
            "figure.forest_fact",
            group=r.name,
            value=words.score(r.after["value"]),
            span=words.score_span(r.after),
        )
        for r in rows
        if r.is_group
    ]
    return words("figure.forest_text", facts=_sentences(words, facts))


def _forest(data: ReportData, words: Wording) -> FigureView:
    rows = forest_rows(data, words)
    tested = [r for r in rows if differs_alone(r.after) is not None]
    corrected = words("figure.forest_corrected", n=len(tested)) if tested else ""
    text = forest_text(rows, words)
    drawn = any(is_known(r.after) for r in rows)
    return FigureView(
        "forest",
        words("figure.forest"),
        _sentences(words, filter(None, [words("figure.forest_lead"), corrected])),
        _draw(words, "forest", text, lambda size: forest_sheet(rows, words, size), drawn),
        _forest_keys(rows, bool(tested), words),
        [words("page.language"), words("figure.score"), *[words("figure.alone")] * bool(tested)],
        [[r.name, _cell(r.after, words), *[_alone(r, words)] * bool(tested)] for r in rows],
        [r.code for r in rows],
    )


def _forest_keys(rows: Sequence[Row], tested: bool, words: Wording) -> list[Key]:
    keys = [Key("dot diamond", words("figure.together"))]
    if tested:
        keys.append(Key("dot dot-after", words("figure.differs")))
        keys.append(Key("dot dot-open", words("figure.open")))
    keys.append(_interval(words))
    limits = [row.limit for row in rows if row.limit is not None]
    return keys + [Key("bound", words("figure.bound", limit=f"{limit:g}")) for limit in limits]


def _alone(row: Row, words: Wording) -> str:
    """Say whether a language differs by itself, with its p-value; a dash for groups."""
    differs = differs_alone(row.after)
    if differs is None:
        return words("page.unknown")
    p = words.p_value(row.after["p_holm"])
    return words("figure.alone_yes" if differs else "figure.alone_no", p=p)


def _interval(words: Wording) -> Key:
    return Key("dash", words("figure.interval"))


def _margin(data: ReportData, words: Wording) -> FigureView:
    estimate: Json = data.scores["english"]["estimate"]
    limit = data.limit("english")
    results = {"kept": "figure.kept", "lost": "figure.lost"}
    result = words(results.get(data.decision["english"], "figure.not_shown"))
    text = words(
        "figure.margin_text",
        value=words.score(estimate["value"], limit),
        span=words.score_span(estimate, limit),
        limit=f"{limit:g}",
        result=result,
    )
    return FigureView(
        "margin",
        words("figure.margin"),
        words("figure.margin_lead"),
        _draw(
            words,
            "margin",
            text,
            lambda size: margin_sheet(estimate, limit, result, words, size),
            is_known(estimate),
        ),
        [_interval(words)],
        ["", words("figure.score")],
        [
            [words("figure.english_score"), _cell(estimate, words)],
            [words("figure.limit", limit=f"{limit:g}"), f"{limit:g}"],
            [words("headline.verdict"), result],
        ],
        ["en", "", ""],
    )


def _rows(
    data: ReportData, words: Wording, row: Callable[..., Row], groups: Sequence[str]
) -> list[Row]:
    """Return a row for each group and, below it, for each of its languages."""
    rows = []
    for group in groups:
        rows.append(row(words(f"group.{group}"), group=group))
        codes = data.codes(group)
        if len(codes) > 1 or group != "english":
            rows += [row(words.language(code), language=code) for code in codes]
    return rows


def _cell(estimate: Json, words: Wording, unit: str = "") -> str:
    if not is_known(estimate):
        return words("page.unknown")
    value = f"{words.number(estimate['value'], 1)}{unit}"
    return f"{value} {words.bracket(estimate)}".strip()


def _sentences(words: Wording, facts: Iterable[str]) -> str:
    return words("page.space").join(facts)
