"""A sheet to draw on, and the clean-up that lets its SVG stand inside a page.

Matplotlib writes the picture; positions are points from the top left corner, so that nothing
depends on the fonts of the machine. Text stays text: the browser has the letters of every
script, this machine may not.
"""

from __future__ import annotations

import io
import re
import warnings
from typing import Literal

import matplotlib
from markupsafe import Markup, escape
from matplotlib.artist import Artist
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle

INK, SOFT, FAINT, RULE = "#1f2933", "#52606d", "#e4e7eb", "#9aa5b1"
BEFORE, AFTER = "#6b7280", "#005b96"
SETTINGS = {"svg.fonttype": "none", "svg.hashsalt": "pinchtune", "font.family": "DejaVu Sans"}
FAMILIES = "'Noto Sans', 'Noto Sans JP', 'Noto Sans CJK JP', 'Hiragino Sans', Meiryo, sans-serif"
"""Fonts of a picture that stands alone, as far as the reader's machine has them."""

_PARTS_TO_DROP = re.compile(
    r"<\?xml.*?\?>|<!DOCTYPE.*?>|<!--.*?-->|<metadata>.*?</metadata>|<defs>\s*<style.*?</defs>",
    re.S,
)
_NAMESPACES = re.compile(r'\s(?:xmlns(?::\w+)?|version)="[^"]*"')
_FONT = re.compile(r"font: ([^;\"]*?\d+(?:\.\d+)?px)[^;\"]*")


class Sheet:
    """A drawing of a given size in points."""

    def __init__(self, width: float, height: float) -> None:
        self.width, self.height = width, height
        self._figure = Figure(figsize=(width / 72, height / 72), dpi=72)
        self._axes = self._figure.add_axes((0, 0, 1, 1))
        self._axes.set_xlim(0, width)
        self._axes.set_ylim(height, 0)
        self._axes.axis("off")

    def text(
        self,
        x: float,
        y: float,
        text: str,
        *,
        size: float = 12,
        anchor: Literal["left", "center", "right"] = "left",
        bold: bool = False,
        color: str = INK,
    ) -> None:
        """Write a line of text whose middle is at height `y`."""
        weight = "bold" if bold else "normal"
        self._axes.text(
            x, y + 0.35 * size, text, fontsize=size, ha=anchor, va="baseline", weight=weight,
            color=color, parse_math=False,
        )  # fmt: skip

    def line(
        self,
        start: tuple[float, float],
        end: tuple[float, float],
        color: str = RULE,
        width: float = 1,
        dashed: bool = False,
    ) -> None:
        """Draw a straight line."""
        style = (0, (4, 3)) if dashed else "-"
        xs, ys = zip(start, end, strict=True)
        self._add(Line2D(xs, ys, color=color, lw=width, ls=style, solid_capstyle="butt"))

    def dot(
        self, x: float, y: float, color: str, *, filled: bool = True, marker: str = "o"
    ) -> None:
        """Draw a point, hollow unless `filled`."""
        inside = color if filled else "#ffffff"
        self._add(Line2D([x], [y], marker=marker, ms=8.5, mew=1.8, mec=color, mfc=inside))

    def band(self, x: float, y: float, width: float, height: float, color: str) -> None:
        """Fill a rectangle."""
        self._add(Rectangle((x, y), width, height, color=color, lw=0))

    def _add(self, artist: Artist) -> None:
        artist.set_clip_on(False)
        self._axes.add_artist(artist)

    def markup(self, ident: str, title: str, description: str) -> Markup:
        """Return the drawing as an SVG element whose ids all start with `ident`."""
        return to_markup(self._figure, ident, title, description)

    def file(self, title: str, description: str, width: int, height: int) -> str:
        """Return the drawing as a whole SVG file on white, so many pixels large."""
        svg = _PARTS_TO_DROP.sub("", _draw(self._figure, transparent=False)).strip()
        svg = _FONT.sub(rf"font: \1 {FAMILIES}", svg)
        svg = re.sub(r' width="[^"]*"', f' width="{width}"', svg, count=1)
        svg = re.sub(r' height="[^"]*"', f' height="{height}"', svg, count=1)
        label = Markup("<title>{0}</title><desc>{1}</desc>").format(title, description)
        start = svg.index(">", svg.index("<svg ")) + 1
        return f"{svg[:start]}{label}{svg[start:]}\n"


def to_markup(figure: Figure, ident: str, title: str, description: str) -> Markup:
    """Return a figure as an SVG element whose ids all start with `ident`."""
    return _embed(_draw(figure, transparent=True), ident, title, description)


def _draw(figure: Figure, transparent: bool) -> str:
    buffer = io.StringIO()
    # Warnings are about letters that this machine lacks; they are drawn by the browser.
    with matplotlib.rc_context(SETTINGS), warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        metadata = {"Date": None, "Creator": None, "Format": None, "Type": None}
        figure.savefig(buffer, format="svg", metadata=metadata, transparent=transparent)
    return buffer.getvalue()


def _embed(svg: str, ident: str, title: str, description: str) -> Markup:
    """Return a whole SVG file as an element for a page: own ids, no addresses, described."""
    body = _NAMESPACES.sub("", _PARTS_TO_DROP.sub("", svg)).replace("xlink:href", "href")
    body = re.sub(r'\bid="', f'id="{ident}-', body)
    body = body.replace("url(#", f"url(#{ident}-").replace('href="#', f'href="#{ident}-')
    body = _FONT.sub(r"font: \1 sans-serif", body)
    body = re.sub(r'(<svg[^>]*?) width="[^"]*"', r"\1", body, count=1)
    body = re.sub(r'(<svg[^>]*?) height="[^"]*"', r"\1", body, count=1)
    label = Markup('<title id="{0}-t">{1}</title><desc id="{0}-d">{2}</desc>').format(
        ident, title, description
    )
    opening = f'<svg role="img" aria-labelledby="{escape(ident)}-t {escape(ident)}-d" '
    start = body.index("<svg ")
    close = body.index(">", start) + 1
    return Markup(opening + body[start + 5 : close]) + label + Markup(body[close:].strip())
