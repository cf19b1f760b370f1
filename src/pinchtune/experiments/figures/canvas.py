"""What the figures share: marks with their intervals, limits, names."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from textwrap import fill
from typing import NamedTuple

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from pinchtune.errors import UsageError
from pinchtune.experiments.board import Board, Point
from pinchtune.experiments.expand import BESIDE_DOSE, axis_value
from pinchtune.experiments.recipe import WIN_RATE, FigureSpec
from pinchtune.reporting.plots import DASHED, DOTTED, Drawn, Look, write_estimate
from pinchtune.reporting.svg import INK
from pinchtune.reporting.wording import Wording
from pinchtune.stats import NEUTRAL, SeedEstimate

PERCENT = "%"
LONGEST_LABEL = 32
"""Letters that fit beside an axis."""

GROUP_LOOKS = {
    "english": Look("#8a94a0", "s", DOTTED),
    "seen": Look("#005b96", "o"),
    "unseen": Look("#c05a00", "D", DASHED),
    "non_english": Look("#12355b", "o"),
}


class Place(NamedTuple):
    """One mark of a series."""

    x: float
    name: str
    """What `x` stands for, as a table shows it."""
    estimate: SeedEstimate
    seeds: Mapping[int, float]
    """Each seed by itself."""


class Series(NamedTuple):
    """Marks that belong together."""

    name: str
    look: Look
    places: list[Place]


def pick(board: Board, spec: FigureSpec) -> list[Point]:
    """Return the points that a figure is about."""
    return [point for point in board.points if _fits(point, spec)]


def _fits(point: Point, spec: FigureSpec) -> bool:
    """True if a point is what `only` asks for; what an arm without a pinch lacks is not asked."""
    arm = point.arm
    free = ("languages", *BESIDE_DOSE) if arm.dose == 0 else ()
    return all(
        (name in free and arm.axes.get(name) in (None, [])) or axis_value(arm, name) == value
        for name, value in spec.only.items()
    )


def place(
    board: Board, point: Point, measure: str, codes: Iterable[str], x: float, name: str
) -> Place | None:
    """Return the mark of a point at `x`; None if nothing of it was scored."""
    languages = list(codes)
    found = board.estimate(point, measure, languages)
    return found and Place(x, name, found, board.by_seed(point, measure, languages))


def draw_series(axes: Axes, series: Sequence[Series]) -> None:
    """Draw lines through means, with intervals and every seed; limits follow the values."""
    axes.set_ylim(*limits([p for s in series for p in s.places]))
    shift = 0.0
    for one in series:
        draw_line(axes, one, shift)
        shift += 0.02


def draw_line(axes: Axes, series: Series, shift: float = 0.0) -> None:
    """Draw one series; whiskers are moved by `shift`, so that they do not cover each other."""
    places, look = sorted(series.places, key=lambda p: p.x), series.look
    xs = [p.x + shift for p in places]
    inside = look.color if look.filled else "#ffffff"
    values = [p.estimate.these_seeds.value for p in places]
    axes.plot(
        xs, values, color=look.color, ls=look.line, marker=look.marker, ms=5.5, lw=1.6,
        mfc=inside, mec=look.color, label=series.name, zorder=3,
    )  # fmt: skip
    for x, p in zip(xs, places, strict=True):
        whisker(axes, x, p.estimate, look.color)
        if len(p.seeds) > 1:
            axes.plot(
                [x] * len(p.seeds), [*p.seeds.values()], ".", color=look.color, ms=3, alpha=0.6
            )


def whisker(
    axes: Axes, at: float, estimate: SeedEstimate, color: str, *, lies: bool = False
) -> None:
    """Draw both intervals: thick over prompts, thin over seeds too."""
    for one, width in ((estimate.these_seeds, 2.2), (estimate.any_seeds, 0.8)):
        if math.isfinite(one.low) and math.isfinite(one.high):
            ends, across = [one.low, one.high], [at, at]
            axes.plot(
                *((ends, across) if lies else (across, ends)), color=color, lw=width, alpha=0.7
            )


def limits(places: Sequence[Place], more: Sequence[float] = ()) -> tuple[float, float]:
    """Return where an axis begins and ends: all values and what prompts say of them, with air."""
    return span(
        [p.estimate for p in places], [*more, *(v for p in places for v in p.seeds.values())]
    )


def span(estimates: Sequence[SeedEstimate], more: Sequence[float] = ()) -> tuple[float, float]:
    """Return where an axis with these estimates begins and ends."""
    found = [*more]
    for estimate in estimates:
        these = estimate.these_seeds
        found += [v for v in these[:3] if math.isfinite(v)]
    if not found:
        return 0.0, 1.0
    low, high = min(found), max(found)
    air = 0.06 * (high - low) or 0.05 * abs(high) or 1.0
    values = [*more, *(e.these_seeds.value for e in estimates)]
    # Rates end at 100 and at 0, although what an interval says does not.
    is_rate = min(values) >= 0 and 20 < max(values) <= 100
    return (max(low - air, -2.0), min(high + air, 102.0)) if is_rate else (low - air, high + air)


def name_measure(measure: str, words: Wording) -> str:
    """Return the name of a measure with its unit."""
    if measure == WIN_RATE:
        return words("axis.win_rate")
    return words("axis.measure", name=words(f"measure.{measure}"), unit=_unit(measure, words))


def label_measure(axes: Axes, measure: str, words: Wording) -> None:
    """Write a measure beside its axis, in two lines where one is longer than the axis."""
    axes.set_ylabel(fill(name_measure(measure, words), LONGEST_LABEL))


def _unit(measure: str, words: Wording) -> str:
    from pinchtune.evaluation.measures import MEASURES

    return words.choose("unit", next(m.unit for m in MEASURES if m.name == measure))


def draw_neutral(axes: Axes, measure: str, *, lies: bool = False) -> None:
    """Draw the line of equal arms, if there is one."""
    if measure == WIN_RATE:
        line = axes.axvline if lies else axes.axhline
        line(NEUTRAL, color=INK, lw=1, ls=DASHED, zorder=1)


def table(
    series: Sequence[Series], words: Wording, corner: str
) -> tuple[list[str], list[list[str]]]:
    """Return series as a table: a row a mark, a column a series; both intervals where known.

    UsageError where two marks of a series stand at one place: a line through both says nothing.
    """
    for one in series:
        _check_places(one)
    names = list(dict.fromkeys(p.name for s in series for p in s.places))
    header = [corner, *(s.name for s in series)]
    rows = []
    for name in names:
        cells = [next((p for p in s.places if p.name == name), None) for s in series]
        rows.append([name, *(_cell(p, words) if p else words("page.unknown") for p in cells)])
    return header, rows


def _check_places(series: Series) -> None:
    taken: set[float] = set()
    for p in series.places:
        if p.x in taken:
            raise UsageError(
                f"figures: several arms stand at {p.name} in the series {series.name!r}; choose "
                "one of them by its axes, such as only = { order = 1 }, or draw a figure of each"
            )
        taken.add(p.x)


def _cell(p: Place, words: Wording) -> str:
    digits = 1 if abs(p.estimate.these_seeds.value) >= 10 else 2
    text = write_estimate(p.estimate.these_seeds, words, digits)
    if not p.estimate.knows_seeds:
        return text
    any_seeds = write_estimate(p.estimate.any_seeds, words, digits).partition(" ")[2]
    return words("table.both", text=text, seeds=p.estimate.seeds, span=any_seeds)


def title(spec: FigureSpec, words: Wording) -> str:
    """Return the title of a figure: its own, or that of its shape and measure."""
    from pinchtune.experiments.recipe import say

    own = say(spec.title, words.locale)
    return own or words(
        "figure.titled", shape=words(f"figure.{spec.kind}"), measure=_short(spec, words)
    )


def _short(spec: FigureSpec, words: Wording) -> str:
    return words("axis.wins" if spec.measure == WIN_RATE else f"measure.{spec.measure}")


def finish(
    figure: Figure,
    spec: FigureSpec,
    words: Wording,
    content: tuple[list[str], list[list[str]]],
    lead: str = "",
) -> Drawn:
    """Return a drawn figure with its words."""
    said = [lead or words(f"lead.{spec.kind}"), words("lead.marks")]
    return Drawn(figure, title(spec, words), " ".join(said), *content)
