"""The glossary: terms of the trade, what covers them, adding, importing."""

from __future__ import annotations

import re
from dataclasses import replace

from starlette.responses import Response

from pinchtune.collecting.terms import read_terms
from pinchtune.store import Term, glossary
from pinchtune.store.settings import read_settings
from pinchtune.web import choices
from pinchtune.web.visit import Route, Visit

PAGE = 200
_SEPARATOR = re.compile("[;；؛\n]")  # noqa: RUF001 - as other scripts write it


def show(visit: Visit) -> Response:
    """The terms of a language, the missing ones first."""
    languages = choices.offered(visit, read_settings(visit.store), {})
    language = choices.chosen(visit, languages)
    found = visit.web.insight.coverage(language)
    missing = bool(visit.asked("missing"))
    terms = list(found.missing) + ([] if missing else list(found.covered))
    start = max(0, int(visit.asked("start"))) if visit.asked("start").isdecimal() else 0
    return visit.page(
        "glossary.html.j2",
        language=language,
        languages=languages,
        coverage=found,
        covered={term.id for term in found.covered},
        terms=terms[start : start + PAGE],
        start=start,
        total=len(terms),
        step=PAGE,
        missing=missing,
        edits=_edits(visit, language),
    )


def _edits(visit: Visit, language: str) -> bool:
    """Say whether the forms make sense for this person; the store decides."""
    return visit.actor.has("administrator") or visit.actor.may("approver", language)


def add(visit: Visit) -> Response:
    """Add a term."""
    term = _read(visit, Term("", visit.sent("language"), ""))
    facts = term.variants, term.note, term.enquiries
    glossary.add(visit.store, visit.actor, term.language, term.term, *facts)
    return visit.go(f"/glossary?language={term.language}", "added")


def _read(visit: Visit, term: Term) -> Term:
    variants = tuple(part.strip() for part in _SEPARATOR.split(visit.sent("variants")))
    return replace(
        term,
        term=visit.sent("term"),
        variants=tuple(part for part in variants if part),
        note=visit.sent("note"),
        enquiries=visit.number("enquiries") if visit.sent("enquiries") else 0,
    )


def show_term(visit: Visit) -> Response:
    """The form of a term."""
    term = glossary.get_term(visit.store, visit.path("id"))
    return visit.page("term.html.j2", term=term, edits=_edits(visit, term.language))


def edit(visit: Visit) -> Response:
    """Change a term, or remove it."""
    term = glossary.get_term(visit.store, visit.path("id"))
    if visit.sent("act") == "remove":
        glossary.remove(visit.store, visit.actor, term.id)
        return visit.go(f"/glossary?language={term.language}", "removed")
    glossary.edit(visit.store, visit.actor, _read(visit, term))
    return visit.go(f"/glossary?language={term.language}", "saved")


def import_terms(visit: Visit) -> Response:
    """Take the terms of a file; what is wrong is told by its cell."""
    language, name, data = choices.sent_file(visit)
    sheet = read_terms(data, name, language)
    added, changed = glossary.add_many(visit.store, visit.actor, sheet.terms)
    return visit.page(
        "imported.html.j2",
        language=language,
        added=added,
        changed=changed,
        problems=sheet.problems,
        file=name,
    )


ROUTES = (
    Route("/glossary", show),
    Route("/glossary", add, "POST"),
    Route("/glossary/import", import_terms, "POST"),
    Route("/glossary/{id}", show_term),
    Route("/glossary/{id}", edit, "POST"),
)
