"""Approving: the queue, the decision, mending as a new version, second opinions."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

from starlette.responses import Response

from pinchtune.collecting.terms import find_in
from pinchtune.stats import alpha
from pinchtune.store import Conflict, Invalid, Row, examples, reviews
from pinchtune.store.acting import refused
from pinchtune.store.records import VERDICTS, Verdict
from pinchtune.store.settings import read_settings
from pinchtune.web import choices
from pinchtune.web.pages.form import read_form, show_conflict, show_form
from pinchtune.web.security import is_local
from pinchtune.web.visit import Route, Visit

SHOWN = 30


def queue(visit: Visit) -> Response:
    """What waits in a language, one example open with everything beside it."""
    if not visit.actor.has("approver"):
        raise refused("approver")
    store, actor = visit.store, visit.actor
    settings, counts = read_settings(store), examples.counts(store)
    languages = choices.of_role(actor, "approver", choices.offered(visit, settings, counts))
    goals = choices.goals(languages, settings, counts)
    waiting = examples.count_queue(store, actor)
    # Unless they ask for another one, the first language in which something waits.
    first = sorted(languages, key=lambda code: not waiting.get(code))
    language = choices.chosen(visit, first)
    rows = examples.queue(store, actor, language, limit=SHOWN, after=visit.asked("after"))
    place, row = _open(rows.rows, visit.asked("row"))
    return visit.page(
        "queue.html.j2",
        language=language,
        goals=goals,
        waiting=waiting,
        page=rows,
        row=row,
        before=rows.rows[place - 1].id if row and place else "",
        after=rows.rows[place + 1].id if row and place + 1 < len(rows.rows) else "",
        hints=visit.web.insight.check(row.text, language, row.id) if row else [],
        terms=find_in(row.text, language, visit.web.insight.terms(language)) if row else [],
        parallels=examples.parallels(store, actor, row.id) if row else [],
    )


def _open(rows: tuple[Row, ...], asked: str) -> tuple[int, Row | None]:
    """Return the row that is asked for and its place; else the first."""
    places = {row.id: i for i, row in enumerate(rows)}
    place = places.get(asked, 0)
    return place, rows[place] if rows else None


def approve(visit: Visit) -> Response:
    """Approve what was read."""
    return _decide(
        visit, "approved", lambda id, n: examples.approve(visit.store, visit.actor, id, n)
    )


def send_back(visit: Visit) -> Response:
    """Give it back, with the reason."""
    reason = visit.sent("reason")
    return _decide(
        visit,
        "sent-back",
        lambda id, n: examples.send_back(visit.store, visit.actor, id, n, reason),
    )


def _decide(visit: Visit, done: str, act: Callable[[str, int], Row]) -> Response:
    id = visit.path("id")
    try:
        act(id, visit.number("revision"))
    except Conflict as error:
        return show_conflict(visit, error)
    target = visit.sent("next")
    return visit.go(target if is_local(target) else f"/rows/{id}", done)


def show_revision(visit: Visit) -> Response:
    """The form to mend an example as its approver."""
    row = examples.get(visit.store, visit.actor, visit.path("id"))
    if row.status not in ("submitted", "approved"):
        return visit.go(f"/rows/{row.id}")
    if not visit.actor.may("approver", row.language, row.site):
        raise refused("approver", row.language)
    return show_form(visit, row)


def revise(visit: Visit) -> Response:
    """Keep the mended text as a new version, which another approver has to read."""
    id, text = visit.path("id"), read_form(visit)
    try:
        examples.edit(visit.store, visit.actor, id, visit.number("revision"), text)
    except Conflict as error:
        return show_conflict(visit, error, text)
    except Invalid as error:
        row = examples.get(visit.store, visit.actor, id)
        return show_form(visit, row, text, error=error)
    return visit.go(f"/rows/{id}", "revised")


def second(visit: Visit) -> Response:
    """Examples of the sample that the visitor has still to rate, and how well people agree."""
    actor = visit.actor
    if not actor.has("approver") and not actor.has("administrator"):
        raise refused("approver")
    ratings = reviews.ratings(visit.store)
    return visit.page(
        "second.html.j2",
        rows=reviews.to_rate(visit.store, actor) if actor.has("approver") else [],
        agreement=alpha([(r.example, r.person, r.verdict) for r in ratings], VERDICTS),
        ratings=len(ratings),
        verdicts=VERDICTS[::-1],
    )


def rate(visit: Visit) -> Response:
    """Record a second opinion."""
    verdict = cast(Verdict, visit.sent("verdict"))
    reviews.rate(visit.store, visit.actor, visit.path("id"), verdict, visit.sent("note"))
    return visit.go("/second", "rated")


def sample(visit: Visit) -> Response:
    """Draw the sample for second opinions."""
    share = visit.number("share")
    reviews.sample(visit.store, visit.actor, share / 100)
    return visit.go("/second", "sampled")


ROUTES = (
    Route("/queue", queue),
    Route("/rows/{id}/approve", approve, "POST"),
    Route("/rows/{id}/send-back", send_back, "POST"),
    Route("/rows/{id}/revise", show_revision),
    Route("/rows/{id}/revise", revise, "POST"),
    Route("/second", second),
    Route("/second", sample, "POST"),
    Route("/second/{id}", rate, "POST"),
)
