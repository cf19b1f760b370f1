"""The map: a tile for each group, as large as it is asked, with the share of each language.

It can be read in greyscale: the languages are ordered from dark to light, parted by white lines,
and named on the tile wherever their name has room.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from pinchtune.drawing.lettering import LETTER, breadth, fit
from pinchtune.drawing.svg import GROUND, INK, PAPER, SOFT, Picture
from pinchtune.drawing.treemap import Box, lay_out


class Hue(NamedTuple):
    """A colour, and the colour of letters on it."""

    fill: str
    ink: str


HUES = (
    Hue("#12355b", PAPER),
    Hue("#7d2f3a", PAPER),
    Hue("#1f6b52", PAPER),
    Hue("#7559a6", PAPER),
    Hue("#cd7f4a", INK),
    Hue("#6cb0e2", INK),
    Hue("#d9b13b", INK),
)
"""Colours of what is most, from dark to light."""
OTHER = Hue("#cbd3dc", INK)
"""The colour of all others."""


class Tile(NamedTuple):
    """One group as the map shows it."""

    size: float
    lines: tuple[str, ...]
    """What it is about, the most telling first."""
    figure: str
    """Its size, in words of the page."""
    parts: Mapping[str, float]
    """Size by language, the largest first."""
    mark: str = ""
    """A short sign at its end."""
    about: str = ""
    """What is said where a pointer rests on it."""
    link: str = ""


class Key(NamedTuple):
    """One colour of a map, and what it stands for."""

    part: str
    """Empty for all that have no colour of their own."""
    hue: Hue
    size: float
    share: float


class Frame(NamedTuple):
    """The measures of a map."""

    name: str
    width: float
    heights: tuple[float, float]
    """With few tiles, and with very many."""
    room: float
    """Area of a tile in the mean, by which the height grows between the two."""
    font: float
    """Size of its letters, those of large and small tiles excepted."""

    def height(self, tiles: int) -> float:
        """Return the height that so many tiles need."""
        least, most = self.heights
        return min(most, max(least, tiles * self.room / self.width))


WIDE = Frame("wide", 1000, (440, 760), 3600, 14)
NARROW = Frame("narrow", 340, (480, 1000), 1700, 13)
FRAMES = (WIDE, NARROW)
"""A map for a desk, and one for a phone: letters that shrink with a screen cannot be read."""
LEAST = 24.0
"""Side of the smallest tile, were it a square: what a finger still meets."""
GAP, PAD = 2.0, 7.0
BAR, BAR_FONT, THIN = 17.0, 11.0, 3.5
"""Height of the strip and of its letters, and the narrowest part of it."""
HEAVY = 1.1
"""How much wider heavy letters are."""
LARGE, SMALL = 190.0, 76.0
"""Sides from which a tile has larger letters, and below which it has smaller ones."""


def choose_hues(parts: Sequence[str]) -> dict[str, Hue]:
    """Return a colour for each language of a list; the first ones have one of their own."""
    return {part: HUES[i] if i < len(HUES) else OTHER for i, part in enumerate(parts)}


def list_keys(parts: Mapping[str, float]) -> list[Key]:
    """Return the colours of what a map is made of, the largest part first."""
    total, own = sum(parts.values()) or 1.0, [*parts][: len(HUES)]
    hues = choose_hues(own)
    keys = [Key(part, hues[part], parts[part], parts[part] / total) for part in own]
    rest = sum(parts.values()) - sum(key.size for key in keys)
    return [*keys, Key("", OTHER, rest, rest / total)] if rest else keys


def add_up(tiles: Sequence[Tile], line: str, figure: str, link: str = "") -> Tile:
    """Return one tile for several."""
    parts: dict[str, float] = {}
    for tile in tiles:
        for name, size in tile.parts.items():
            parts[name] = parts.get(name, 0.0) + size
    ranked = dict(sorted(parts.items(), key=lambda part: (-part[1], part[0])))
    size = sum(tile.size for tile in tiles)
    return Tile(size, (line,), figure, ranked, about=line, link=link)


def draw_tiles(
    tiles: Sequence[Tile],
    frame: Frame,
    hues: Mapping[str, Hue],
    pool: Callable[[Sequence[Tile]], Tile],
    mirrored: bool = False,
) -> Picture:
    """Draw tiles, largest first; those that are too small are drawn as one, made by `pool`."""
    picture = Picture(frame.width, frame.height(len(tiles)), mirrored)
    whole = Box(0, 0, picture.width, picture.height)
    boxes = lay_out([tile.size for tile in tiles], whole, LEAST)
    shown = [*tiles]
    if len(boxes) < len(tiles):
        shown = [*tiles[: len(boxes) - 1], pool(tiles[len(boxes) - 1 :])]
    for tile, box in zip(shown, boxes, strict=True):
        part = Picture(box.width - GAP, box.height - GAP, mirrored)
        _draw(part, tile, frame.font, hues)
        picture.put(box.x + GAP / 2, box.y + GAP / 2, part, tile.about, tile.link)
    return picture


def _draw(part: Picture, tile: Tile, font: float, hues: Mapping[str, Hue]) -> None:
    part.box(0, 0, part.width, part.height, fill=GROUND, class_="tile-ground")
    bar = min(BAR, part.height / 3)
    _draw_bar(part, tile.parts, part.height - bar, bar, hues)
    side = min(part.width, part.height)
    size = font + 4 if side > LARGE else font - 2 if side < SMALL else font
    pad = PAD if side > SMALL else PAD / 2
    _write(part, tile, size, pad, part.height - bar - pad)


def _write(part: Picture, tile: Tile, size: float, pad: float, bottom: float) -> None:
    """Write as many lines as there is room for: the first, the figure, then the others."""
    room, step = part.width - 2 * pad, 1.35 * size
    letters = room / size / HEAVY
    count = int((bottom - pad / 2) / step)
    written = [text for line in tile.lines[: max(1, count - 1)] if (text := fit(line, letters))]
    for row, text in enumerate(written[:count]):
        y, weight = pad + step * (row + 0.5), 400 if row else 650
        part.text(pad, y, text, size, fill=INK, class_="tile-text", font_weight=weight)
    figure = " ".join(filter(None, (tile.figure, tile.mark)))
    figure = figure if breadth(figure) * size <= room else fit(tile.figure, room / size)
    if count > len(written) and figure:
        y = pad + step * (len(written) + 0.5)
        part.text(pad, y, figure, size, fill=SOFT, class_="tile-soft")


def _draw_bar(
    part: Picture, parts: Mapping[str, float], top: float, height: float, hues: Mapping[str, Hue]
) -> None:
    """Draw the share of each part along the lower edge; what is too thin is drawn as one."""
    scale, x = part.width / (sum(parts.values()) or 1.0), 0.0
    widths = {name: value * scale for name, value in parts.items() if value * scale >= THIN}
    for name, width in (widths | {"": part.width - sum(widths.values())}).items():
        hue = hues.get(name, OTHER)
        part.box(x, top, width, height, fill=hue.fill, stroke=PAPER, stroke_width=1)
        if name and height == BAR and width > (len(name) + 1) * LETTER * BAR_FONT:
            middle = top + height / 2
            part.text(x + width / 2, middle, name, BAR_FONT, anchor="middle", fill=hue.ink)
        x += width
