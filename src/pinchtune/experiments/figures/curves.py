"""Curves over the dose, the number of languages and the temperature."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from statistics import mean
from typing import Any

from matplotlib.axes import Axes

from pinchtune.experiments.board import GROUPS, NON_ENGLISH, Board, Point
from pinchtune.experiments.figures.canvas import (
    GROUP_LOOKS,
    Place,
    Series,
    draw_line,
    draw_neutral,
    draw_series,
    finish,
    label_measure,
    limits,
    pick,
    place,
    table,
)
from pinchtune.experiments.recipe import FigureSpec
from pinchtune.reporting.plots import LOOKS, Drawn, Look, add_legend, new_axes
from pinchtune.reporting.svg import INK
from pinchtune.reporting.wording import Wording

CONFUSION = ("lcb_line_pass_rate", "lcb_word_pass_rate")
MODES = ("replace", "add")
MANY = 8
"""Doses from which their figures are turned, so that they do not run into each other."""


def draw_dose(board: Board, spec: FigureSpec, words: Wording) -> Drawn | None:
    """Draw a measure over the dose, on a logarithmic scale that begins with none at all."""
    points = [p for p in pick(board, spec) if p.arm.dose is not None and not p.arm.untuned]
    doses = sorted({p.arm.dose or 0 for p in points})
    modes = [m for m in MODES if _has_mode(points, m)]
    if len(doses) < 2 or not modes:
        return None
    series = [
        Series(_name(group, mode, modes, words), _look(group, mode), found)
        for group in GROUPS
        for mode in modes
        if (found := _over_dose(board, spec, points, group, mode))
    ]
    figure, (axes,) = new_axes()
    draw_series(axes, series)
    draw_neutral(axes, spec.measure)
    _untuned_line(board, axes, spec.measure, words)
    _dose_axis(axes, doses, words)
    label_measure(axes, spec.measure, words)
    add_legend(figure, axes)
    return finish(figure, spec, words, table(series, words, words("axis.dose")))


def _has_mode(points: Sequence[Point], mode: str) -> bool:
    return any(p.arm.config.mix.mode == mode and p.arm.dose for p in points)


def _name(group: str, mode: str, modes: Sequence[str], words: Wording) -> str:
    name = words(f"group.{group}")
    return name if len(modes) == 1 else words("group.mode", name=name, mode=words(f"mode.{mode}"))


def _look(group: str, mode: str) -> Look:
    return GROUP_LOOKS[group]._replace(filled=mode == MODES[0])


def _over_dose(
    board: Board, spec: FigureSpec, points: Sequence[Point], group: str, mode: str
) -> list[Place]:
    ours = [p for p in points if not p.arm.dose or p.arm.config.mix.mode == mode]
    codes = board.groups[group]
    found = (
        # None stands at one place, whatever the smallest dose of the mode.
        place(board, p, spec.measure, codes, dose_place(p.arm.dose or 0, points), _dose(p))
        for p in ours
    )
    return [p for p in found if p]


def _dose(point: Point) -> str:
    return str(point.arm.dose or 0)


def dose_place(dose: int, points: Sequence[Point]) -> float:
    """Return where a dose stands: by its logarithm, none a step before the smallest."""
    least = min((p.arm.dose for p in points if p.arm.dose), default=1)
    return math.log2(dose) if dose else math.log2(least) - 1.5


def _dose_axis(axes: Axes, doses: Sequence[int], words: Wording) -> None:
    some = [dose for dose in doses if dose]
    at = [math.log2(some[0]) - 1.5] if 0 in doses else []
    turned: dict[str, Any] = {"rotation": 45, "ha": "right"} if len(doses) > MANY else {}
    axes.set_xticks([*at, *map(math.log2, some)], [str(dose) for dose in doses], **turned)
    axes.set_xlabel(words("axis.dose"))
    if at:
        _break_axis(axes, (at[0] + math.log2(some[0])) / 2)


def _break_axis(axes: Axes, x: float) -> None:
    """Mark that the scale does not run through: none has no logarithm."""
    axes.plot([x - 0.06, x + 0.06], [0, 0], marker=[(-1, -2), (1, 2)], ms=9, ls="none", mec=INK,
              mew=1, clip_on=False, transform=axes.get_xaxis_transform())  # fmt: skip


def _untuned_line(board: Board, axes: Axes, measure: str, words: Wording) -> None:
    base = board.untuned
    found = board.estimate(base, measure, board.groups[NON_ENGLISH]) if base else None
    if found:
        value, (low, high) = found.these_seeds.value, axes.get_ylim()
        axes.axhline(value, color=INK, lw=0.9, ls=(0, (8, 3, 1, 3)), zorder=1,
                     label=words("group.untuned"))  # fmt: skip
        air = 0.02 * (high - low)
        axes.set_ylim(min(low, value - air), max(high, value + air))


def draw_confusion(board: Board, spec: FigureSpec, words: Wording) -> Drawn | None:
    """Draw the pass rates of the Language Confusion Benchmark over the dose."""
    points = [p for p in pick(board, spec) if p.arm.dose is not None and not p.arm.untuned]
    doses = sorted({p.arm.dose or 0 for p in points})
    if len(doses) < 2:
        return None
    return _panels(
        board,
        spec,
        words,
        lambda part, group: _over_dose(board, part, points, group, MODES[0]),
        lambda axes: _dose_axis(axes, doses, words),
    )


def draw_temperature(board: Board, spec: FigureSpec, words: Wording) -> Drawn | None:
    """Draw the pass rates over the temperature: the untuned, the English and the pinch arms."""
    points = [p for p in pick(board, spec) if p.arm.languages or p.arm.untuned or p.arm.dose == 0]
    if len({_temperature(p) for p in points}) < 2:
        return None
    kinds: dict[str, list[Point]] = {}
    for p in points:
        kinds.setdefault(_kind(p, words), []).append(p)
    figure, panels = new_axes(7.4, 3.9, len(CONFUSION))
    rows: list[Series] = []
    for axes, measure in zip(panels, CONFUSION, strict=True):
        codes = board.groups[NON_ENGLISH]
        series = [
            Series(name, LOOKS[i % len(LOOKS)], _at_temperatures(board, measure, codes, found))
            for i, (name, found) in enumerate(kinds.items())
        ]
        draw_series(axes, [s for s in series if s.places])
        axes.set_xlabel(words("axis.temperature"))
        label_measure(axes, measure, words)
        rows += [s._replace(name=f"{s.name}: {words(f'measure.{measure}')}") for s in series]
    add_legend(figure, panels[0])
    return finish(figure, spec, words, table(rows, words, words("axis.temperature")))


def _temperature(point: Point) -> float:
    return point.arm.config.generate.temperature


def _kind(point: Point, words: Wording) -> str:
    if point.arm.untuned:
        return words("group.untuned")
    return words("group.dosed", dose=point.arm.dose or 0)


def _at_temperatures(
    board: Board, measure: str, codes: Sequence[str], points: Sequence[Point]
) -> list[Place]:
    found = [
        place(board, p, measure, codes, _temperature(p), f"{_temperature(p):g}") for p in points
    ]
    return [p for p in found if p]


def _panels(
    board: Board,
    spec: FigureSpec,
    words: Wording,
    marks: Callable[[FigureSpec, str], list[Place]],
    axis: Callable[[Axes], None],
) -> Drawn:
    """Draw both pass rates side by side, a series a group."""
    figure, panels = new_axes(7.4, 3.9, len(CONFUSION))
    rows: list[Series] = []
    for axes, measure in zip(panels, CONFUSION, strict=True):
        part = spec.model_copy(update={"measure": measure})
        series = [
            Series(words(f"group.{group}"), GROUP_LOOKS[group], found)
            for group in GROUPS
            if (found := marks(part, group))
        ]
        draw_series(axes, series)
        _untuned_line(board, axes, measure, words)
        axis(axes)
        label_measure(axes, measure, words)
        rows += [s._replace(name=f"{s.name}: {words(f'measure.{measure}')}") for s in series]
    add_legend(figure, panels[0])
    return finish(figure, spec, words, table(rows, words, words("axis.dose")))


def draw_languages(board: Board, spec: FigureSpec, words: Wording) -> Drawn | None:
    """Draw a measure of unseen languages over the number of languages, a band over the orders."""
    points = [p for p in pick(board, spec) if "count" in p.arm.axes]
    orders: dict[str, list[Place]] = {}
    for p in points:
        count = int(p.arm.axes["count"])
        found = place(board, p, spec.measure, board.groups["unseen"], count, str(count))
        if found:
            orders.setdefault(str(p.arm.axes.get("order", 0)), []).append(found)
    counts = sorted({p.x for found in orders.values() for p in found})
    if len(counts) < 2:
        return None
    figure, (axes,) = new_axes()
    series = [
        Series(words("group.order", number=name), LOOKS[(i + 1) % len(LOOKS)], found)
        for i, (name, found) in enumerate(orders.items())
    ]
    _band(axes, counts, orders, words)
    for one in series:
        draw_line(axes, one)
    zero = _zero_languages(board, axes, spec, words)
    axes.set_ylim(*limits([p for found in orders.values() for p in found], zero))
    draw_neutral(axes, spec.measure)
    axes.set_xticks(counts, [f"{count:g}" for count in counts])
    axes.set_xlabel(words("axis.languages"))
    label_measure(axes, spec.measure, words)
    add_legend(figure, axes)
    return finish(figure, spec, words, table(series, words, words("axis.languages")))


def _band(
    axes: Axes, counts: Sequence[float], orders: dict[str, list[Place]], words: Wording
) -> None:
    values = [
        [p.estimate.these_seeds.value for found in orders.values() for p in found if p.x == count]
        for count in counts
    ]
    axes.fill_between(counts, [*map(min, values)], [*map(max, values)], color="#c9d6e2", lw=0)
    axes.plot(
        counts,
        [*map(mean, values)],
        color=INK,
        lw=2.4,
        label=words("group.mean_of_orders"),
        zorder=4,
    )


def _zero_languages(board: Board, axes: Axes, spec: FigureSpec, words: Wording) -> list[float]:
    """Draw where the English arm stands, without any other language, and return its value."""
    english = next((p for p in board.points if p.arm.dose == 0 and not p.arm.untuned), None)
    found = board.estimate(english, spec.measure, board.groups["unseen"]) if english else None
    if not found:
        return []
    axes.axhline(found.these_seeds.value, color=INK, lw=0.9, ls=(0, (8, 3, 1, 3)),
                 label=words("group.english_arm"))  # fmt: skip
    return [found.these_seeds.value]
