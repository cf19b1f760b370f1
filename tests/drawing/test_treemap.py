"""Areas are to each other as sizes are, nothing overlaps, nothing is left over."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pinchtune.drawing.treemap import Box, lay_out, squarify

SIZES = st.lists(st.floats(1, 1e5), min_size=1, max_size=60).map(
    lambda sizes: sorted(sizes, reverse=True)
)
SIDES = st.floats(50, 2000)


def overlap(a: Box, b: Box) -> float:
    width = min(a.x + a.width, b.x + b.width) - max(a.x, b.x)
    height = min(a.y + a.height, b.y + b.height) - max(a.y, b.y)
    return max(0.0, width) * max(0.0, height)


@given(SIZES, SIDES, SIDES)
def test_areas_are_as_the_sizes_and_fill_the_whole(sizes, width, height):
    boxes = squarify(sizes, Box(0, 0, width, height))
    scale = width * height / sum(sizes)
    assert [b.width * b.height for b in boxes] == pytest.approx([s * scale for s in sizes])
    for box in boxes:
        assert box.x >= -1e-6 and box.y >= -1e-6
        assert box.x + box.width <= width * (1 + 1e-9) + 1e-6
        assert box.y + box.height <= height * (1 + 1e-9) + 1e-6


@given(SIZES, SIDES, SIDES)
def test_no_two_overlap(sizes, width, height):
    boxes = squarify(sizes, Box(0, 0, width, height))
    most = 1e-6 * width * height
    assert all(overlap(a, b) <= most for i, a in enumerate(boxes) for b in boxes[:i])


def test_the_example_of_the_paper():
    """Sizes 6 6 4 3 2 2 1 in 6 by 4: the drawing of Bruls, Huizing and van Wijk."""
    boxes = squarify([6, 6, 4, 3, 2, 2, 1], Box(0, 0, 6, 4))
    shapes = [(round(b.width, 2), round(b.height, 2)) for b in boxes]
    assert shapes[:4] == [(3.0, 2.0), (3.0, 2.0), (1.71, 2.33), (1.29, 2.33)]
    worst = max(max(b.width / b.height, b.height / b.width) for b in boxes)
    assert worst < 2.8


@given(SIZES, st.floats(5, 80))
def test_what_is_too_small_is_together_in_the_last(sizes, least):
    boxes = lay_out(sizes, Box(0, 0, 400, 300), least)
    areas, scale = [b.width * b.height for b in boxes], 400 * 300 / sum(sizes)
    own = sum(size * scale >= least**2 for size in sizes)
    assert len(boxes) == min(own + 1, len(sizes))
    assert areas[:own] == pytest.approx([size * scale for size in sizes[:own]])
    assert sum(areas) == pytest.approx(400 * 300)


def test_all_fit_where_there_is_room():
    assert len(lay_out([3, 2, 1], Box(0, 0, 400, 300), 24)) == 3
    assert lay_out([], Box(0, 0, 400, 300), 24) == []
