"""What figures with axes share: the sheet, the looks of series, the legend, how a value is written.

Every figure can be read in greyscale: marks, dashes and words tell what colours tell.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from pinchtune.drawing.lettering import LETTER, breadth
from pinchtune.reporting.svg import FAINT, INK, RULE, SOFT
from pinchtune.reporting.wording import Wording
from pinchtune.stats import Estimate

NAMESPACE = '<svg xmlns="http://www.w3.org/2000/svg" '
RC = {
    "axes.axisbelow": True,
    "axes.edgecolor": RULE,
    "axes.grid": True,
    "axes.labelcolor": INK,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "font.size": 10,
    "grid.color": FAINT,
    "legend.fontsize": 9,
    "legend.frameon": False,
    "text.parse_math": False,
    "xtick.color": SOFT,
    "ytick.color": SOFT,
}
"""Settings of matplotlib for all figures."""


class Look(NamedTuple):
    """How a series is told from others, in colour and without."""

    color: str
    marker: str
    line: Any = "-"
    filled: bool = True


DASHED, DOTTED = (0, (5, 2)), (0, (1, 1.5))
LOOKS = (
    Look("#12355b", "o"),
    Look("#c05a00", "D", DASHED),
    Look("#5b8c2a", "^", (0, (5, 1, 1, 1))),
    Look("#8a94a0", "s", DOTTED),
    Look("#7559a6", "v", (0, (3, 1, 1, 1, 1, 1))),
    Look("#2aa1b5", "P", (0, (2, 1))),
)
"""Looks of series that are no group, in their order."""


class Drawn(NamedTuple):
    """A figure, and the same values as a table."""

    figure: Figure
    title: str
    lead: str
    """What is to be seen, and what the marks are."""
    header: list[str]
    rows: list[list[str]]


class FigureView(NamedTuple):
    """A figure as a page shows it."""

    name: str
    drawn: Drawn
    svg: Markup

    def file(self) -> str:
        """Return the figure as a file of its own."""
        return str(self.svg).replace("<svg ", NAMESPACE, 1) + "\n"


def new_axes(
    width: float = 6.6, height: float = 3.9, columns: int = 1, **options: Any
) -> tuple[Figure, list[Axes]]:
    """Return a sheet, in inches, and its axes from left to right."""
    figure = Figure(figsize=(width, height), layout="constrained")
    return figure, [*figure.subplots(1, columns, squeeze=False, **options)[0]]


def write_estimate(estimate: Estimate, words: Wording, digits: int = 1, sign: bool = False) -> str:
    """Return a value with its interval, as tables show it."""
    if not math.isfinite(estimate.value):
        return words("page.unknown")
    text = words.number(estimate.value, digits, sign)
    if not (math.isfinite(estimate.low) and math.isfinite(estimate.high)):
        return text
    bounds = (words.number(bound, digits, sign) for bound in (estimate.low, estimate.high))
    return f"{text} [{', '.join(bounds)}]"


LETTERS_AN_INCH = 15
"""Letters of a legend that an inch has room for."""


def add_legend(figure: Figure, axes: Axes) -> None:
    """Put the legend under the figure, in as many columns as have room."""
    handles, labels = axes.get_legend_handles_labels()
    if len(handles) > 1:
        longest = max(map(breadth, labels)) / LETTER + 7
        columns = max(1, int(figure.get_figwidth() * LETTERS_AN_INCH / longest))
        figure.legend(handles, labels, loc="outside lower center", ncols=min(columns, len(labels)))
