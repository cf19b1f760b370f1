"""The first page: what there is to do, for each role that a person has."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from pinchtune.store import Page, Row, Settings, examples, rounds, templates
from pinchtune.store.rounds import Count
from pinchtune.store.settings import read_settings
from pinchtune.web import choices
from pinchtune.web.atlas import GroupView, open_atlas, primary
from pinchtune.web.choices import Counts
from pinchtune.web.pages.form import find_source
from pinchtune.web.pages.judge import is_stale
from pinchtune.web.visit import Route, Visit

SHOWN = 20
TASKS, MISSING = 6, 8
LOOKED_AT, ASKED = 50, 3
"""Groups of enquiries that are looked at for what an author could write, and shown."""


def home(visit: Visit) -> Response:
    """What there is to do."""
    settings, counts = read_settings(visit.store), examples.counts(visit.store)
    languages = choices.offered(visit, settings, counts)
    return visit.page(
        "home.html.j2",
        settings=settings,
        goals=choices.goals(languages, settings, counts),
        author=_author(visit, settings, counts) if visit.actor.has("author") else None,
        approver=_approver(visit, settings, counts) if visit.actor.has("approver") else None,
        judged=_judged(visit),
        mined=visit.web.runs.mined(),
        outcome=visit.web.runs.outcome(),
    )


def _author(visit: Visit, settings: Settings, counts: Counts) -> dict[str, Any]:
    store, actor = visit.store, visit.actor
    languages = choices.of_role(actor, "author", choices.offered(visit, settings, counts))
    language = choices.chosen(visit, languages)

    def mine(status: str) -> Page:
        return examples.find(store, actor, status=status, mine=True, limit=SHOWN)

    return {
        "language": language,
        "languages": languages,
        "goal": choices.goals([language], settings, counts)[0],
        "drafts": [row for row in mine("draft").rows if not _is_task(row)],
        "rejected": mine("rejected").rows,
        "waiting": mine("submitted").rows,
        "tasks": _tasks(visit),
        "suggestions": visit.web.insight.suggestions(language),
        "asked": _asked(visit, language),
        "templates": templates.list_templates(store, language),
    }


def _asked(visit: Visit, language: str) -> list[GroupView]:
    """Return what is asked most in a language and no example stands for yet."""
    atlas = open_atlas(visit)
    if atlas is None:
        return []
    groups = atlas.find(primary(language))[:LOOKED_AT]
    views = [atlas.view(group, primary(language)) for group in groups]
    return [view for view in views if not view.chosen and not view.written][:ASKED]


def _tasks(visit: Visit) -> list[tuple[Row, Row | None]]:
    """Return what is to be translated, each with the example that it translates."""
    asked = examples.tasks(visit.store, visit.actor, limit=SHOWN)
    tasks = [row for row in asked if _is_task(row)][:TASKS]
    return [(row, find_source(visit, row)) for row in tasks]


def _is_task(row: Row) -> bool:
    """Say whether a row is still only a task: nobody has written anything into it."""
    return row.status == "draft" and bool(row.source_id) and not row.text.response


def _approver(visit: Visit, settings: Settings, counts: Counts) -> dict[str, Any]:
    languages = choices.of_role(visit.actor, "approver", choices.offered(visit, settings, counts))
    missing = {
        code: found.missing[:MISSING]
        for code in languages
        if visit.web.insight.terms(code) and (found := visit.web.insight.coverage(code)).missing
    }
    goals = choices.goals(languages, settings, counts)
    waiting = examples.count_queue(visit.store, visit.actor)
    return {"goals": goals, "waiting": waiting, "missing": missing}


def _judged(visit: Visit) -> list[tuple[str, Count]]:
    """Return the languages in which answers want somebody to judge them, with their round."""
    return [
        (round.id, count)
        for round in rounds.list_rounds(visit.store, visit.actor)
        if round.is_open and not is_stale(visit, round)
        for count in round.counts
        if count.given < count.wanted and rounds.judges(visit.actor, count.language)
    ]


def more(visit: Visit) -> Response:
    """All pages, for small screens."""
    return visit.page("more.html.j2")


ROUTES = (Route("/", home), Route("/more", more))
