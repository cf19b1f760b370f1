"""Asking somebody to write: an example is assigned, or handed over into another language."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from pinchtune.store import schema
from pinchtune.store.acting import Act, check_tag, load_people
from pinchtune.store.changing import changing, insert
from pinchtune.store.database import Store
from pinchtune.store.errors import Conflict, Invalid, NotFound
from pinchtune.store.records import Person, Row, Text
from pinchtune.store.rows import load
from pinchtune.store.settings import check_offered

_examples = schema.examples.c


def assign(store: Store, actor: Person, id: str, to: str | None) -> Row:
    """Ask an author to write or mend an example; None frees it."""
    with changing(store, actor, id, None) as change:
        row = change.row
        _need_steward(change.act, row.language, row.site)
        change.need_status("draft", "rejected")
        if to:
            _find_author(change.act.connection, to, row.language, row.site)
        here = sa.update(schema.examples).where(_examples.id == id)
        change.act.connection.execute(here.values(assigned_to=to or None))
        change.act.note("assigned", id, to=to)
        return load(change.act.connection, id)


def hand_over(store: Store, actor: Person, id: str, language: str, to: str | None = None) -> Row:
    """Ask for an approved example in another language; both stay linked by `parallel_id`."""
    check_tag(language)
    with changing(store, actor, id, None) as change:
        row, act = change.row, change.act
        _need_steward(act, row.language, row.site)
        change.need_status("approved")
        check_offered(act.connection, language)
        parallel = row.parallel_id or row.id
        _need_no_parallel(act.connection, row, parallel, language)
        if to:
            site = _find_author(act.connection, to, language, row.site)
        else:
            site = _find_site(act.connection, language, row.site)
        here = sa.update(schema.examples).where(_examples.id == id)
        act.connection.execute(here.values(parallel_id=parallel))
        new = insert(
            act,
            language,
            Text(license=row.text.license, domain=row.text.domain),
            site=site,
            assigned_to=to or None,
            template=row.template,
            parallel_id=parallel,
            source_id=row.id,
            origin="handed over",
        )
        act.note("handed over", new, source=row.id, language=language, to=to)
        return load(act.connection, new)


def _need_no_parallel(connection: Connection, row: Row, parallel: str, language: str) -> None:
    same = sa.and_(_examples.parallel_id == parallel, _examples.language == language)
    found = connection.scalar(sa.select(_examples.id).where(same))
    if row.language == language or found:
        there = load(connection, found) if found else row
        raise Conflict("The example exists in {language} already.", row=there, language=language)


def _need_steward(act: Act, language: str, site: str) -> None:
    if not act.actor.has("administrator"):
        act.need("approver", language, site)


def _find_site(connection: Connection, language: str, site: str) -> str:
    """Return the site if somebody there writes the language; else none, so that all may take it."""
    active = load_people(connection, schema.people.c.active)
    return site if any(person.may("author", language, site) for person in active) else ""


def _find_author(connection: Connection, person: str, language: str, site: str) -> str:
    """Return the site for which a person may write in the language."""
    found = load_people(connection, schema.people.c.id == person, schema.people.c.active)
    if not found:
        raise NotFound("There is no such person.")
    if found[0].may("author", language, site):
        return site
    sites = [g.site for g in found[0].grants if g.covers("author", language, g.site)]
    if not sites:
        raise Invalid("{name} is no author for {language}.", name=found[0].name, language=language)
    return sites[0]
