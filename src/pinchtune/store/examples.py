"""Writing and approving examples: draft → submitted → approved, or sent back with a reason.

Nobody approves an example that holds words of their own. Whoever changes an example names the
revision that they saw; if somebody was quicker they get a Conflict with the example as it is
now, and nothing is lost. Reading stands in `rows`, many at once in `importing`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from pinchtune.store import schema
from pinchtune.store.acting import Act, acting, check_length, check_tag, load_people, new_id
from pinchtune.store.database import Store
from pinchtune.store.errors import Conflict, Forbidden, Invalid, NotFound
from pinchtune.store.importing import add_many
from pinchtune.store.records import ORIGINS, Person, Role, Row, Text
from pinchtune.store.rows import (
    approvals,
    approved,
    counts,
    everything,
    find,
    fold_text,
    get,
    hash_text,
    load,
    load_visible,
    parallels,
    queue,
    similar_texts,
    tasks,
    text_values,
    versions,
    waiting,
)
from pinchtune.store.settings import check_offered
from pinchtune.store.texts import check_complete, check_text, choose_site

__all__ = [
    "add_many",
    "approvals",
    "approve",
    "approved",
    "assign",
    "counts",
    "create",
    "edit",
    "everything",
    "find",
    "get",
    "hand_over",
    "parallels",
    "queue",
    "save",
    "send_back",
    "similar_texts",
    "submit",
    "tasks",
    "versions",
    "waiting",
    "withdraw",
]

_examples = schema.examples.c


def create(
    store: Store,
    actor: Person,
    language: str,
    text: Text,
    *,
    site: str = "",
    template: str = "",
    origin: str = "web",
    key: str = "",
) -> Row:
    """Begin an example as a draft of one's own; the same `key` again returns the same example."""
    text = check_text(text)
    check_tag(language)
    check_length("template", template, 200)
    check_length("key", key, 200)
    if origin not in ORIGINS:
        raise Invalid("There is no origin {origin}.", origin=origin)
    try:
        return _create(store, actor, language, text, site, template, origin, key)
    except sa.exc.IntegrityError:
        if not key:
            raise
        # The same key came at the same moment by another connection, which was quicker.
        return _create(store, actor, language, text, site, template, origin, key)


def _create(
    store: Store,
    actor: Person,
    language: str,
    text: Text,
    site: str,
    template: str,
    origin: str,
    key: str,
) -> Row:
    with acting(store, actor) as act:
        if key:
            same = sa.and_(_examples.author == actor.id, _examples.key == key)
            known = act.connection.scalar(sa.select(_examples.id).where(same))
            if known:
                return load(act.connection, known)
        check_offered(act.connection, language)
        site = choose_site(act.actor, language, site)
        values = {"site": site, "template": template, "origin": origin, "key": key or None}
        id = _insert(act, language, text, author=actor.id, **values)
        _add_editor(act.connection, id, actor.id)
        act.note("created", id, language=language, origin=origin)
        return load(act.connection, id)


def _insert(act: Act, language: str, text: Text, **values: Any) -> str:
    id = new_id()
    row = {
        "id": id,
        "language": language,
        "status": "draft",
        "version": 1,
        "revision": 1,
        **_text_columns(language, text),
        "created": act.now,
        "updated": act.now,
        **values,
    }
    act.connection.execute(sa.insert(schema.examples).values(row))
    return id


def _text_columns(language: str, text: Text) -> dict[str, str]:
    return text_values(text) | {"content": hash_text(language, text), "folded": fold_text(text)}


@contextmanager
def _changing(store: Store, actor: Person, id: str, revision: int | None) -> Iterator[_Change]:
    """Yield a change of an example that nobody else changes meanwhile."""
    with acting(store, actor) as act:
        act.connection.execute(sa.select(_examples.id).where(_examples.id == id).with_for_update())
        row = load_visible(act.connection, act.actor, id)
        if revision is not None and revision != row.revision:
            raise Conflict("Somebody has changed this example in the meantime.", row=row)
        yield _Change(act, row)


class _Change:
    """One example, being changed."""

    def __init__(self, act: Act, row: Row) -> None:
        self.act, self.row = act, row

    def need_status(self, *statuses: str) -> None:
        """Refuse unless the example stands where this step begins."""
        if self.row.status not in statuses:
            raise Conflict("The example is {status} now.", row=self.row, status=self.row.status)

    def need_role(self, role: Role) -> None:
        """Refuse unless the person holds the role for this example."""
        self.act.need(role, self.row.language, self.row.site)

    def need_own(self) -> None:
        """Refuse unless it is the person's own to write."""
        self.need_role("author")
        free = not self.row.author and self.row.assigned_to is None
        if not free and self.act.actor.id not in (self.row.author, self.row.assigned_to):
            raise Forbidden("This example is somebody else's.")

    def is_kept(self) -> bool:
        """True if this version's text was submitted once, so that it must stay as it is."""
        table = schema.versions.c
        here = sa.and_(table.example == self.row.id, table.version == self.row.version)
        return self.act.connection.execute(sa.select(table.version).where(here)).first() is not None

    def keep_version(self, version: int, text: Text) -> None:
        """Keep a text as it is submitted."""
        values = {
            "example": self.row.id,
            "version": version,
            "editor": self.act.actor.id,
            "created": self.act.now,
        }
        self.act.connection.execute(sa.insert(schema.versions).values(values | text_values(text)))

    def write(self, action: str | None, detail: dict[str, Any], **values: Any) -> Row:
        """Write the columns, and the line of the history; return the example as it is now."""
        connection = self.act.connection
        values |= {"revision": self.row.revision + 1, "updated": self.act.now}
        here = _examples.id == self.row.id
        connection.execute(sa.update(schema.examples).where(here).values(values))
        if action:
            self.act.note(action, self.row.id, **detail)
        return load(connection, self.row.id)


def save(store: Store, actor: Person, id: str, text: Text, revision: int) -> Row:
    """Save what the author has written so far.

    A model that drafted the response stays named, even if the caller names none any more.
    """
    text = check_text(text)
    with _changing(store, actor, id, revision) as change:
        row = change.row
        change.need_status("draft", "rejected")
        change.need_own()
        text = replace(text, drafted_by=text.drafted_by or row.text.drafted_by)
        if text == row.text:
            return row
        _add_editor(change.act.connection, id, actor.id)
        return change.write(
            None if _saved_last(change.act, id) else "saved",
            {},
            version=row.version + change.is_kept(),
            author=row.author or actor.id,
            **_text_columns(row.language, text),
        )


def _saved_last(act: Act, id: str) -> bool:
    """True if the newest line of the history says already that this person saves."""
    table = schema.history.c
    query = sa.select(table.person, table.action).where(table.subject == id)
    last = act.connection.execute(query.order_by(table.id.desc()).limit(1)).first()
    return last is not None and (last.person, last.action) == (act.actor.id, "saved")


def _add_editor(connection: Connection, id: str, person: str) -> None:
    editors = schema.editors.c
    here = sa.and_(editors.example == id, editors.person == person)
    if connection.execute(sa.select(editors.person).where(here)).first() is None:
        connection.execute(sa.insert(schema.editors).values(example=id, person=person))


def submit(store: Store, actor: Person, id: str, revision: int) -> Row:
    """Hand a draft, or a mended example, to the approvers."""
    with _changing(store, actor, id, revision) as change:
        row = change.row
        change.need_status("draft", "rejected")
        change.need_own()
        check_complete(row.text)
        kept = change.is_kept()
        if kept and row.status == "rejected":
            raise Invalid("Change the example before you submit it again.")
        if not kept:
            change.keep_version(row.version, row.text)
        _add_editor(change.act.connection, id, actor.id)
        detail = {"version": row.version}
        author = row.author or actor.id
        return change.write("submitted", detail, status="submitted", author=author)


def withdraw(store: Store, actor: Person, id: str, revision: int) -> Row:
    """Take back one's own example that nobody has decided on yet, to write on."""
    with _changing(store, actor, id, revision) as change:
        change.need_status("submitted")
        change.need_own()
        return change.write("withdrew", {"version": change.row.version}, status="draft")


def approve(store: Store, actor: Person, id: str, revision: int) -> Row:
    """Approve what was submitted; impossible for everybody whose words are in it."""
    with _changing(store, actor, id, revision) as change:
        row = change.row
        change.need_role("approver")
        if actor.id in row.editors or actor.id == row.author:
            raise Forbidden("You cannot approve an example that holds words of your own.")
        change.need_status("submitted")
        _decide(change, approved=True)
        detail = {"version": row.version}
        return change.write("approved", detail, status="approved", reason="", assigned_to=None)


def send_back(store: Store, actor: Person, id: str, revision: int, reason: str) -> Row:
    """Give an example back to its author, with a reason; also one that was approved by mistake."""
    reason = check_length("reason", reason, 2000).strip()
    if not reason:
        raise Invalid("Say why, so that the author can mend it.")
    with _changing(store, actor, id, revision) as change:
        change.need_role("approver")
        change.need_status("submitted", "approved")
        _decide(change, approved=False, reason=reason)
        detail = {"version": change.row.version, "reason": reason}
        values = {"status": "rejected", "reason": reason, "sampled": False}
        return change.write("sent back", detail, **values)


def _decide(change: _Change, *, approved: bool, reason: str = "") -> None:
    values = {
        "id": new_id(),
        "example": change.row.id,
        "version": change.row.version,
        "person": change.act.actor.id,
        "approved": approved,
        "reason": reason,
        "created": change.act.now,
    }
    change.act.connection.execute(sa.insert(schema.reviews).values(values))


def edit(store: Store, actor: Person, id: str, revision: int, text: Text) -> Row:
    """Mend an example as its approver: a new version, which then needs another approver."""
    text = check_complete(check_text(text))
    with _changing(store, actor, id, revision) as change:
        row = change.row
        change.need_role("approver")
        change.need_status("submitted", "approved")
        text = replace(text, drafted_by=text.drafted_by or row.text.drafted_by)
        if text == row.text:
            raise Invalid("Nothing was changed.")
        version = row.version + 1
        change.keep_version(version, text)
        _add_editor(change.act.connection, id, actor.id)
        return change.write(
            "edited",
            {"version": version},
            version=version,
            status="submitted",
            sampled=False,
            **_text_columns(row.language, text),
        )


def assign(store: Store, actor: Person, id: str, to: str | None) -> Row:
    """Ask an author to write or mend an example; None frees it."""
    with _changing(store, actor, id, None) as change:
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
    with _changing(store, actor, id, None) as change:
        row, act = change.row, change.act
        _need_steward(act, row.language, row.site)
        change.need_status("approved")
        check_offered(act.connection, language)
        parallel = row.parallel_id or row.id
        _need_no_parallel(act.connection, row, parallel, language)
        site = row.site
        if to:
            site = _find_author(act.connection, to, language, site)
        here = sa.update(schema.examples).where(_examples.id == id)
        act.connection.execute(here.values(parallel_id=parallel))
        new = _insert(
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


def _find_author(connection: Connection, person: str, language: str, site: str) -> str:
    """Return the site for which a person may write in the language."""
    found: Sequence[Person] = load_people(
        connection, schema.people.c.id == person, schema.people.c.active
    )
    if not found:
        raise NotFound("There is no such person.")
    if found[0].may("author", language, site):
        return site
    sites = [g.site for g in found[0].grants if g.covers("author", language, g.site)]
    if not sites:
        raise Invalid("{name} is no author for {language}.", name=found[0].name, language=language)
    return sites[0]
