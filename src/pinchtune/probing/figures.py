"""The figures of a run, from its JSON object alone: a curve an arm over the layers.

Layers are counted from 1 in figures, from 0 everywhere else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from pinchtune.probing.tables import GROUPS, HEADLINE, name_arm, name_pair, name_trial, write
from pinchtune.reporting.plots import DASHED, LOOKS, RC, Drawn, Look, add_legend, new_axes
from pinchtune.reporting.svg import FAINT, INK
from pinchtune.reporting.wording import Wording

Json = Mapping[str, Any]
ARM_LOOKS = {"base": LOOKS[3], "english": LOOKS[1], "pinch": LOOKS[0]}


class Curve(NamedTuple):
    """One line over the layers."""

    name: str
    look: Look
    values: Sequence[float | None]
    estimates: Sequence[Json] = ()
    """The same with intervals, where there are any."""


class Panel(NamedTuple):
    """One pair of axes."""

    label: str
    curves: list[Curve]


def draw_figures(found: Json, words: Wording) -> Iterator[tuple[str, Drawn]]:
    """Yield each figure that there are values for, with its name."""
    shapes: dict[str, Callable[[Json, Wording], Drawn | None]] = {
        "alignment": _alignment,
        "lens": _lens,
        "script": _script,
        "moved": _moved,
        "cka": _cka,
        "neurons": _neurons,
        "gain": _gain,
        "interventions": _interventions,
    }
    for name, draw in shapes.items():
        with matplotlib.rc_context(RC):
            drawn = draw(found, words)
        if drawn:
            yield name, drawn


def _alignment(found: Json, words: Wording) -> Drawn | None:
    return _curves_of("alignment", ("mexa", "retrieval_centred"), found, words)


def _lens(found: Json, words: Wording) -> Drawn | None:
    return _curves_of("lens", ("target", "english"), found, words)


def _script(found: Json, words: Wording) -> Drawn | None:
    if "script" not in found["curves"]:
        return None
    return _curves_of("script", ("script", "latin"), found, words)


def _curves_of(figure: str, measures: Sequence[str], found: Json, words: Wording) -> Drawn:
    panels = [
        Panel(_percent(measure, words), _by_arm(found["curves"][measure], words))
        for measure in measures
    ]
    return _draw(figure, panels, found, words)


def _percent(measure: str, words: Wording) -> str:
    return words("axis.percent", name=words(f"curve.{measure}"))


def _by_arm(curves: Json, words: Wording) -> list[Curve]:
    return [
        Curve(name_arm(name, words), look_of(name), [e["value"] for e in rows], rows)
        for name, rows in curves.items()
    ]


def look_of(name: str) -> Look:
    """Return how an arm is drawn; later seeds have hollow marks."""
    seed, _, arm = name.rpartition("/")
    return ARM_LOOKS[arm]._replace(filled=not seed)


def _moved(found: Json, words: Wording) -> Drawn | None:
    if not found["moved"]["states"]:
        return None
    weights = {
        after: {before: moved["layers"] for before, moved in own.items()}
        for after, own in found["moved"]["weights"].items()
    }
    panels = [
        Panel(words("axis.weights"), _by_pair(weights, words)),
        Panel(words("axis.states"), _by_pair(found["moved"]["states"], words)),
    ]
    return _draw("moved", panels, found, words)


def _by_pair(table: Json, words: Wording, scale: float = 100) -> list[Curve]:
    pairs = [(after, before) for after, own in table.items() for before in own]
    looks = [LOOKS[i % len(LOOKS)] for i in range(len(pairs))]
    return [
        Curve(
            name_pair(after, before, words),
            look,
            [None if v is None else scale * v for v in table[after][before]],
        )
        for (after, before), look in zip(pairs, looks, strict=True)
    ]


def _cka(found: Json, words: Wording) -> Drawn:
    languages = {name: own["unbiased"]["mean"] for name, own in found["cka"]["languages"].items()}
    between = [
        Curve(name_arm(name, words), look_of(name), values) for name, values in languages.items()
    ]
    arms = {
        after: {before: rows["unbiased"]["mean"] for before, rows in own.items()}
        for after, own in found["cka"]["arms"].items()
    }
    panels = [Panel(words("axis.cka_languages"), between)]
    if arms:
        panels.append(Panel(words("axis.cka_arms"), _by_pair(arms, words, 1)))
    return _draw("cka", panels, found, words)


def _neurons(found: Json, words: Wording) -> Drawn:
    arms = found["neurons"]["arms"]
    curves = [Curve(name_arm(n, words), look_of(n), own["layers"]) for n, own in arms.items()]
    return _draw("neurons", [Panel(words("axis.neurons"), curves)], found, words)


def _draw(name: str, panels: Sequence[Panel], found: Json, words: Wording) -> Drawn:
    """Draw panels beside each other, the middle third of the layers shaded."""
    figure, axes = new_axes(3.3 + 3.3 * len(panels), 3.9, len(panels))
    middle = found["middle"]
    for one, panel in zip(axes, panels, strict=True):
        one.axvspan(middle[0] + 0.5, middle[-1] + 1.5, color=FAINT, alpha=0.6, lw=0, zorder=0)
        for curve in panel.curves:
            _draw_curve(one, curve)
        one.set_xlim(0.5, found["layers"] + 0.5)
        if name != "cka":  # close to 1, where what matters would not be seen from 0 on
            one.set_ylim(bottom=0)
        one.xaxis.set_major_locator(MaxNLocator(integer=True))
        one.set_xlabel(words("axis.layer"))
        one.set_ylabel(panel.label)
    _legend(figure, axes, panels)
    return Drawn(figure, words(f"figure.{name}"), words(f"lead.{name}"), *_table(panels, words))


def _legend(figure: Figure, axes: Sequence[Axes], panels: Sequence[Panel]) -> None:
    """Name the lines once where all panels have the same, else under each panel."""
    names = [[curve.name for curve in panel.curves] for panel in panels]
    if all(own == names[0] for own in names):
        add_legend(figure, axes[0])
        return
    for one in axes:
        one.legend(loc="upper center", bbox_to_anchor=(0.5, -0.16))


def _draw_curve(axes: Axes, curve: Curve) -> None:
    xs, look = np.arange(len(curve.values)) + 1, curve.look
    ys = np.array([np.nan if v is None else v for v in curve.values], float)
    inside = look.color if look.filled else "#ffffff"
    axes.plot(
        xs, ys, color=look.color, ls=look.line, marker=look.marker, ms=4.5, lw=1.5,
        mfc=inside, mec=look.color, label=curve.name, zorder=3,
    )  # fmt: skip
    if curve.estimates:
        low, high = (
            [np.nan if e[bound] is None else e[bound] for e in curve.estimates]
            for bound in ("low", "high")
        )
        axes.fill_between(xs, low, high, color=look.color, alpha=0.12, lw=0)


def _table(panels: Sequence[Panel], words: Wording) -> tuple[list[str], list[list[str]]]:
    """Return the curves as a table: a row a layer, a column a curve."""
    curves = [(panel.label, curve) for panel in panels for curve in panel.curves]
    header = [words("axis.layer")]
    header += [words("table.column", name=curve.name, measure=label) for label, curve in curves]
    count = len(curves[0][1].values)
    return header, [
        [str(k + 1), *(_cell(curve, k, words) for _, curve in curves)] for k in range(count)
    ]


def _cell(curve: Curve, layer: int, words: Wording) -> str:
    if curve.estimates:
        return write(curve.estimates[layer], words)
    value = curve.values[layer]
    return words.number(value, 0 if isinstance(value, int) else 2)


def _gain(found: Json, words: Wording) -> Drawn | None:
    """Draw what a language gained against how well the base model aligns it with English."""
    row = (found["gain"] or {}).get("against", {}).get("mexa_before")
    if not row or "pearson" not in row:
        return None
    gains, values = found["gain"]["gains"], row["values"]
    figure, (axes,) = new_axes(6.0, 4.2)
    look = LOOKS[0]
    for code, x in values.items():
        axes.plot(x, gains[code], look.marker, color=look.color, ms=6)
        name = words.language(code)
        axes.annotate(name, (x, gains[code]), xytext=(6, 4), textcoords="offset points")
    xs = np.array([min(values.values()), max(values.values())])
    axes.plot(xs, row["intercept"] + row["slope"] * xs, color=INK, lw=1.2)
    axes.axhline(0, color=INK, lw=1, ls=DASHED, zorder=1)
    r = words("axis.r", value=write(row["pearson"], words, 2))
    axes.set_title(r, fontsize=10, loc="left", color=INK)
    axes.set_xlabel(words("axis.mexa_before"))
    axes.set_ylabel(words("axis.gain"))
    header = [words("page.language"), words("axis.mexa_before"), words("axis.gain")]
    body = [
        [words.language(code), words.number(x, 1), words.number(gains[code], 1, sign=True)]
        for code, x in values.items()
    ]
    return Drawn(figure, words("figure.gain"), words("lead.gain"), header, body)


def _interventions(found: Json, words: Wording) -> Drawn | None:
    """Draw how often each arm and each intervention answers in the right language."""
    trials = found.get("interventions")
    if not trials:
        return None
    names = [name_trial(name, found, words) for name in trials["scores"]]
    rows = [scores[HEADLINE]["value"]["groups"] for scores in trials["scores"].values()]
    figure, axes = new_axes(9.6, 1.6 + 0.36 * len(rows), len(GROUPS), sharey=True)
    for one, group in zip(axes, GROUPS, strict=True):
        for y, row in enumerate(reversed(rows)):
            _draw_rate(one, row[group], y, is_arm=y >= len(rows) - 2)
        one.set_title(words(f"group.{group}"), fontsize=10, color=INK)
        one.set_xlim(-4, 104)
        one.set_xlabel(words("axis.right_language"))
    axes[0].set_yticks(range(len(rows)), names[::-1])
    header = [words("table.arm"), *(words(f"group.{group}") for group in GROUPS)]
    body = [
        [name, *(write(row[g], words) for g in GROUPS)]
        for name, row in zip(names, rows, strict=True)
    ]
    return Drawn(figure, words("figure.interventions"), words("lead.interventions"), header, body)


def _draw_rate(axes: Axes, estimate: Json, y: int, is_arm: bool) -> None:
    """Draw a rate and its interval; the two arms are hollow diamonds."""
    look = LOOKS[1] if is_arm else LOOKS[0]
    if estimate["value"] is None:
        return
    if estimate["low"] is not None:
        axes.plot([estimate["low"], estimate["high"]], [y, y], color=look.color, lw=2)
    inside = "#ffffff" if is_arm else look.color
    axes.plot(estimate["value"], y, look.marker, color=look.color, mfc=inside, ms=6)
