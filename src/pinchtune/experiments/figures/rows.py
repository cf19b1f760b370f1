"""Rows: what each language gains over the untuned model, and what each arm does to its control."""

from __future__ import annotations

from collections.abc import Sequence

from pinchtune.experiments.board import NON_ENGLISH, Board, Point
from pinchtune.experiments.figures.canvas import (
    GROUP_LOOKS,
    draw_neutral,
    finish,
    name_measure,
    pick,
    span,
    whisker,
)
from pinchtune.experiments.recipe import WIN_RATE, FigureSpec
from pinchtune.reporting.plots import DASHED, LOOKS, Drawn, add_legend, new_axes, write_estimate
from pinchtune.reporting.svg import INK, RULE
from pinchtune.reporting.wording import Wording
from pinchtune.stats import SeedEstimate


def draw_gain(board: Board, spec: FigureSpec, words: Wording) -> Drawn | None:
    """Draw each language untuned and tuned: on itself where there is such an arm, else as mixed."""
    base, points = board.untuned, [p for p in pick(board, spec) if not p.arm.untuned]
    if base is None or not points:
        return None
    rows = []
    for code in board.languages:
        after = board.whole(code) or points[-1]
        pair = (
            board.estimate(base, spec.measure, [code]),
            board.estimate(after, spec.measure, [code]),
        )
        gain = board.difference(after, base, spec.measure, [code]) if all(pair) else None
        if pair[0] and pair[1] and spec.measure != WIN_RATE:
            rows.append((code, after, pair[0], pair[1], gain))
    if not rows:
        return None
    figure, (axes,) = new_axes(6.6, 1.3 + 0.32 * len(rows))
    looks = (LOOKS[3]._replace(filled=False), LOOKS[0])
    names = (words("group.untuned"), words("group.tuned"))
    for y, (_, _, *found, _) in enumerate(reversed(rows)):
        values = [e.these_seeds.value for e in found]
        axes.plot(values, [y, y], color=RULE, lw=1.5, zorder=1)
        for look, name, estimate, at in zip(looks, names, found, (0.1, -0.1), strict=True):
            whisker(axes, y + at, estimate, look.color, lies=True)
            inside = look.color if look.filled else "#ffffff"
            axes.plot(estimate.these_seeds.value, y + at, look.marker, mec=look.color, mfc=inside,
                      ms=6, label=name if not y else None)  # fmt: skip
    axes.set_yticks(range(len(rows)), [words.language(code) for code, *_ in reversed(rows)])
    axes.set_xlim(*span([e for _, _, before, after, _ in rows for e in (before, after)]))
    axes.set_xlabel(name_measure(spec.measure, words))
    add_legend(figure, axes)
    header = [words("page.language"), words("axis.tuned_on"), *names, words("axis.gain")]
    body = [
        [
            words.language(code),
            words.join(map(words.language, after.arm.languages or ("en",))),
            write_estimate(before.these_seeds, words),
            write_estimate(then.these_seeds, words),
            write_estimate(gain.these_seeds, words, sign=True) if gain else words("page.unknown"),
        ]
        for code, after, before, then, gain in rows
    ]
    return finish(figure, spec, words, (header, body))


def draw_forest(board: Board, spec: FigureSpec, words: Wording) -> Drawn | None:
    """Draw each arm against its control: win rates, or differences of a measure."""
    points = [p for p in pick(board, spec) if not p.arm.untuned and p.arm.dose != 0]
    groups = ("english", NON_ENGLISH) if _one_language(points) else ("english", "seen", "unseen")
    rows = [
        (p, found)
        for p in points
        if any(found := [compare(board, p, spec.measure, _codes(board, p, g)) for g in groups])
    ]
    if not rows:
        return None
    figure, (axes,) = new_axes(6.8, 1.5 + 0.42 * len(rows))
    for y, (_, found) in enumerate(reversed(rows)):
        for i, (group, estimate) in enumerate(zip(groups, found, strict=True)):
            at, look = y + 0.22 * (1 - i), GROUP_LOOKS[group]
            if estimate:
                whisker(axes, at, estimate, look.color, lies=True)
                axes.plot(estimate.these_seeds.value, at, look.marker, color=look.color, ms=5.5,
                          ls="none", label=words(f"group.{group}") if not y else None)  # fmt: skip
    axes.set_yticks(range(len(rows)), [name_arm(p, words) for p, _ in reversed(rows)])
    axes.set_ylim(-0.6, len(rows) - 0.4)
    draw_neutral(axes, spec.measure, lies=True)
    if spec.measure != WIN_RATE:
        axes.axvline(0, color=INK, lw=1, ls=DASHED, zorder=1)
    axes.set_xlabel(_axis(spec, words))
    add_legend(figure, axes)
    header = [words("table.arm"), *(words(f"group.{group}") for group in groups)]
    sign = spec.measure != WIN_RATE
    body = [
        [
            name_arm(p, words),
            *(
                write_estimate(e.these_seeds, words, sign=sign) if e else words("page.unknown")
                for e in found
            ),
        ]
        for p, found in rows
    ]
    return finish(figure, spec, words, (header, body))


def _axis(spec: FigureSpec, words: Wording) -> str:
    name = name_measure(spec.measure, words)
    return name if spec.measure == WIN_RATE else words("axis.against", name=name)


def _one_language(points: list[Point]) -> bool:
    return bool(points) and all(len(p.arm.languages) == 1 for p in points)


def _codes(board: Board, point: Point, group: str) -> tuple[str, ...]:
    """Return the languages of a group; of an arm with one language, that language itself."""
    if group == NON_ENGLISH:
        return point.arm.languages
    return board.groups_of(point)[group]


def compare(
    board: Board, point: Point, measure: str, codes: tuple[str, ...]
) -> SeedEstimate | None:
    """Return a point against its control: its win rate, or the difference of a measure."""
    control = board.control(point)
    if control is None:
        return None
    if measure == WIN_RATE:
        return board.estimate(point, measure, codes)
    return board.difference(point, control, measure, codes)


def name_arm(point: Point, words: Wording) -> str:
    """Return the name of a point in figures and tables."""
    arm = point.arm
    beside = [
        words("table.axis", name=words.choose("axis_name", k), value=words.choose("value", str(v)))
        for k, v in arm.axes.items()
        if k not in _SAID
    ]
    if arm.dose == 0:
        name = words("group.untuned" if arm.untuned else "group.english_arm")
    else:
        name = _name_pinch(str(arm.axes.get("label", "")), arm.languages, words)
        dose = f"{point.percent:g} %" if arm.dose is None else arm.dose
        beside.insert(0, words("table.dose", dose=dose))
    return "; ".join([name, *([", ".join(beside)] if beside else [])])


MOST_NAMED = 4
"""Languages that are named beside a label; of more, their number is told."""


def _name_pinch(label: str, languages: Sequence[str], words: Wording) -> str:
    if not label:
        return words.join(languages)
    few = len(languages) <= MOST_NAMED
    told = words.join(languages) if few else words("table.many", count=len(languages))
    return words("table.named", label=label, languages=told)


_SAID = frozenset({"label", "languages", "dose", "percent", "seed", "count"})
