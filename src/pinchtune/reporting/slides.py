"""Figures for a slide: 16 by 9, letters that are read at the back of the room, no colour needed.

A shape or a line says whatever a colour says. A language whose row would be too small is left to
the report: then the slide shows the groups alone, and says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from pinchtune.reporting.charts import (
    FOOT,
    RED,
    Row,
    Scale,
    Size,
    forest_sheet,
    is_known,
    point,
)
from pinchtune.reporting.figures import fidelity_rows, fidelity_text, forest_rows, forest_text
from pinchtune.reporting.inputs import ReportData, differs_alone
from pinchtune.reporting.svg import AFTER, BEFORE, FAINT, INK, SOFT, Sheet
from pinchtune.reporting.wording import Wording
from pinchtune.stats import NEUTRAL

WIDTH, HEIGHT = 720.0, 405.0
PIXELS = 1280, 720
TITLE, LEGEND = 36.0, 20.0
LEAST_ROW, LARGEST_ROW = 17.0, 70.0
"""Heights of a row: below the first its letters are too small for a room."""
HEAD = 1.2
"""Height of a group, in rows."""


class Slide(NamedTuple):
    """One figure for a slide."""

    name: str
    title: str
    text: str
    """What it shows, in words."""
    sheet: Sheet

    def file(self) -> str:
        """Return it as a whole SVG file."""
        return self.sheet.file(self.title, self.text, *PIXELS)


def build_slides(data: ReportData, words: Wording) -> list[Slide]:
    """Return the slides of a locale; those without values are left out."""
    found = [forest_slide(data, words), _overview(data, words)]
    return [slide for slide in found if slide]


def forest_slide(data: ReportData, words: Wording) -> Slide | None:
    """Return the win rates with their intervals; None if nothing was compared."""
    rows = forest_rows(data, words)
    if not any(is_known(row.after) for row in rows):
        return None
    text, note = forest_text(rows, words), ""
    if _row_height(rows) < LEAST_ROW:
        others = sum(not row.is_group for row in rows)
        rows = [row for row in rows if row.is_group]
        note = words("meeting.groups_alone", n=others)
    sheet = forest_sheet(rows, words, _size(rows))
    title = words("figure.forest")
    sheet.text(6, TITLE / 2, title, size=17, bold=True)
    sheet.text(6, HEIGHT - LEGEND / 2, note or _legend(rows, words), size=10.5, color=SOFT)
    return Slide("forest", title, text, sheet)


def _legend(rows: Sequence[Row], words: Wording) -> str:
    tested = any(differs_alone(row.after) is not None for row in rows)
    return words("meeting.legend" if tested else "meeting.legend_untested")


def _row_height(rows: Sequence[Row]) -> float:
    room = HEIGHT - TITLE - 22 - 6 - FOOT - LEGEND
    groups = sum(row.is_group for row in rows)
    return room / (len(rows) - groups + HEAD * groups)


def _size(rows: Sequence[Row]) -> Size:
    row = min(_row_height(rows), LARGEST_ROW)
    font = min(15.0, 0.62 * row + 1)
    return Size("slide", WIDTH, 168, 572, font, row, HEAD * row, TITLE, LEGEND, HEIGHT)


def _overview(data: ReportData, words: Wording) -> Slide | None:
    """Return the groups: answers in the right language, and win rates, side by side."""
    fidelity = {row.name: row for row in fidelity_rows(data, words) if row.is_group}
    rates = {row.name: row for row in forest_rows(data, words) if row.is_group}
    if not any(is_known(row.after) for row in (*fidelity.values(), *rates.values())):
        return None
    sheet = Sheet(WIDTH, HEIGHT)
    title = words("meeting.overview")
    sheet.text(6, TITLE / 2, title, size=17, bold=True)
    left, right = (_panel(sheet, *edges) for edges in ((176.0, 426.0), (456.0, 706.0)))
    middle = right(NEUTRAL)
    sheet.line((middle, 70), (middle, HEIGHT - FOOT), INK, 1.4, dashed=True)
    sheet.text(176, 52, words("figure.fidelity"), size=12.5, bold=True)
    sheet.text(456, 52, words("meeting.compared"), size=12.5, bold=True)
    height = (HEIGHT - FOOT - 72) / max(1, len(fidelity))
    for i, (name, row) in enumerate(fidelity.items()):
        y = 72 + height * (i + 0.5)
        _group_name(sheet, name, data, data.groups[i], y, words)
        _before_after(sheet, left, row, y, words)
        _rate(sheet, right, rates[name], y, words)
    sheet.text(176, HEIGHT - 10, words("meeting.before_after"), size=10.5, color=SOFT)
    sheet.text(456, HEIGHT - 10, words("meeting.even"), size=10.5, color=SOFT)
    text = words("page.space").join(
        (fidelity_text(list(fidelity.values()), words), forest_text(list(rates.values()), words))
    )
    return Slide("groups", title, text, sheet)


def _panel(sheet: Sheet, left: float, right: float) -> Scale:
    scale = Scale(Size("panel", WIDTH, left, right, 12))
    for value in (0, 50, 100):
        sheet.line((scale(value), 70), (scale(value), HEIGHT - FOOT), FAINT)
        sheet.text(scale(value), HEIGHT - 32, str(value), size=11, anchor="center", color=SOFT)
    return scale


def _group_name(
    sheet: Sheet, name: str, data: ReportData, group: str, y: float, words: Wording
) -> None:
    sheet.text(6, y - 8, name, size=14, bold=True)
    if group != "english":
        count = words("meeting.languages", n=len(data.codes(group)))
        sheet.text(6, y + 12, count, size=11.5, color=SOFT)


def _before_after(sheet: Sheet, scale: Scale, row: Row, y: float, words: Wording) -> None:
    point(sheet, scale, row.before, y - 7, BEFORE, filled=False)
    point(sheet, scale, row.after, y + 7, AFTER, width=2.4)
    before, after = (words.percent(estimate) for estimate in (row.before, row.after))
    sheet.text(scale(0), y - 28, f"{before} → {after}", size=15, bold=True)


def _rate(sheet: Sheet, scale: Scale, row: Row, y: float, words: Wording) -> None:
    if row.limit is not None:
        x = scale(row.limit)
        sheet.line((x, y - 14), (x, y + 14), RED, 3)
    point(sheet, scale, row.after, y, AFTER, width=2.6, marker="D")
    value, span = words.score(row.after["value"]), words.score_bracket(row.after)
    sheet.text(scale(0), y - 28, f"{value} {span}".strip(), size=15, bold=True)
