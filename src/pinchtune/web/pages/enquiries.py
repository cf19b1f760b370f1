"""What people ask: the map of the mined enquiries, and one group of it."""

from __future__ import annotations

from markupsafe import Markup
from starlette.responses import Response

from pinchtune.drawing.tiles import list_keys
from pinchtune.mining.mined import Group
from pinchtune.store import NotFound
from pinchtune.web.atlas import Atlas, open_atlas, primary
from pinchtune.web.mapview import draw
from pinchtune.web.visit import Route, Visit
from pinchtune.web.wording import mark as _

PAGE = 40
"""Groups of a page; the picture shows all."""
PAIRS, ROWS, INCIDENTS = 30, 2, 12
"""Pairs of languages, incidents of a pair, and incidents in all that are shown."""
QUESTIONS, SOUGHT = 30, 200
"""Questions of a group, and characters that are searched for."""


def show_map(visit: Visit) -> Response:
    """All groups, or those of a language or with some words."""
    atlas = open_atlas(visit)
    if atlas is None:
        problem = visit.web.runs.mined.problem
        return visit.page("enquiries.html.j2", mined=None, problem=problem)
    language = primary(visit.asked("language"))
    language = language if language in atlas.mined.languages else ""
    words = visit.asked("text")[:SOUGHT]
    found = atlas.find(language, words)
    start = _number(visit.asked("start"))
    shown = found[start : start + PAGE]
    return visit.page(
        "enquiries.html.j2",
        mined=atlas.mined,
        atlas=atlas,
        asked={"language": language, "text": words},
        keys=list_keys(atlas.mined.languages),
        drawings=_draw(atlas, found, language),
        groups=[atlas.view(group, language) for group in shown],
        problem=visit.web.runs.questions.problem,
        total=len(found),
        start=start,
        step=PAGE,
        pairs=atlas.pairs[:PAIRS],
        incidents=[row for pair in atlas.pairs for row in pair.rows[:ROWS]][:INCIDENTS],
    )


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else 0


def _draw(atlas: Atlas, found: list[Group], language: str) -> list[tuple[str, Markup]]:
    views = [atlas.view(group, language, texts=False) for group in found]
    views.sort(key=lambda view: -view.asked)
    return draw(atlas, views, language) if views else []


def show_group(visit: Visit) -> Response:
    """One group: how often it is asked in each language, what is asked most, what exists for it."""
    atlas = open_atlas(visit)
    group = atlas.group(visit.path("number")) if atlas else None
    if atlas is None or group is None:
        raise NotFound(_("There is no such group; the enquiries may have been mined anew."))
    readable = [code for code in group.languages if code in atlas.readable]
    language = visit.asked("language") if visit.asked("language") in readable else ""
    questions = atlas.questions.most_asked(group, [language] if language else readable)
    outcome = visit.web.runs.outcome()
    picks = outcome.picks if outcome and atlas.chosen is not None else ()
    return visit.page(
        "group.html.j2",
        view=atlas.view(group),
        atlas=atlas,
        readable=readable,
        language=language,
        questions=questions[:QUESTIONS],
        picks=[p for p in picks if p.group == group.number],
        addresses=visit.web.insight.addresses() if picks else {},
    )


ROUTES = (
    Route("/enquiries", show_map),
    Route("/enquiries/{number}", show_group),
)
