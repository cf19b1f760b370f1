"""A drawing as an SVG element that a page takes in as it is.

Positions count from the side at which the page begins to be read: a page that is written from
right to left gets the mirror image, its texts as they are.
"""

from __future__ import annotations

from html import escape
from typing import Any

from pinchtune.drawing.lettering import runs_left

INK, SOFT, GROUND, PAPER = "#1d2733", "#51606f", "#eef2f6", "#ffffff"


class Picture:
    """Shapes and texts within a rectangle."""

    def __init__(self, width: float, height: float, mirrored: bool = False) -> None:
        self.width, self.height, self.mirrored = width, height, mirrored
        self._parts: list[str] = []

    def box(self, x: float, y: float, width: float, height: float, **look: Any) -> None:
        """Fill a rectangle."""
        left = self.width - x - width if self.mirrored else x
        self._parts.append(element("rect", x=left, y=y, width=width, height=height, **look))

    def text(
        self, x: float, y: float, words: str, size: float, *, anchor: str = "start", **look: Any
    ) -> None:
        """Write a line whose middle is at height `y`; it begins, ends or has its middle at `x`."""
        left = self.width - x if self.mirrored else x
        turned = runs_left(words)
        turned = self.mirrored if turned is None else turned
        if turned != self.mirrored:
            anchor = {"start": "end", "end": "start"}.get(anchor, anchor)
        look |= {"font_size": size, "text_anchor": anchor, "direction": "rtl" if turned else "ltr"}
        place = {"x": left, "y": y + 0.35 * size}
        self._parts.append(element("text", escape(words), **place, **look))

    def put(self, x: float, y: float, part: Picture, about: str = "", link: str = "") -> None:
        """Put a picture into this one, nothing of it beyond its edges.

        `about` is said where a pointer rests on it. A `link` is for pointers: what it leads to has
        to be within reach of a keyboard elsewhere.
        """
        left = self.width - x - part.width if self.mirrored else x
        inner = element("title", escape(about)) if about else ""
        size = {"width": part.width, "height": part.height}
        drawn = element("svg", inner + "".join(part._parts), x=left, y=y, **size)
        self._parts.append(
            element("a", drawn, href=link, tabindex=-1, class_="map-tile") if link else drawn
        )

    def markup(self, content: str = "", **attributes: Any) -> str:
        """Return the SVG element, with some content before the shapes."""
        frame = f"0 0 {self.width:g} {self.height:g}"
        return element("svg", content + "".join(self._parts), viewBox=frame, **attributes)

    def described(self, ident: str, title: str, description: str) -> str:
        """Return the SVG element as an image with a name; the ids in it begin with `ident`."""
        named = element("title", escape(title), id=f"{ident}-t")
        named += element("desc", escape(description), id=f"{ident}-d")
        return self.markup(named, role="img", aria_labelledby=f"{ident}-t {ident}-d")


def element(name: str, content: str = "", **attributes: Any) -> str:
    """Return an element; `content` is markup. An underscore stands for `-`, and goes at the end."""
    pairs = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(_write(value))}"'
        for key, value in attributes.items()
    )
    return f"<{name}{pairs}>{content}</{name}>"


def _write(value: Any) -> str:
    return f"{value:.1f}".removesuffix(".0") if isinstance(value, float) else str(value)
