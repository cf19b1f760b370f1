"""Spot checks of an A/B test: an approver says of one answer after the other whether it is correct.

Nothing on the page says which arm gave an answer.
"""

from __future__ import annotations

from urllib.parse import urlencode

from starlette.responses import Response

from pinchtune.stages import abtest
from pinchtune.stages.project import Project
from pinchtune.store import Invalid, NotFound
from pinchtune.store.acting import refused
from pinchtune.web.visit import Route, Visit
from pinchtune.web.wording import mark as _

SAID = {"yes": True, "no": False}


def show(visit: Visit) -> Response:
    """The next answer in one of the visitor's languages."""
    project = _tested(visit)
    languages = [code for code in abtest.checked_languages(project) if _may(visit, code)]
    if not languages:
        raise refused("approver")
    asked = visit.asked("language")
    language = asked if asked in languages else languages[0]
    desk = abtest.desk(project, language, visit.asked("after"))
    return visit.page(
        "checks.html.j2",
        languages=languages,
        language=language,
        desk=desk,
        keeps=project.config.ab.keep_text,
    )


def check(visit: Visit) -> Response:
    """Keep what the visitor says of an answer, and go on to the next."""
    project = _tested(visit)
    answer = abtest.checkable(project, visit.path("id"))
    if answer is None:
        raise NotFound(_("There is no such answer; its text may have been deleted."))
    if not _may(visit, answer.language):
        raise refused("approver", answer.language)
    if visit.sent("correct") not in SAID:
        raise Invalid(_("Say whether the answer is correct."))
    abtest.keep_mark(project, answer.id, SAID[visit.sent("correct")], visit.actor.name)
    return visit.go(f"/checks?{urlencode({'language': answer.language})}", "checked")


def _tested(visit: Visit) -> Project:
    """Return the project for an approver; there is no such page where no test was started."""
    if not visit.actor.has("approver"):
        raise refused("approver")
    if visit.web.project is None or not visit.web.tested:
        raise NotFound(_("There is no such page."))
    return visit.web.project


def _may(visit: Visit, language: str) -> bool:
    """Say whether the visitor approves in a language, at any site."""
    held = {code.partition("-")[0] for code in visit.actor.languages("approver")}
    return "" in held or language.partition("-")[0] in held


ROUTES = (Route("/checks", show), Route("/checks/{id}", check, "POST"))
