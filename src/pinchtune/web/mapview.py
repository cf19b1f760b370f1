"""The picture of the map for a page."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from pinchtune.drawing.tiles import FRAMES, Tile, add_up, choose_hues, draw_tiles
from pinchtune.mining.mined import short
from pinchtune.web.atlas import Atlas, GroupView
from pinchtune.web.texts import show_marks
from pinchtune.web.wording import Translator
from pinchtune.web.wording import mark as _
from pinchtune.web.words import name_language

NAMED = 3
"""Languages that are named where a group is told in a line."""


def draw(atlas: Atlas, shown: Sequence[GroupView], language: str) -> list[tuple[str, Markup]]:
    """Return name and SVG of each drawing: one for a desk, one for a phone."""
    say, hues = atlas.visit.say, choose_hues([short(code) for code in atlas.mined.languages])
    tiles = [_tile(say, view, language) for view in shown]
    drawn = []
    for frame in FRAMES:
        picture = draw_tiles(
            tiles, frame, hues, lambda rest: _pool(say, rest), say.direction == "rtl"
        )
        # Its links are for pointers; the list below says the same to everybody.
        drawn.append((frame.name, Markup(picture.markup(aria_hidden="true"))))
    return drawn


def tell(say: Translator, view: GroupView) -> str:
    """Return a group in a line: how often it is asked, in which languages."""
    languages = view.group.languages
    shares = [
        say(
            _("{language} {share}"),
            language=name_language(say, code),
            share=Markup(say.percent(n / (view.group.enquiries or 1))),
        )
        for code, n in [*languages.items()][:NAMED]
    ]
    times = say(_("asked {number} times"), number=view.asked)
    return say(_("{name}: {times}; {languages}"), name=view.name, times=times, languages=shares)


def _tile(say: Translator, view: GroupView, language: str) -> Tile:
    languages = {language: view.asked} if language else view.group.languages
    return Tile(
        size=view.asked,
        lines=tuple(show_marks(term).unescape() for term in view.group.terms) or (view.name,),
        figure=say.number(view.asked),
        parts={short(code): n for code, n in languages.items()},
        mark=f"✓ {say.number(view.chosen)}" if view.chosen else "",
        about=Markup(tell(say, view)).unescape(),
        link=f"/enquiries/{view.group.number}",
    )


def _pool(say: Translator, rest: Sequence[Tile]) -> Tile:
    """Return one tile for all that are too small to be drawn."""
    name = say(_("{number} smaller groups"), number=len(rest)).unescape()
    figure = say.number(sum(tile.size for tile in rest))
    return add_up(rest, name, figure, "#groups")
