"""Writing and approving examples: draft → submitted → approved, or sent back with a reason.

Nobody approves an example that holds words of their own. Whoever changes an example names the
revision that they saw; if somebody was quicker they get a Conflict with the example as it is
now, and nothing is lost. Reading stands in `rows`, many at once in `importing`, tasks for others
in `handing`.
"""

from __future__ import annotations

from dataclasses import replace

import sqlalchemy as sa

from pinchtune.store import schema
from pinchtune.store.acting import Act, acting, check_length, check_tag, new_id
from pinchtune.store.changing import Change, add_editor, changing, insert, text_columns
from pinchtune.store.database import Store
from pinchtune.store.errors import Forbidden, Invalid
from pinchtune.store.handing import assign, hand_over
from pinchtune.store.importing import add_many
from pinchtune.store.records import ORIGINS, Person, Row, Text
from pinchtune.store.rows import (
    approvals,
    approved,
    count_queue,
    counts,
    everything,
    find,
    get,
    load,
    parallels,
    queue,
    similar_texts,
    tasks,
    versions,
    waiting,
)
from pinchtune.store.settings import check_offered
from pinchtune.store.texts import can_write, check_complete, check_text, choose_site

__all__ = [
    "add_many",
    "approvals",
    "approve",
    "approved",
    "assign",
    "can_write",
    "count_queue",
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
        id = insert(act, language, text, author=actor.id, **values)
        add_editor(act.connection, id, actor.id)
        act.note("created", id, language=language, origin=origin)
        return load(act.connection, id)


def save(store: Store, actor: Person, id: str, text: Text, revision: int) -> Row:
    """Save what the author has written so far.

    A model that drafted the response stays named, even if the caller names none any more.
    """
    text = check_text(text)
    with changing(store, actor, id, revision) as change:
        row = change.row
        change.need_status("draft", "rejected")
        site = change.need_own()
        text = replace(text, drafted_by=text.drafted_by or row.text.drafted_by)
        if text == row.text:
            return row
        add_editor(change.act.connection, id, actor.id)
        return change.write(
            None if _saved_last(change.act, id) else "saved",
            {},
            version=row.version + change.is_kept(),
            author=row.author or actor.id,
            site=site,
            **text_columns(row.language, text),
        )


def _saved_last(act: Act, id: str) -> bool:
    """True if the newest line of the history says already that this person saves."""
    table = schema.history.c
    query = sa.select(table.person, table.action).where(table.subject == id)
    last = act.connection.execute(query.order_by(table.id.desc()).limit(1)).first()
    return last is not None and (last.person, last.action) == (act.actor.id, "saved")


def submit(store: Store, actor: Person, id: str, revision: int) -> Row:
    """Hand a draft, or a mended example, to the approvers."""
    with changing(store, actor, id, revision) as change:
        row = change.row
        change.need_status("draft", "rejected")
        site = change.need_own()
        check_complete(row.text)
        kept = change.is_kept()
        if kept and row.status == "rejected":
            raise Invalid("Change the example before you submit it again.")
        if not kept:
            change.keep_version(row.version, row.text)
        add_editor(change.act.connection, id, actor.id)
        taken = {"author": row.author or actor.id, "site": site}
        return change.write("submitted", {"version": row.version}, status="submitted", **taken)


def withdraw(store: Store, actor: Person, id: str, revision: int) -> Row:
    """Take back one's own example that nobody has decided on yet, to write on."""
    with changing(store, actor, id, revision) as change:
        change.need_status("submitted")
        change.need_own()
        return change.write("withdrew", {"version": change.row.version}, status="draft")


def approve(store: Store, actor: Person, id: str, revision: int) -> Row:
    """Approve what was submitted; impossible for everybody whose words are in it."""
    with changing(store, actor, id, revision) as change:
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
    with changing(store, actor, id, revision) as change:
        change.need_role("approver")
        change.need_status("submitted", "approved")
        _decide(change, approved=False, reason=reason)
        detail = {"version": change.row.version, "reason": reason}
        values = {"status": "rejected", "reason": reason, "sampled": False}
        return change.write("sent back", detail, **values)


def _decide(change: Change, *, approved: bool, reason: str = "") -> None:
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
    with changing(store, actor, id, revision) as change:
        row = change.row
        change.need_role("approver")
        change.need_status("submitted", "approved")
        text = replace(text, drafted_by=text.drafted_by or row.text.drafted_by)
        if text == row.text:
            raise Invalid("Nothing was changed.")
        version = row.version + 1
        change.keep_version(version, text)
        add_editor(change.act.connection, id, actor.id)
        return change.write(
            "edited",
            {"version": version},
            version=version,
            status="submitted",
            sampled=False,
            **text_columns(row.language, text),
        )
