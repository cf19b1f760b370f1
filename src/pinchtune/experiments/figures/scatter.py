"""One figure against another: corpus share, similarity, and what English pays."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes

from pinchtune.config import ENGLISH
from pinchtune.experiments.board import NON_ENGLISH, Board, better
from pinchtune.experiments.figures.canvas import finish, name_measure, pick
from pinchtune.experiments.figures.matrix import transfer, transfer_mean, whole_points
from pinchtune.experiments.figures.rows import compare, name_arm
from pinchtune.experiments.recipe import BITS, WIN_RATE, FigureSpec
from pinchtune.languages import LANGUAGES
from pinchtune.reporting.plots import LOOKS, Drawn, add_legend, new_axes, write_estimate
from pinchtune.reporting.svg import INK, RULE
from pinchtune.reporting.wording import Wording
from pinchtune.stats import NEUTRAL, Array, Correlation, correlate
from pinchtune.stats.correlation import LEAST

NEAR = 0.05
"""Share of either scale below which two names would cover each other."""


def draw_share(board: Board, spec: FigureSpec, words: Wording) -> Drawn | None:
    """Draw what a tuned language gives to others against the bits that it costs the base model."""
    base = board.untuned
    rows = [p for p in whole_points(board, spec) if p.language != ENGLISH]
    if base is None:
        return None
    marks = []
    for row in rows:
        bits = board.estimate(base, BITS, [row.language])
        mean = transfer_mean(board, row, board.languages, spec.measure)
        if bits and mean is not None:
            marks.append((bits.these_seeds.value, mean, words.language(row.language)))
    if len(marks) < LEAST:
        return None
    labels = (words("axis.bits_of_base"), words("axis.mean_transfer"))
    return _scatter(marks, labels, spec, words)


def draw_similarity(board: Board, spec: FigureSpec, words: Wording) -> Drawn | None:
    """Draw transfer between two languages against how alike they are by family and script.

    English, which every base model knows best, is neither a row nor a column.
    """
    rows = [row for row in whole_points(board, spec) if row.language != ENGLISH]
    marks = []
    for row in rows:
        for code in (code for code in board.languages if code != ENGLISH):
            found = transfer(board, row, code, spec.measure) if code != row.language else None
            if found:
                name = f"{row.language} → {code}"
                marks.append((likeness(row.language, code), found.these_seeds.value, name))
    if len(marks) < LEAST:
        return None
    labels = (words("axis.likeness"), name_measure(spec.measure, words))
    return _scatter(marks, labels, spec, words, pairs=True)


def likeness(one: str, other: str) -> float:
    """Return how many of family, branch and script two languages have in common, 0 to 3."""
    a, b = LANGUAGES[one], LANGUAGES[other]
    shared = (a.stock == b.stock, a.family == b.family, bool({*a.scripts} & {*b.scripts}))
    return float(sum(shared))


def _scatter(
    marks: Sequence[tuple[float, float, str]],
    labels: tuple[str, str],
    spec: FigureSpec,
    words: Wording,
    pairs: bool = False,
) -> Drawn:
    """Draw marks with the line of least squares and r; with their intervals, unless of pairs.

    A language is in many pairs: they are not so many draws, and their intervals are too narrow.
    """
    xs, ys = [m[0] for m in marks], [m[1] for m in marks]
    figure, (axes,) = new_axes(6.0, 4.2)
    axes.plot(xs, ys, LOOKS[0].marker, color=LOOKS[0].color, ms=6, alpha=0.8, ls="none")
    for x, y, name in () if pairs else marks:
        axes.annotate(name, (x, y), xytext=(6, 4), textcoords="offset points", fontsize=8.5)
    found = correlate(xs, ys)
    if found:
        _line(axes, np.array(xs), np.array(ys), found, band=not pairs)
        r = words.number(found.r.value, 2) if pairs else write_estimate(found.r, words, 2)
        text = words("axis.r", value=r)
        axes.set_title(text, fontsize=10, loc="left", color=INK)
    axes.set_xlabel(labels[0])
    axes.set_ylabel(labels[1])
    body = [[name, words.number(x, 3), words.number(y, 1)] for x, y, name in marks]
    return finish(figure, spec, words, ([words("page.language"), *labels], body))


def _line(axes: Axes, xs: Array, ys: Array, found: Correlation, *, band: bool) -> None:
    """Draw the fitted line and, if wanted, the 95 % band of its mean."""
    from pinchtune.stats.distributions import student_quantile

    grid = np.linspace(xs.min(), xs.max(), 50)
    fitted = found.intercept + found.slope * grid
    axes.plot(grid, fitted, color=INK, lw=1.4)
    n = len(xs)
    if n < LEAST + 1 or not band:
        return
    rest = ys - found.intercept - found.slope * xs
    error = math.sqrt(float((rest**2).sum()) / (n - 2))
    away = (grid - xs.mean()) ** 2 / float(((xs - xs.mean()) ** 2).sum())
    half = student_quantile(0.975, n - 2) * error * np.sqrt(1 / n + away)
    axes.fill_between(grid, fitted - half, fitted + half, color=RULE, alpha=0.3, lw=0)


def draw_pareto(board: Board, spec: FigureSpec, words: Wording) -> Drawn | None:
    """Draw what English pays against what the others gain: up and to the right is better."""
    points = [p for p in pick(board, spec) if not p.arm.untuned and p.arm.dose]
    zero = NEUTRAL if spec.measure == WIN_RATE else 0.0
    rows = []
    for p in points:
        pair = [
            compare(board, p, spec.measure, board.groups[group])
            for group in ("english", NON_ENGLISH)
        ]
        if pair[0] and pair[1]:
            rows.append((p, pair[0].these_seeds, pair[1].these_seeds))
    if not rows:
        return None
    figure, (axes,) = new_axes(6.2, 4.4)
    sign = better(spec.measure)
    for p, english, others in rows:
        look = LOOKS[p.arm.config.mix.mode == "add"]
        x, y = sign * (english.value - zero), sign * (others.value - zero)
        axes.plot(x, y, look.marker, color=look.color, ms=7, ls="none",
                  label=words(f"mode.{p.arm.config.mix.mode}"))  # fmt: skip
    marks = [(sign * (e.value - zero), sign * (o.value - zero)) for _, e, o in rows]
    for (x, y), names in join_near(marks, [str(p.arm.dose) for p, _, _ in rows]):
        text = ", ".join(names)
        axes.annotate(text, (x, y), xytext=(6, 4), textcoords="offset points", fontsize=9)
    _best(axes, marks, words)
    axes.axvline(0, color=INK, lw=1, ls=(0, (5, 2)))
    axes.set_xlabel(words("axis.english_change"))
    axes.set_ylabel(words("axis.others_change"))
    _legend_once(axes)
    add_legend(figure, axes)
    header = [words("table.arm"), words("axis.english_change"), words("axis.others_change")]
    body = [
        [
            name_arm(p, words),
            *(write_estimate(e, words, sign=spec.measure != WIN_RATE) for e in pair),
        ]
        for p, *pair in rows
    ]
    return finish(figure, spec, words, (header, body))


def join_near(
    marks: Sequence[tuple[float, float]], names: Sequence[str]
) -> list[tuple[tuple[float, float], list[str]]]:
    """Return where names stand; those of marks so near that they would cover each other, together.

    Each once, in their order, at the first mark of the group.
    """
    spans = [max(axis) - min(axis) or 1.0 for axis in zip(*marks, strict=True)]
    found: list[tuple[tuple[float, float], list[str]]] = []
    for mark, name in zip(marks, names, strict=True):
        for place, together in found:
            apart = [abs(a - b) / span for a, b, span in zip(mark, place, spans, strict=True)]
            if max(apart) < NEAR:
                together += [] if name in together else [name]
                break
        else:
            found.append((mark, [name]))
    return found


def _best(axes: Axes, marks: Sequence[tuple[float, float]], words: Wording) -> None:
    """Join the marks that no other one beats in both."""
    front = sorted(
        m for m in marks if not any(o[0] >= m[0] and o[1] >= m[1] and o != m for o in marks)
    )
    axes.plot(*zip(*front, strict=True), color=RULE, lw=1.4, zorder=1, label=words("group.front"))


def _legend_once(axes: Axes) -> None:
    """Name each look once, however many marks have it."""
    seen: set[str] = set()
    for line in axes.get_lines():
        label = str(line.get_label())
        if label in seen:
            line.set_label("_")
        seen.add(label)
