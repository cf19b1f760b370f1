"""Reading examples: the list, and one example with everything that is known about it."""

from __future__ import annotations

from starlette.responses import Response

from pinchtune.collecting.terms import find_in
from pinchtune.records import STATUSES
from pinchtune.store import Person, Row, examples, history, people
from pinchtune.store.settings import read_settings
from pinchtune.web import choices
from pinchtune.web.visit import Route, Visit

PAGE = 50


def list_rows(visit: Visit) -> Response:
    """All examples that the person may see, a page at a time."""
    asked = {name: visit.asked(name) for name in ("language", "status", "text")}
    page = examples.find(
        visit.store,
        visit.actor,
        language=asked["language"],
        status=asked["status"],
        text=asked["text"],
        mine=bool(visit.asked("mine")),
        limit=PAGE,
        after=visit.asked("after"),
    )
    settings, counts = read_settings(visit.store), examples.counts(visit.store)
    languages = dict.fromkeys((*choices.offered(visit, settings, counts), *counts))
    return visit.page(
        "rows.html.j2",
        page=page,
        asked=asked | {"mine": visit.asked("mine")},
        languages=list(languages),
        statuses=STATUSES,
    )


def show_row(visit: Visit) -> Response:
    """One example: its text, its counterparts, its versions, what was done to it."""
    store, actor = visit.store, visit.actor
    row = examples.get(store, actor, visit.path("id"))
    can = abilities(actor, row)
    versions = examples.versions(store, actor, row.id)
    others = examples.parallels(store, actor, row.id)
    taken = {row.language, *(other.language for other in others)}
    offered = choices.offered(visit, read_settings(store), {})
    return visit.page(
        "row.html.j2",
        row=row,
        can=can,
        hints=visit.web.insight.check(row.text, row.language, row.id),
        terms=find_in(row.text, row.language, visit.web.insight.terms(row.language)),
        parallels=others,
        versions=versions,
        events=history.read(store, actor, row.id),
        free_languages=[code for code in offered if code not in taken],
        authors=authors(visit) if can["hand_over"] or can["assign"] else [],
    )


def abilities(person: Person, row: Row) -> dict[str, bool]:
    """Return which buttons make sense; whether they work is the store's to say."""
    open_ = row.status in ("draft", "rejected")
    own = person.id in (row.author, row.assigned_to)
    author = examples.can_write(person, row)
    approver = person.may("approver", row.language, row.site)
    decides = approver and row.status in ("submitted", "approved")
    steward = approver or person.has("administrator")
    return {
        "edit": author and open_ and (own or row.is_free),
        "withdraw": author and own and row.status == "submitted",
        "approve": approver and row.status == "submitted" and person.id not in row.editors,
        "send_back": decides,
        "revise": decides,
        "hand_over": steward and row.status == "approved",
        "assign": steward and open_,
    }


def authors(visit: Visit) -> list[Person]:
    """Return the people who write."""
    everybody = people.list_people(visit.store, visit.actor)
    return [person for person in everybody if person.active and person.has("author")]


def hand_over(visit: Visit) -> Response:
    """Ask for the example in another language."""
    new = examples.hand_over(
        visit.store,
        visit.actor,
        visit.path("id"),
        visit.sent("language"),
        visit.sent("to") or None,
    )
    return visit.go(f"/rows/{new.source_id}", "handed-over")


def assign(visit: Visit) -> Response:
    """Ask an author to write or mend the example."""
    id = visit.path("id")
    examples.assign(visit.store, visit.actor, id, visit.sent("to") or None)
    return visit.go(f"/rows/{id}", "saved")


ROUTES = (
    Route("/rows", list_rows),
    Route("/rows/{id}", show_row),
    Route("/rows/{id}/hand-over", hand_over, "POST"),
    Route("/rows/{id}/assign", assign, "POST"),
)
