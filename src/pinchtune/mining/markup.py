"""The text of an HTML page, in time that grows with its length, whatever is in it.

Each search goes forward from the last find; what is not found once is not looked for again.
"""

from __future__ import annotations

import html
import re

from pinchtune.mining.clean import drop_quotes

_OPENING = re.compile(r"<(?:!--|(/?)([a-z][a-z0-9]*)|[!?])", re.IGNORECASE)
_HIDDEN = ("script", "style", "head", "title")
_BREAKING = ("/p", "/div", "/tr", "/li", "/blockquote", *(f"/h{n}" for n in range(1, 7)))
_QUOTE = "blockquote"


def strip_tags(page: str) -> str:
    """Return the text of an HTML page, without what it quotes."""
    return "\n".join(drop_quotes(_Page(page).lines()))


class _Page:
    def __init__(self, page: str) -> None:
        self.page = page.replace("\n", " ")
        self.missing: set[str] = set()
        """What stands nowhere below the place that has been reached."""
        self.depth = 0
        self.parts: list[tuple[int, str]] = []
        """Pieces of text, and how deep in quotes they stand."""

    def lines(self) -> list[str]:
        """Return the lines of text, those of quotes with `>` before them."""
        place = 0
        while opening := _OPENING.search(self.page, place):
            self._add(self.page[place : opening.start()])
            place = self._pass(opening)
        self._add(self.page[place:])
        return self._join()

    def _join(self) -> list[str]:
        lines: list[str] = []
        row: list[str] = []
        deep = 0
        for depth, text in [*self.parts, (0, "\n")]:
            if text == "\n" or bool(depth) != bool(deep):
                whole = html.unescape("".join(row))
                lines += [f"> {line}" if deep else line for line in whole.split("\n")]
                row = []
            deep = depth
            if text != "\n":
                row.append(text)
        return lines

    def _add(self, text: str) -> None:
        if text:
            self.parts.append((self.depth, text))

    def _pass(self, opening: re.Match[str]) -> int:
        """Return where the text goes on below a tag or a comment."""
        start = opening.start()
        if opening[0] == "<!--":
            return self._after("-->", opening.end(), opening.end())
        name = (opening[2] or "").lower()
        end = self._after(">", opening.end(), start)
        if end == start:  # a tag that does not end is text
            self._add(self.page[start : opening.end()])
            return opening.end()
        self._mark((opening[1] or "") + name)
        if name in _HIDDEN and not opening[1]:
            return self._after(f"</{name}", end, end, then=">")
        return end

    def _mark(self, tag: str) -> None:
        """Note what a tag does to the text."""
        if tag == _QUOTE:
            self.depth += 1
        elif tag == f"/{_QUOTE}":
            self.parts.append((self.depth, "\n"))
            self.depth = max(0, self.depth - 1)
        elif tag == "br" or tag in _BREAKING:
            self.parts.append((self.depth, "\n"))

    def _after(self, sought: str, start: int, otherwise: int, then: str = "") -> int:
        """Return where `sought`, and `then` below it, end; `otherwise` if they are not there."""
        if sought in self.missing:
            return otherwise
        found = re.compile(re.escape(sought), re.IGNORECASE).search(self.page, start)
        if not found:
            self.missing.add(sought)
            return otherwise
        return self._after(then, found.end(), found.end()) if then else found.end()
