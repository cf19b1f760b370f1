"""What people ask: the map of the mined enquiries, and the groups that are asked most."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from markupsafe import Markup

from pinchtune.drawing.tiles import FRAMES, Hue, Tile, add_up, choose_hues, draw_tiles, list_keys
from pinchtune.mining.mined import Group, Mined, Question, Questions, short
from pinchtune.reporting.inputs import ReportData
from pinchtune.reporting.safety import clean, clip
from pinchtune.reporting.samples import TextView, view_text
from pinchtune.reporting.wording import Wording

GROUPS, LANGUAGES = 10, 3
"""Groups that are told, and languages of each."""
NAME_CHARACTERS, CHARACTERS = 100, 160


class KeyView(NamedTuple):
    """One colour of the map."""

    name: str
    hue: Hue
    share: str


class GroupLine(NamedTuple):
    """One group as the report tells it."""

    name: str
    enquiries: str
    share: str
    languages: str
    example: TextView | None
    chosen: str
    """Chosen examples that stand for it; empty if that is not known."""


class AskedView(NamedTuple):
    """The section on what people ask."""

    lead: str
    drawings: list[tuple[str, Markup]]
    """Class and SVG."""
    keys: list[KeyView]
    groups: list[GroupLine]
    notes: list[str]


def build_asked(data: ReportData, words: Wording) -> AskedView | None:
    """Return the section in a locale; None if nothing was mined."""
    mined = data.mined
    if mined is None or not mined.groups:
        return None
    chosen = data.outcome.count_groups(mined.key) if data.outcome else None
    counts = {"groups": len(mined.groups), "languages": len(mined.languages)}
    totals = {name: words.number(mined.summary[name]) for name in ("enquiries", "candidates")}
    return AskedView(
        words("enquiries.lead", **totals, **counts),
        _draw(mined, words),
        [
            KeyView(_name_part(key.part, words), key.hue, _percent(key.share, words))
            for key in list_keys(mined.languages)
        ],
        [
            _line(mined, data.questions, group, words, "" if chosen is None else str(chosen[n]))
            for n, group in enumerate(mined.groups[:GROUPS])
        ],
        _notes(mined, words),
    )


def _name_part(code: str, words: Wording) -> str:
    return words.language(code) if code else words("enquiries.others")


def _percent(share: float, words: Wording) -> str:
    return words("page.percent", value=words.number(100 * share))


def _name(group: Group, words: Wording) -> str:
    name = group.name or words("enquiries.group", number=group.number + 1)
    return clip(name, NAME_CHARACTERS, 1).text


def _line(
    mined: Mined, questions: Questions, group: Group, words: Wording, chosen: str
) -> GroupLine:
    found = questions.most_asked(group, [*group.languages])
    languages = [
        words("enquiries.language", language=words.language(code), share=_percent(share, words))
        for code, share in _shares(group)
    ]
    return GroupLine(
        _name(group, words),
        words.number(group.enquiries),
        _percent(group.enquiries / (mined.summary["enquiries"] or 1), words),
        words.join(languages),
        _view(found[0], words) if found else None,
        chosen,
    )


def _shares(group: Group) -> list[tuple[str, float]]:
    most = [*group.languages.items()][:LANGUAGES]
    return [(code, number / (group.enquiries or 1)) for code, number in most]


def _view(question: Question, words: Wording) -> TextView:
    return view_text(question.text, CHARACTERS, question.language, words)._replace(note="")


def _notes(mined: Mined, words: Wording) -> list[str]:
    hidden = sum(mined.summary["personal"].values())
    wrong = mined.summary["wrong_language"]
    notes = [words("enquiries.wrong", n=words.number(wrong))] if wrong else []
    return [*notes, words("enquiries.hidden", n=words.number(hidden))]


def _draw(mined: Mined, words: Wording) -> list[tuple[str, Markup]]:
    hues = choose_hues([short(code) for code in mined.languages])
    tiles = [_tile(group, words) for group in mined.groups]
    drawn = []
    for frame in FRAMES:
        picture = draw_tiles(tiles, frame, hues, lambda rest: _pool(rest, words))
        ident, title = f"{words.locale}-map-{frame.name}", words("enquiries.map")
        drawn.append((frame.name, Markup(picture.described(ident, title, words("enquiries.text")))))
    return drawn


def _tile(group: Group, words: Wording) -> Tile:
    return Tile(
        size=group.enquiries,
        lines=tuple(clean(term) for term in group.terms) or (_name(group, words),),
        figure=words.number(group.enquiries),
        parts={short(code): n for code, n in group.languages.items()},
        about=f"{_name(group, words)} – {words.number(group.enquiries)}",  # noqa: RUF001 - a dash
    )


def _pool(rest: Sequence[Tile], words: Wording) -> Tile:
    figure = words.number(sum(tile.size for tile in rest))
    return add_up(rest, words("enquiries.smaller", number=len(rest)), figure)
