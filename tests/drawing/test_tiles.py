"""The map as SVG: whole, escaped, mirrored, and readable without its colours."""

from __future__ import annotations

from itertools import pairwise

import lxml.etree
import pytest

from pinchtune.drawing.svg import Picture, element
from pinchtune.drawing.tiles import FRAMES, HUES, OTHER, Tile, add_up, draw_tiles, list_keys

HOSTILE = "</text><script>alert(1)</script>\"'&"
TILES = [
    Tile(60, ("filtro", "limpiar"), "60", {"es": 40.0, "ja": 20.0}, "✓ 2", "about 1", "/1"),
    Tile(30, ("فلتر",), "30", {"ar": 30.0}, about="about 2", link="/2"),
    Tile(9, (HOSTILE,), "9", {"es": 9.0}, about=HOSTILE, link="/3"),
]


def draw(tiles=TILES, frame=FRAMES[0], mirrored=False, codes=("es", "ja", "ar")):
    hues = {code: HUES[i] for i, code in enumerate(codes)}
    picture = draw_tiles(tiles, frame, hues, lambda rest: add_up(rest, "rest", "n"), mirrored)
    return lxml.etree.fromstring(picture.described("map", "Map", HOSTILE))


def texts(tree) -> list[str]:
    return [t.text for t in tree.iter("text")]


@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize("frame", FRAMES, ids=lambda f: f.name)
def test_every_tile_says_what_it_is(frame, mirrored):
    tree = draw(frame=frame, mirrored=mirrored)
    assert {"filtro", "limpiar", "60 ✓ 2", "فلتر", "es", "ja", "ar"} <= set(texts(tree))
    assert [a.get("href") for a in tree.iter("a")] == ["/1", "/2", "/3"]
    assert {a.get("tabindex") for a in tree.iter("a")} == {"-1"}
    assert [t.text for t in tree.iter("title")] == ["Map", "about 1", "about 2", HOSTILE]
    assert tree.find("desc").text == HOSTILE and not list(tree.iter("script"))
    assert any(text.startswith("</") for text in texts(tree))


def test_the_picture_is_mirrored_and_its_texts_are_not():
    plain, mirrored = draw(), draw(mirrored=True)
    width = FRAMES[0].width
    for one, other in zip(plain.iter("svg"), mirrored.iter("svg"), strict=True):
        if one.get("x"):
            left = float(one.get("x")) + float(one.get("width")) + float(other.get("x"))
            assert left == pytest.approx(width, abs=0.2)
    assert texts(plain) == texts(mirrored)
    for tree, start in ((plain, "ltr"), (mirrored, "rtl")):
        for text in tree.iter("text"):
            turned = text.text == "فلتر" or (start == "rtl" and text.text[0].isdigit())
            assert text.get("direction") == ("rtl" if turned else "ltr")
            if text.get("text-anchor") != "middle":
                along = text.get("direction") == start
                assert text.get("text-anchor") == ("start" if along else "end")


def test_a_strip_is_split_as_the_languages_are():
    strip = [r for r in draw().iter("rect") if r.get("stroke")][:3]
    widths = [float(r.get("width")) for r in strip]
    assert widths[0] == pytest.approx(2 * widths[1], abs=0.3) and widths[2] == pytest.approx(0)
    assert [r.get("fill") for r in strip[:2]] == [HUES[0].fill, HUES[1].fill]


def test_too_small_tiles_become_one_that_keeps_their_sum():
    tiles = [Tile(1000, ("big",), "1000", {"es": 1000.0})]
    tiles += [Tile(0.01, (f"t{n}",), "1", {"ja": 0.01}) for n in range(50)]
    shown = texts(draw(tiles))
    assert "big" in shown and "t7" not in shown
    rest = add_up(tiles[1:], "rest", "n")
    assert rest.size == pytest.approx(0.5) and rest.parts == {"ja": pytest.approx(0.5)}


def test_two_hundred_tiles_are_drawn_in_both_sizes():
    tiles = [Tile(3000 / (n + 3), (f"subject {n}",), str(n), {"es": 1.0}) for n in range(200)]
    for frame in FRAMES:
        tree = draw(tiles, frame)
        boxes = [svg for svg in tree.iter("svg") if svg.get("x")]
        assert len(boxes) > 120
        sides = sorted(min(float(b.get("width")), float(b.get("height"))) for b in boxes)
        assert sides[0] > 12 and sides[len(boxes) // 10] > 20
        assert float(tree.get("viewBox").split()[3]) <= frame.heights[1]


def test_colours_grow_lighter_so_that_they_differ_in_grey():
    greys = []
    for hue in (*HUES, OTHER):
        red, green, blue = (int(hue.fill[i : i + 2], 16) for i in (1, 3, 5))
        greys.append(0.299 * red + 0.587 * green + 0.114 * blue)
    assert all(b - a >= 9 for a, b in pairwise(greys)), greys


def test_what_has_no_colour_of_its_own_is_told_as_others():
    languages = {f"l{n}": float(20 - n) for n in range(12)}
    keys = list_keys(languages)
    assert [k.part for k in keys] == [*list(languages)[: len(HUES)], ""]
    assert sum(k.share for k in keys) == pytest.approx(1) and keys[-1].hue == OTHER
    assert list_keys({}) == []


def test_attributes_are_escaped_and_whole_numbers_short():
    assert element("a", "x", href='"<', aria_label="b", class_="c", width=3.0) == (
        '<a href="&quot;&lt;" aria-label="b" class="c" width="3">x</a>'
    )
    picture = Picture(10, 10, mirrored=True)
    picture.box(0, 0, 4, 10)
    assert picture.markup(aria_hidden="true").startswith(
        '<svg viewBox="0 0 10 10" aria-hidden="true"><rect x="6" '
    )
