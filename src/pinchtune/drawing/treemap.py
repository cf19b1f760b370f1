"""Rectangles whose areas are to each other as sizes are, as square as they can be.

The rows are those of Bruls, Huizing and van Wijk, "Squarified Treemaps" (2000).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple


class Box(NamedTuple):
    """A rectangle; its corner is the one at which reading begins."""

    x: float
    y: float
    width: float
    height: float


def squarify(sizes: Sequence[float], whole: Box) -> list[Box]:
    """Return a rectangle for each of `sizes`, all above 0, largest first; they fill `whole`."""
    scale = whole.width * whole.height / sum(sizes) if sizes else 0.0
    boxes: list[Box] = []
    row: list[float] = []
    for area in (size * scale for size in sizes):
        side = min(whole.width, whole.height)
        if row and _worst([*row, area], side) > _worst(row, side):
            whole = _lay(row, whole, boxes)
            row = []
        row.append(area)
    if row:
        _lay(row, whole, boxes)
    return boxes


def _worst(row: Sequence[float], side: float) -> float:
    """Return how far from square the worst of a row would be, 1 if it is a square."""
    total = sum(row)
    return max(max(side**2 * area / total**2, total**2 / (side**2 * area)) for area in row)


def _lay(row: Sequence[float], free: Box, boxes: list[Box]) -> Box:
    """Add the rectangles of a row along the shorter side, and return what is left."""
    total, stands = sum(row), free.width >= free.height
    depth = total / (free.height if stands else free.width)
    place = free.y if stands else free.x
    for area in row:
        length = area / depth
        boxes.append(
            Box(free.x, place, depth, length) if stands else Box(place, free.y, length, depth)
        )
        place += length
    if stands:
        return Box(free.x + depth, free.y, max(0.0, free.width - depth), free.height)
    return Box(free.x, free.y + depth, free.width, max(0.0, free.height - depth))


def lay_out(sizes: Sequence[float], whole: Box, least: float) -> list[Box]:
    """Return rectangles of the first sizes, and, if any are left, one for all others together.

    A size has a rectangle of its own if its area is that of a square with sides of `least`.
    """
    scale = whole.width * whole.height / sum(sizes) if sizes else 0.0
    own = sum(size * scale >= least**2 for size in sizes)
    left = sum(sizes[own:])
    return squarify([*sizes[:own], left] if left else sizes, whole)
