"""The picture of the map for a page, and the key to its colours."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from markupsafe import Markup

from pinchtune.drawing.tiles import FRAMES, HUES, Hue, Tile, choose_hues, draw_tiles
from pinchtune.languages import UNKNOWN
from pinchtune.web.atlas import Atlas, GroupView
from pinchtune.web.texts import show_marks
from pinchtune.web.wording import Translator
from pinchtune.web.wording import mark as _
from pinchtune.web.words import name_language

SHORT = {UNKNOWN: "?"}
"""What stands on a tile for a language that has no code."""
NAMED = 3
"""Languages that are named where a group is told in a line."""


class Key(NamedTuple):
    """One colour of the map."""

    code: str
    """Empty for all other languages together."""
    short: str
    hue: Hue
    asked: int
    share: float


def draw(atlas: Atlas, shown: Sequence[GroupView], language: str) -> list[tuple[str, Markup]]:
    """Return name and SVG of each drawing: one for a desk, one for a phone."""
    say, hues = atlas.visit.say, choose_hues([short(code) for code in atlas.mined.languages])
    tiles = [_tile(say, view, language) for view in shown]
    title, text = say(_("Map of what people ask")), say(_("The same stands in the list below."))
    drawn = []
    for frame in FRAMES:
        picture = draw_tiles(
            tiles, frame, hues, lambda rest: _pool(say, rest), say.direction == "rtl"
        )
        markup = picture.markup(f"map-{frame.name}", title.unescape(), text.unescape())
        drawn.append((frame.name, Markup(markup)))
    return drawn


def short(code: str) -> str:
    """Return what stands for a language on a tile."""
    return SHORT.get(code, code)


def list_keys(languages: Mapping[str, int]) -> list[Key]:
    """Return the colours of the languages, and one for all that have none of their own."""
    total, hues = sum(languages.values()) or 1, choose_hues([*languages])
    own = [*languages][: len(HUES)]
    keys = [Key(c, short(c), hues[c], languages[c], languages[c] / total) for c in own]
    rest = sum(languages.values()) - sum(languages[code] for code in own)
    if rest:
        hue = hues[[*languages][-1]]
        keys.append(Key("", "", hue, rest, rest / total))
    return keys


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
    parts: dict[str, float] = {}
    for tile in rest:
        for name, size in tile.parts.items():
            parts[name] = parts.get(name, 0) + size
    size = sum(tile.size for tile in rest)
    name = say(_("{number} smaller groups"), number=len(rest)).unescape()
    ranked = dict(sorted(parts.items(), key=lambda part: -part[1]))
    return Tile(size, (name,), say.number(size), ranked, about=name, link="#groups")
