"""What is tuned in one language, or in two, and tested in all."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import numpy as np

from pinchtune.experiments.board import Board, Point
from pinchtune.experiments.figures.canvas import (
    draw_neutral,
    finish,
    name_measure,
    pick,
    span,
    whisker,
)
from pinchtune.experiments.recipe import WIN_RATE, FigureSpec
from pinchtune.reporting.plots import LOOKS, Drawn, add_legend, new_axes, write_estimate
from pinchtune.reporting.svg import INK, RULE
from pinchtune.reporting.wording import Wording
from pinchtune.stats import Array, SeedEstimate

DARK = 0.6
"""Share of a column's range from which letters on a cell are white."""


def draw_transfer(board: Board, spec: FigureSpec, words: Wording) -> Drawn | None:
    """Draw tuned languages against tested ones: columns coloured alone, the diagonal masked.

    Win rates are against the arm that is tuned on the tested language alone, as in the paper.
    """
    codes = board.languages
    rows = whole_points(board, spec)
    if len(rows) < 2:
        return None
    cells = [[transfer(board, row, code, spec.measure) for code in codes] for row in rows]
    values = np.array([[math.nan if c is None else c.these_seeds.value for c in r] for r in cells])
    figure, (axes,) = new_axes(1.6 + 0.55 * len(codes), 1.5 + 0.42 * len(rows))
    shade = _shade(values, rows, codes)
    axes.imshow(shade, cmap="Blues", vmin=0, vmax=1.25, aspect="auto")
    for i, row in enumerate(rows):
        for j, code in enumerate(codes):
            dark, on = shade[i, j] > DARK, row.language == code
            text = words.number(None if math.isnan(values[i, j]) else values[i, j])
            color, style = "#ffffff" if dark else INK, "italic" if on else "normal"
            axes.text(j, i, text, ha="center", va="center", fontsize=9, color=color, style=style)
    axes.set_xticks(range(len(codes)), codes)
    axes.set_yticks(range(len(rows)), [words.language(row.language) for row in rows])
    axes.grid(False)
    axes.set_xlabel(words("axis.tested"))
    axes.set_ylabel(words("axis.tuned_on"))
    header = [words("axis.tuned_on"), *codes, words("table.others")]
    body = [
        _row(board, row, codes, found, spec, words) for row, found in zip(rows, cells, strict=True)
    ]
    return finish(figure, spec, words, (header, body))


def whole_points(board: Board, spec: FigureSpec) -> list[Point]:
    """Return the monolingual arms of a figure, one a language."""
    found: dict[str, Point] = {}
    for point in pick(board, spec):
        if point.is_whole:
            found.setdefault(point.language, point)
    return list(found.values())


def transfer(board: Board, row: Point, code: str, measure: str) -> SeedEstimate | None:
    """Return a monolingual arm's score in a language, as the heatmap shows it."""
    whole = board.whole(code)
    if measure == WIN_RATE and (whole is None or whole is row):
        return None
    return board.estimate(row, measure, [code], whole)


def transfer_mean(board: Board, row: Point, codes: Iterable[str], measure: str) -> float | None:
    """Return the mean over the languages that an arm was not tuned on."""
    found = [transfer(board, row, c, measure) for c in codes if c not in (row.language,)]
    values = [f.these_seeds.value for f in found if f]
    return sum(values) / len(values) if values else None


def _shade(values: Array, rows: Sequence[Point], codes: Sequence[str]) -> Array:
    """Return each column from 0 to 1, the diagonal left out."""
    masked = values.copy()
    for i, row in enumerate(rows):
        if row.language in codes:
            masked[i, codes.index(row.language)] = math.nan
    with np.errstate(all="ignore"):
        low = np.array([_bound(column, min) for column in masked.T])
        high = np.array([_bound(column, max) for column in masked.T])
        shade: Array = (masked - low) / np.where(high > low, high - low, 1.0)
    return shade


def _bound(column: Array, pick: object) -> float:
    known = [float(v) for v in column if not math.isnan(v)]
    return pick(known) if known and callable(pick) else 0.0


def _row(
    board: Board,
    row: Point,
    codes: Sequence[str],
    found: Sequence[SeedEstimate | None],
    spec: FigureSpec,
    words: Wording,
) -> list[str]:
    cells = [write_estimate(c.these_seeds, words) if c else words("page.unknown") for c in found]
    mean = words.number(transfer_mean(board, row, codes, spec.measure), 1)
    return [words.language(row.language), *cells, mean]


def draw_pairs(board: Board, spec: FigureSpec, words: Wording) -> Drawn | None:
    """Draw each pair of languages beside its two halves, over the languages in neither."""
    pairs = [p for p in pick(board, spec) if len(_mixed(p)) == 2]
    rows = []
    for pair in pairs:
        mixed = _mixed(pair)
        codes = [code for code in board.languages if code not in mixed]
        points = [pair, *(board.whole(code) for code in mixed)]
        found = [board.estimate(p, spec.measure, codes) if p else None for p in points]
        if found[0]:
            rows.append((mixed, found))
    if not rows:
        return None
    figure, (axes,) = new_axes(6.6, 1.4 + 0.5 * len(rows))
    for y, (_, found) in enumerate(reversed(rows)):
        names = [words("group.pair"), *(words("group.half", number=i) for i in (1, 2))]
        known = [e.these_seeds.value for e in found if e]
        axes.plot([min(known), max(known)], [y, y], color=RULE, lw=1, zorder=1)
        for look, name, estimate, at in zip(LOOKS, names, found, (0, 0.14, -0.14), strict=False):
            if estimate:
                whisker(axes, y + at, estimate, look.color, lies=True)
                axes.plot(estimate.these_seeds.value, y + at, look.marker, color=look.color, ms=6.5,
                          label=name if not y else None, ls="none")  # fmt: skip
    labels = [words.join(map(words.language, mixed)) for mixed, _ in reversed(rows)]
    axes.set_yticks(range(len(rows)), labels)
    axes.set_ylim(-0.6, len(rows) - 0.4)
    axes.set_xlim(*span([e for _, found in rows for e in found if e]))
    draw_neutral(axes, spec.measure, lies=True)
    axes.set_xlabel(name_measure(spec.measure, words))
    add_legend(figure, axes)
    header = [words("group.pair"), words("axis.both"), words("axis.first"), words("axis.second")]
    body = [
        [words.join(map(words.language, mixed)), *(_cell(e, words) for e in found)]
        for mixed, found in rows
    ]
    return finish(figure, spec, words, (header, body))


def _cell(estimate: SeedEstimate | None, words: Wording) -> str:
    return write_estimate(estimate.these_seeds, words) if estimate else words("page.unknown")


def _mixed(point: Point) -> list[str]:
    """Return the languages of a mixture, English among them unless it is all replaced."""
    return [*point.arm.languages] if point.percent >= 100 else ["en", *point.arm.languages]
