"""Judging answers: the rounds, opening and closing one, and the desk at which people judge."""

from __future__ import annotations

from urllib.parse import urlencode

from starlette.responses import Response

from pinchtune.stages import people as answers
from pinchtune.store import Conflict, Forbidden, Invalid, judging, rounds
from pinchtune.store.acting import refused
from pinchtune.store.judging import Desk
from pinchtune.store.rounds import Round
from pinchtune.web.visit import Route, Visit
from pinchtune.web.wording import mark as _


def show_rounds(visit: Visit) -> Response:
    """The rounds that concern the visitor; for administrators also a form to open one."""
    actor, project = visit.actor, visit.web.project
    leader = actor.has("administrator")
    if not (leader or actor.has("author") or actor.has("approver")):
        raise refused("author")
    ready = leader and project is not None and bool(answers.name_answers(project))
    return visit.page(
        "judge.html.j2",
        rounds=rounds.list_rounds(visit.store, actor),
        judges=lambda language: rounds.judges(actor, language),
        stale=lambda round: is_stale(visit, round),
        leader=leader,
        languages=project.config.languages.evaluated if project and ready else (),
        modes=rounds.MODES,
        raters=rounds.RATERS,
        most=rounds.MOST_RATERS,
        share=round(100 * rounds.SHARE),
    )


def is_stale(visit: Visit, round: Round) -> bool:
    """Say whether a round is about other answers than the project has now."""
    project = visit.web.project
    return project is not None and answers.is_stale(project, round)


def open_round(visit: Visit) -> Response:
    """Put the project's answers before the raters."""
    project = visit.web.project
    if project is None or not answers.name_answers(project):
        raise Conflict(
            _("The project has no answers yet; {command} makes them."),
            command="pinch generate",
        )
    if not visit.actor.has("administrator"):
        raise refused("administrator")
    languages = [str(code) for code in visit.form.getlist("language")]
    if not languages:
        raise Invalid(_("Choose a language."))
    rounds.open_round(
        visit.store,
        visit.actor,
        answers.gather(project, languages, max(0, visit.number("prompts"))),
        answers.name_answers(project),
        "grades" if visit.sent("mode") == "grades" else "pairs",
        visit.number("raters"),
        visit.number("share") / 100,
    )
    return visit.go("/judge", "round-opened")


def close_round(visit: Visit) -> Response:
    """End a round."""
    rounds.close_round(visit.store, visit.actor, visit.path("id"))
    return visit.go("/judge", "round-closed")


def show_desk(visit: Visit) -> Response:
    """What the visitor judges next."""
    round = _open_round(visit)
    languages = [count.language for count in round.counts]
    asked = visit.asked("language")
    language = asked if asked in languages else languages[0]
    desk = judging.sit_down(visit.store, visit.actor, round.id, language, visit.asked("item"))
    return visit.page("desk.html.j2", round=round, languages=languages, desk=desk)


def _open_round(visit: Visit) -> Round:
    """Return the round, if the visitor can judge in it now."""
    round = rounds.get_round(visit.store, visit.actor, visit.path("id"))
    if not round.counts:
        raise Forbidden("You judge in none of the languages of this round.")
    if not round.is_open:
        raise Conflict("This round is closed.")
    if is_stale(visit, round):
        raise Conflict(_("The answers were made anew since; ask for a new round of judging."))
    return round


def judge(visit: Visit) -> Response:
    """Keep what the visitor says of an item, and go on to the next."""
    round = _open_round(visit)
    wrong = bool(visit.sent("wrong-1")), bool(visit.sent("wrong-2"))
    judging.judge(visit.store, visit.actor, visit.path("item"), visit.sent("choice"), wrong)
    return _go_on(visit, round)


def undo(visit: Visit) -> Response:
    """Take back what the visitor said last, and show that item again."""
    round = _open_round(visit)
    item = judging.undo(visit.store, visit.actor, round.id, visit.sent("language"))
    return _go_on(visit, round, item)


def _go_on(visit: Visit, round: Round, item: str = "") -> Response:
    """Show an item, or else the next one: to our script without a page around it."""
    language = visit.sent("language")
    if not visit.wants_json:
        asked = {"language": language} | ({"item": item} if item else {})
        return visit.go(f"/judge/{round.id}?{urlencode(asked)}")
    desk: Desk = judging.sit_down(visit.store, visit.actor, round.id, language, item)
    return visit.json({"html": visit.fragment("pair.html.j2", round=round, desk=desk)})


ROUTES = (
    Route("/judge", show_rounds),
    Route("/judge", open_round, "POST"),
    Route("/judge/{id}", show_desk),
    Route("/judge/{id}/close", close_round, "POST"),
    Route("/judge/{id}/undo", undo, "POST"),
    Route("/judge/{id}/{item}", judge, "POST"),
)
