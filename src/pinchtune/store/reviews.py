"""Second opinions: a sample of approved examples that several approvers rate on their own.

How well they agree tells whether the guideline is clear; it changes no example.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import sqlalchemy as sa

from pinchtune.store import schema
from pinchtune.store.acting import acting, check_length, load_actor
from pinchtune.store.database import Store
from pinchtune.store.errors import Conflict, Forbidden, Invalid
from pinchtune.store.records import VERDICTS, Person, Row, Verdict
from pinchtune.store.rows import ROWS, covered_by, load_visible, to_row

_examples, _ratings = schema.examples.c, schema.ratings.c


@dataclass(frozen=True)
class Rating:
    """What one approver said about one example of the sample."""

    example: str
    person: str
    verdict: Verdict
    note: str


def sample(store: Store, actor: Person, share: float) -> int:
    """Mark a share of the approved examples of the actor's languages; return how many.

    Which ones depends on their ids alone: a greater share contains the smaller one, and what
    was marked stays so while it is approved.
    """
    if not 0 <= share <= 1:
        raise Invalid("The share is a number from 0 to 1.")
    with acting(store, actor) as act:
        act.need("approver")
        wanted = sa.and_(_examples.status == "approved", covered_by(act.actor, "approver"))
        ids = list(act.connection.scalars(sa.select(_examples.id).where(wanted)))
        chosen = sorted(ids, key=_lot)[: round(share * len(ids))]
        here = sa.update(schema.examples).where(_examples.id == sa.bindparam("one"))
        if chosen:
            rows = [{"one": id} for id in chosen]
            act.connection.execute(here.values(sampled=True), rows)
        act.note("drew a sample", "sample", share=share, examples=len(chosen))
        return len(chosen)


def _lot(id: str) -> str:
    return hashlib.sha256(id.encode()).hexdigest()


def to_rate(store: Store, actor: Person, limit: int = 50) -> list[Row]:
    """Return the examples of the sample that this approver has still to rate."""
    own = sa.select(schema.editors.c.person).where(
        schema.editors.c.example == _examples.id, schema.editors.c.person == actor.id
    )
    rated = sa.select(_ratings.person).where(
        _ratings.example == _examples.id,
        _ratings.version == _examples.version,
        _ratings.person == actor.id,
    )
    with store.read() as connection:
        person = load_actor(connection, actor)
        query = ROWS.where(
            _examples.status == "approved",
            _examples.sampled,
            covered_by(person, "approver"),
            ~own.exists(),
            ~rated.exists(),
        )
        found = connection.execute(query.order_by(_examples.created, _examples.id).limit(limit))
        return [to_row(row) for row in found]


def rate(store: Store, actor: Person, id: str, verdict: Verdict, note: str = "") -> None:
    """Say what one thinks of an example of the sample; saying it again replaces it."""
    if verdict not in VERDICTS:
        raise Invalid("There is no verdict {verdict}.", verdict=str(verdict)[:60])
    check_length("note", note, 2000)
    with acting(store, actor) as act:
        row = load_visible(act.connection, act.actor, id)
        act.need("approver", row.language, row.site)
        if actor.id in row.editors:
            raise Forbidden("You cannot rate an example that holds words of your own.")
        if row.status != "approved" or not row.sampled:
            raise Conflict("The example is not in the sample.", row=row)
        place = {"example": id, "version": row.version, "person": actor.id}
        same = sa.and_(*(_ratings[name] == value for name, value in place.items()))
        act.connection.execute(sa.delete(schema.ratings).where(same))
        values = place | {"verdict": verdict, "note": note, "created": act.now}
        act.connection.execute(sa.insert(schema.ratings).values(values))
        act.note("rated", id, verdict=verdict)


def ratings(store: Store) -> list[Rating]:
    """Return every rating of the text that is approved now, in a settled order."""
    query = (
        sa.select(_ratings.example, _ratings.person, _ratings.verdict, _ratings.note)
        .join(
            schema.examples,
            sa.and_(_examples.id == _ratings.example, _examples.version == _ratings.version),
        )
        .where(_examples.status == "approved")
        .order_by(_ratings.example, _ratings.person)
    )
    with store.read() as connection:
        return [Rating(*row) for row in connection.execute(query)]
