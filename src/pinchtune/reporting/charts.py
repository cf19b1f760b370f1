"""The drawings behind the figures: rows of points with intervals on a scale from 0 to 100."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from pinchtune.drawing.lettering import breadth
from pinchtune.reporting.inputs import Json, differs_alone
from pinchtune.reporting.svg import AFTER, BEFORE, FAINT, INK, RULE, SOFT, Sheet
from pinchtune.reporting.wording import Wording
from pinchtune.stats import NEUTRAL


class Size(NamedTuple):
    """The sizes of a drawing, in points."""

    name: str
    width: float
    left: float
    """Where the scale begins; the names stand before it."""
    right: float
    """Where the scale ends; the numbers stand behind it."""
    font: float
    row: float = 25.0
    """Height of a language."""
    head: float = 30.0
    """Height of a group."""
    above: float = 0.0
    """Room for a title."""
    below: float = 0.0
    """Room for a line under the scale."""
    height: float = 0.0
    """Height of the whole; 0 is what the rows need."""


WIDE = Size("wide", 720, 170, 580, 13)
NARROW = Size("narrow", 360, 122, 268, 11.5)
FOOT = 46.0
"""Height of the scale below the rows."""
RED = "#a63c06"


class Row(NamedTuple):
    """One line of a figure."""

    name: str
    is_group: bool
    before: Json
    after: Json
    limit: float | None = None
    """The value that is to stay above it, where one was agreed."""
    code: str = ""
    """The language; empty for a group."""


class Scale(NamedTuple):
    """Values to positions."""

    size: Size
    low: float = 0
    high: float = 100

    def __call__(self, value: float) -> float:
        """Return the horizontal position of a value, kept within the scale."""
        share = (min(max(value, self.low), self.high) - self.low) / (self.high - self.low)
        return self.size.left + share * (self.size.right - self.size.left)


def is_known(estimate: Json) -> bool:
    """Say whether there is a value."""
    return estimate["value"] is not None


def fidelity_sheet(rows: Sequence[Row], words: Wording, size: Size) -> Sheet:
    """Draw each language before and after."""
    top = 4.0
    sheet, scale = _new_sheet(rows, size, top), Scale(size)
    _ticks(sheet, scale, top, words("figure.fidelity_axis"))
    for row, y in _lines(rows, top, size):
        _label(sheet, size, row, y)
        if is_known(row.before) and is_known(row.after):
            start, end = scale(row.before["value"]), scale(row.after["value"])
            sheet.line((start, y - 4), (end, y + 4), FAINT, 3)
        point(sheet, scale, row.before, y - 4, BEFORE, filled=False)
        point(sheet, scale, row.after, y + 4, AFTER, width=2.2)
        before, after = (words.number(e["value"]) for e in (row.before, row.after))
        _number(sheet, size, f"{before} → {after}%", y, row.is_group)
    return sheet


def forest_sheet(rows: Sequence[Row], words: Wording, size: Size) -> Sheet:
    """Draw each win rate, hollow where a language shows nothing by itself, and the line at 50."""
    top, middle, small = 22.0 + size.above, Scale(size)(NEUTRAL), size.font - 1
    sheet, scale = _new_sheet(rows, size, top), Scale(size)
    _ticks(sheet, scale, top, words("figure.forest_axis"))
    sheet.line((middle, size.above), (middle, _bottom(sheet, size)), INK, 1.4, dashed=True)
    left, right = f"← {words('figure.forest_left')}", f"{words('figure.forest_right')} →"
    sheet.text(middle - 8, top - 13, left, size=small, anchor="right", color=SOFT)
    sheet.text(middle + 8, top - 13, right, size=small, color=SOFT)
    for row, y in _lines(rows, top, size):
        _label(sheet, size, row, y)
        if row.limit is not None:
            x, half = scale(row.limit), size.head / 2 - 2
            sheet.line((x, y - half), (x, y + half), RED, 3)
        marker, width = ("D", 2.6) if row.is_group else ("o", 1.8)
        filled = differs_alone(row.after) is not False
        point(sheet, scale, row.after, y, AFTER, filled=filled, width=width, marker=marker)
        value, low, high = (words.score(row.after[key]) for key in ("value", "low", "high"))
        span = "" if row.after["low"] is None else f" ({low}\N{EN DASH}{high})"
        _number(sheet, size, value + span, y, row.is_group)
    return sheet


def margin_sheet(estimate: Json, limit: float, result: str, words: Wording, size: Size) -> Sheet:
    """Draw the English win rate against the lowest one that was agreed."""
    bounds = [estimate[k] for k in ("value", "low", "high") if estimate[k] is not None]
    low, high = min(*bounds, limit) - 15, max(*bounds, NEUTRAL) + 15
    edges = size._replace(left=2, right=size.width - 2)
    sheet, scale = Sheet(size.width, 142), Scale(edges, max(0, low), min(100, high))
    top, middle, bottom = 26, 50, 74
    sheet.band(edges.left, top, scale(limit) - edges.left, bottom - top, "#fbe9e1")
    sheet.line((edges.left, bottom), (edges.right, bottom), RULE)
    sheet.line((scale(limit), top - 4), (scale(limit), bottom), RED, 2)
    sheet.line((scale(NEUTRAL), top), (scale(NEUTRAL), bottom + 10), INK, 1.4, dashed=True)
    point(sheet, scale, estimate, middle, AFTER, width=2.8, marker="D")
    _beside(sheet, scale(limit), 11, words("figure.limit", limit=f"{limit:g}"), size.font, RED)
    _beside(sheet, scale(NEUTRAL), bottom + 20, words("figure.equal"), size.font, INK)
    sheet.dot(9, 128, AFTER, marker="D")
    name = f"{words('figure.english_score')}  {words.score(estimate['value'], limit)}"
    label = f"{name} {words.score_bracket(estimate, limit)}  →  {result}"
    sheet.text(22, 128, label, size=size.font + 1, bold=True)
    return sheet


def _beside(sheet: Sheet, x: float, y: float, text: str, size: float, color: str) -> None:
    """Write a text centred on `x`, or flush with it near an edge."""
    if x < sheet.width / 3:
        sheet.text(max(x - 6, 2), y, text, size=size, color=color, bold=True)
    elif x > 2 * sheet.width / 3:
        sheet.text(x + 6, y, text, size=size, color=color, bold=True, anchor="right")
    else:
        sheet.text(x, y, text, size=size, color=color, bold=True, anchor="center")


def _new_sheet(rows: Sequence[Row], size: Size, top: float) -> Sheet:
    height = top + sum(_height(row, size) for row in rows) + 6 + FOOT
    return Sheet(size.width, size.height or height)


def _bottom(sheet: Sheet, size: Size) -> float:
    """Return where the rows end and the scale begins."""
    return sheet.height - FOOT - size.below


def _height(row: Row, size: Size) -> float:
    return size.head if row.is_group else size.row


def _lines(rows: Sequence[Row], y: float, size: Size) -> Iterator[tuple[Row, float]]:
    """Yield each row with the height of its middle."""
    for row in rows:
        height = _height(row, size)
        yield row, y + height / 2
        y += height


def _label(sheet: Sheet, size: Size, row: Row, y: float) -> None:
    if row.is_group:
        sheet.band(0, y - size.head / 2 + 1, sheet.width, size.head - 2, "#f1f5f9")
    x = 6 if row.is_group else 16
    room = (size.left - x - 8) / (breadth(row.name) or 1.0)
    sheet.text(x, y, row.name, size=min(size.font, room), bold=row.is_group)


def _number(sheet: Sheet, size: Size, text: str, y: float, bold: bool) -> None:
    sheet.text(sheet.width - 6, y, text, size=size.font - 0.5, anchor="right", bold=bold)


def point(
    sheet: Sheet,
    scale: Scale,
    estimate: Json,
    y: float,
    color: str,
    *,
    filled: bool = True,
    width: float = 1.4,
    marker: str = "o",
) -> None:
    """Draw a value and its interval; nothing if there is none."""
    if not is_known(estimate):
        return
    if estimate["low"] is not None and estimate["high"] is not None:
        sheet.line((scale(estimate["low"]), y), (scale(estimate["high"]), y), color, width)
    sheet.dot(scale(estimate["value"]), y, color, filled=filled, marker=marker)


def _ticks(sheet: Sheet, scale: Scale, top: float, label: str) -> None:
    bottom = _bottom(sheet, scale.size)
    for value in (0, 25, 50, 75, 100):
        sheet.line((scale(value), top), (scale(value), bottom), FAINT)
        sheet.text(scale(value), bottom + 12, str(value), size=11, anchor="center", color=SOFT)
    middle = (scale.size.left + scale.size.right) / 2
    sheet.text(middle, bottom + 32, label, size=scale.size.font - 1, anchor="center", color=SOFT)
