"""The glossary: terms of the trade, a language and a site each, with their variants."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import asdict, replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from pinchtune.store import schema
from pinchtune.store.acting import Act, acting, check_length, check_tag, new_id
from pinchtune.store.database import Store, serialise
from pinchtune.store.errors import Conflict, Invalid, NotFound
from pinchtune.store.importing import CHUNK
from pinchtune.store.records import Person, Term

MOST_VARIANTS = 100
MOST_ENQUIRIES = 2**31 - 1
_terms = schema.terms.c


def list_terms(store: Store, language: str = "", site: str | None = None) -> list[Term]:
    """Return the terms of a language, the most asked for first.

    With a site: its own terms and those of all sites.
    """
    query = sa.select(schema.terms)
    if language:
        query = query.where(_terms.language == language)
    if site is not None:
        query = query.where(_terms.site.in_(("", site)))
    with store.read() as connection:
        found = [_to_term(row) for row in connection.execute(query)]
    return sorted(found, key=lambda term: (term.language, -term.enquiries, term.term, term.id))


def get_term(store: Store, id: str) -> Term:
    """Return one term."""
    with store.read() as connection:
        return _find(connection, id)


def add(
    store: Store,
    actor: Person,
    language: str,
    term: str,
    variants: Sequence[str] = (),
    note: str = "",
    enquiries: int = 0,
    site: str = "",
) -> Term:
    """Add a term; one that is there already is a Conflict."""
    new = _check(Term(new_id(), language, term, tuple(variants), note, enquiries, site))
    with acting(store, actor) as act:
        serialise(act.connection, "glossary")
        _need_editor(act, new)
        _need_free(act.connection, new)
        act.connection.execute(sa.insert(schema.terms).values(_columns(new)))
        act.note("added a term", new.id, language=language, term=new.term)
        return new


def edit(store: Store, actor: Person, term: Term) -> Term:
    """Change a term."""
    term = _check(term)
    with acting(store, actor) as act:
        serialise(act.connection, "glossary")
        _need_editor(act, _find(act.connection, term.id))
        _need_editor(act, term)
        _need_free(act.connection, term)
        here = sa.update(schema.terms).where(_terms.id == term.id)
        act.connection.execute(here.values(_columns(term)))
        act.note("changed a term", term.id, term=term.term)
        return term


def remove(store: Store, actor: Person, id: str) -> None:
    """Remove a term."""
    with acting(store, actor) as act:
        term = _find(act.connection, id)
        _need_editor(act, term)
        act.connection.execute(sa.delete(schema.terms).where(_terms.id == id))
        act.note("removed a term", id, language=term.language, term=term.term)


def add_many(store: Store, actor: Person, terms: Iterable[Term]) -> tuple[int, int]:
    """Add or bring up to date terms (their ids do not count); return (added, changed).

    A term that is there already gains the new variants, and takes the note and the number of
    enquiries if they say anything.
    """
    checked = [_check(term) for term in terms]
    with acting(store, actor) as act:
        serialise(act.connection, "glossary")
        for language, site in sorted({(term.language, term.site) for term in checked}):
            _need_editor(act, Term("", language, "", site=site))
        languages = sorted({term.language for term in checked})
        query = sa.select(schema.terms).where(_terms.language.in_(languages))
        known = {_place(t): t for t in map(_to_term, act.connection.execute(query))}
        merged = dict(known)
        for term in checked:
            place = _place(term)
            new = replace(term, id=new_id())
            merged[place] = _merge(merged[place], term) if place in merged else new
        added = [term for place, term in merged.items() if place not in known]
        changed = [term for place, term in merged.items() if known.get(place, term) != term]
        for start in range(0, len(added), CHUNK):
            part = [_columns(term) for term in added[start : start + CHUNK]]
            act.connection.execute(sa.insert(schema.terms), part)
        for term in changed:
            here = sa.update(schema.terms).where(_terms.id == term.id)
            act.connection.execute(here.values(_columns(term)))
        act.note("imported terms", "glossary", added=len(added), changed=len(changed))
    return len(added), len(changed)


def _merge(old: Term, new: Term) -> Term:
    variants = tuple(dict.fromkeys((*old.variants, *new.variants)))
    return replace(
        old, variants=variants, note=new.note or old.note, enquiries=new.enquiries or old.enquiries
    )


def _place(term: Term) -> tuple[str, str, str]:
    return term.language, term.site, term.term


def _columns(term: Term) -> dict[str, Any]:
    return asdict(term) | {"variants": list(term.variants)}


def _to_term(row: sa.Row[Any]) -> Term:
    return Term(**row._asdict() | {"variants": tuple(row.variants)})


def _find(connection: Connection, id: str) -> Term:
    row = connection.execute(sa.select(schema.terms).where(_terms.id == id)).first()
    if row is None:
        raise NotFound("There is no such term.")
    return _to_term(row)


def _need_free(connection: Connection, term: Term) -> None:
    same = sa.and_(
        _terms.language == term.language, _terms.site == term.site, _terms.term == term.term
    )
    if connection.execute(sa.select(_terms.id).where(same, _terms.id != term.id)).first():
        raise Conflict("The term {term} is in the glossary already.", term=term.term)


def _need_editor(act: Act, term: Term) -> None:
    if not act.actor.has("administrator"):
        act.need("approver", term.language, term.site)


def _check(term: Term) -> Term:
    check_tag(term.language)
    check_length("site", term.site, 100)
    check_length("note", term.note, 2000)
    name = _tidy(check_length("term", term.term, 200))
    if not name:
        raise Invalid("Write the term.")
    if len(term.variants) > MOST_VARIANTS:
        raise Invalid("A term has at most {most} variants.", most=MOST_VARIANTS)
    if not 0 <= term.enquiries <= MOST_ENQUIRIES:
        raise Invalid("The number of enquiries is 0 or more.")
    tidy = (_tidy(check_length("variants", variant, 200)) for variant in term.variants)
    variants = tuple(dict.fromkeys(v for v in tidy if v and v != name))
    return replace(term, term=name, variants=variants)


def _tidy(text: str) -> str:
    return unicodedata.normalize("NFC", " ".join(text.split()))
