"""The paper's own curves: a measure over the share of the mixture that is not English.

The scale is broken at 1 %, as in the paper: the main step lies below it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from pinchtune.experiments.board import NON_ENGLISH, Board, Point, shown
from pinchtune.experiments.figures.canvas import (
    GROUP_LOOKS,
    Place,
    Series,
    draw_line,
    draw_neutral,
    finish,
    label_measure,
    limits,
    pick,
    place,
    table,
)
from pinchtune.experiments.recipe import FigureSpec
from pinchtune.reporting.plots import Drawn, add_legend, new_axes
from pinchtune.reporting.svg import INK
from pinchtune.reporting.wording import Wording

BREAK = 2.0
"""Percent at which the scale is broken."""
CLOSEST = 0.05
"""Share of the scale that two numbers below it stand apart at least."""


def draw_pinch(board: Board, spec: FigureSpec, words: Wording) -> Drawn | None:
    """Draw every language as a dot, their mean and English as lines."""
    points = _shares(board, spec)
    if points is None:
        return None
    groups = {NON_ENGLISH: board.groups[NON_ENGLISH], "english": board.groups["english"]}
    series = _series(board, spec, points, groups, words)
    dots = [
        (p.percent, found.these_seeds.value)
        for p in points
        for code in groups[NON_ENGLISH]
        if (found := board.estimate(p, spec.measure, [code]))
    ]

    def draw(axes: Axes) -> None:
        axes.plot(
            *zip(*dots, strict=True), ".", color="#9aa5b1", ms=4, label=words("group.language")
        )
        for one in series:
            draw_line(axes, one)

    more = [y for _, y in dots]
    return _draw(spec, words, points, series, draw, more)


def draw_seen_unseen(board: Board, spec: FigureSpec, words: Wording) -> Drawn | None:
    """Draw the means of seen and unseen languages, each with the band of its interval."""
    points = _shares(board, spec)
    if points is None:
        return None
    groups = {group: board.groups[group] for group in ("seen", "unseen")}
    series = _series(board, spec, points, groups, words)

    def draw(axes: Axes) -> None:
        for one in series:
            places = sorted(one.places, key=lambda p: p.x)
            spans = [shown(p.estimate) for p in places]
            axes.fill_between(
                [p.x for p in places], [s.low for s in spans], [s.high for s in spans],
                color=one.look.color, alpha=0.16, lw=0,
                hatch="///" if one.look.marker == "D" else None, edgecolor=one.look.color,
            )  # fmt: skip
            draw_line(axes, one)

    return _draw(spec, words, points, series, draw)


def _shares(board: Board, spec: FigureSpec) -> list[Point] | None:
    found = [p for p in pick(board, spec) if not p.arm.untuned and p.percent == p.percent]
    ordered = sorted(found, key=lambda p: p.percent)
    return ordered if len({p.percent for p in found}) > 1 else None


def _series(
    board: Board,
    spec: FigureSpec,
    points: Sequence[Point],
    groups: dict[str, tuple[str, ...]],
    words: Wording,
) -> list[Series]:
    series = []
    for group, codes in groups.items():
        marks = (
            place(board, p, spec.measure, codes, p.percent, words.number(p.percent, 1))
            for p in points
        )
        found: list[Place] = [p for p in marks if p]
        series.append(Series(words(f"group.{group}"), GROUP_LOOKS[group], found))
    return series


def _draw(
    spec: FigureSpec,
    words: Wording,
    points: Sequence[Point],
    series: Sequence[Series],
    draw: Callable[[Axes], None],
    more: Sequence[float] = (),
) -> Drawn:
    """Draw on one scale, or on two where small and large shares stand beside each other."""
    percents = sorted({p.percent for p in points})
    small = [p for p in percents if p <= BREAK]
    large = [p for p in percents if p > BREAK]
    span = limits([p for s in series for p in s.places], more)
    if len(small) > 1 and large:
        figure, panels = new_axes(columns=2, sharey=True, width_ratios=[1, 2.4])
        for axes, ticks in zip(panels, (small, large), strict=True):
            _panel(axes, ticks, draw, spec, span)
        _join(figure, panels)
    else:
        figure, panels = new_axes()
        _panel(panels[0], percents, draw, spec, span)
    label_measure(panels[0], spec.measure, words)
    panels[-1].set_xlabel(words("axis.percent"))
    add_legend(figure, panels[0])
    return finish(figure, spec, words, table(series, words, words("axis.percent")))


def _panel(
    axes: Axes,
    ticks: Sequence[float],
    draw: Callable[[Axes], None],
    spec: FigureSpec,
    span: tuple[float, float],
) -> None:
    draw(axes)
    draw_neutral(axes, spec.measure)
    air = 0.06 * (ticks[-1] - ticks[0]) or 1.0
    axes.set_xlim(ticks[0] - air, ticks[-1] + air)
    shown = _spaced(ticks)
    axes.set_xticks(shown, [f"{tick:.3g}" for tick in shown])
    axes.set_ylim(*span)


def _spaced(ticks: Sequence[float]) -> list[float]:
    """Return the ticks whose numbers do not run into each other, the last one among them."""
    kept = [ticks[-1]]
    for tick in reversed(ticks[:-1]):
        if kept[-1] - tick >= CLOSEST * (ticks[-1] - ticks[0]):
            kept.append(tick)
    return kept[::-1]


def _join(figure: Figure, panels: Sequence[Axes]) -> None:
    """Draw the two parts of a broken scale as one."""
    left, right = panels
    right.spines["left"].set_visible(False)
    right.tick_params(left=False)
    figure.set_layout_engine("constrained", wspace=0.02)
    slash: dict[str, Any] = {
        "marker": [(-1, -2), (1, 2)],
        "ms": 9,
        "ls": "none",
        "mec": INK,
        "mew": 1,
    }
    left.plot([1], [0], transform=left.transAxes, clip_on=False, **slash)
    right.plot([0], [0], transform=right.transAxes, clip_on=False, **slash)
