"""Reading examples: who sees which, in pages that an index answers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from pinchtune.records import STATUSES, content_hash
from pinchtune.store import schema
from pinchtune.store.acting import fold, load_actor
from pinchtune.store.database import Store
from pinchtune.store.errors import Invalid, NotFound
from pinchtune.store.records import Approval, Decision, Page, Person, Role, Row, Text, Version

LONGEST_PAGE = 200
_TEXT = ("instruction", "response", "license", "domain", "drafted_by")
_examples = schema.examples.c


def _select_rows() -> sa.Select[Any]:
    editors = (
        sa.select(sa.func.aggregate_strings(schema.editors.c.person, ","))
        .where(schema.editors.c.example == _examples.id)
        .scalar_subquery()
    )
    columns = [c for c in _examples if c.name not in ("key", "content", "folded")]
    return sa.select(
        *columns, schema.people.c.name.label("author_name"), editors.label("editors")
    ).outerjoin_from(schema.examples, schema.people, schema.people.c.id == _examples.author)


ROWS = _select_rows()
"""What a Row is made from."""
_FREE = (_examples.author.is_(None), _examples.assigned_to.is_(None))
"""The conditions of Row.is_free."""


def to_row(found: sa.Row[Any]) -> Row:
    """Return a line of ROWS as a record."""
    values = found._asdict()
    return Row(
        text=Text(*(values.pop(name) for name in _TEXT)),
        author=values.pop("author") or "",
        author_name=values.pop("author_name") or "",
        editors=tuple(sorted((values.pop("editors") or "").split(","))) if found.editors else (),
        **{name: value for name, value in values.items() if name != "editors"},
    )


def text_values(text: Text) -> dict[str, str]:
    """Return the columns of a text."""
    return {name: getattr(text, name) for name in _TEXT}


def hash_text(language: str, text: Text) -> str:
    """Return what is equal for equal instructions and responses of a language."""
    return content_hash([language, text.instruction, text.response])


def fold_text(text: Text) -> str:
    """Return what a search looks into."""
    return fold(f"{text.instruction}\n{text.response}")


def visible(person: Person, language: str = "") -> sa.ColumnElement[bool]:
    """Return the condition that a person may see an example (of a language, if one is named).

    An administrator sees all; others what their grants cover, and what is theirs.
    """
    # The shorter the condition, the surer an index answers it.
    if person.has("administrator") or any(
        grant.language in ("", language) and not grant.site for grant in person.grants
    ):
        return sa.true()
    reach = [_covered(language, site) for language, site in _reach(person)]
    return sa.or_(_mine(person), _free_for(person), *reach)


def _free_for(person: Person) -> sa.ColumnElement[bool]:
    """Return the condition that it is a task without a site that this author may take."""
    languages = person.languages("author")
    spoken = [] if "" in languages else [_examples.language.in_(languages)]
    return sa.and_(*_FREE, _examples.site == "", *spoken)


def _reach(person: Person) -> list[tuple[str, str]]:
    return list(dict.fromkeys((grant.language, grant.site) for grant in person.grants))


def _covered(language: str, site: str) -> sa.ColumnElement[bool]:
    parts = [_examples.language == language] if language else []
    return sa.and_(sa.true(), *parts, *([_examples.site == site] if site else []))


def load(connection: Connection, id: str) -> Row:
    """Return an example, whoever asks."""
    found = connection.execute(ROWS.where(_examples.id == id)).first()
    if found is None:
        raise NotFound("There is no such example.")
    return to_row(found)


def load_visible(connection: Connection, person: Person, id: str) -> Row:
    """Return an example that the person may see."""
    found = connection.execute(ROWS.where(_examples.id == id, visible(person))).first()
    if found is None:
        raise NotFound("There is no such example.")
    return to_row(found)


def get(store: Store, actor: Person, id: str) -> Row:
    """Return one example."""
    with store.read() as connection:
        return load_visible(connection, load_actor(connection, actor), id)


def find(
    store: Store,
    actor: Person,
    *,
    language: str = "",
    status: str = "",
    author: str = "",
    text: str = "",
    mine: bool = False,
    oldest_first: bool = False,
    limit: int = 50,
    after: str = "",
) -> Page:
    """Return a page of the examples that the person may see, the newest first.

    `text` is looked for in instruction and response; `mine` are those written by, or assigned
    to, the person. `after` is what the page before gave.
    """
    wanted = [
        getattr(_examples, name) == value
        for name, value in {"language": language, "status": status, "author": author}.items()
        if value
    ]
    if text:
        wanted.append(_examples.folded.contains(fold(text), autoescape=True))
    if mine:
        wanted.append(_mine(actor))
    with store.read() as connection:
        wanted.append(visible(load_actor(connection, actor), language))
        return _page(connection, wanted, oldest_first=oldest_first, limit=limit, after=after)


def _mine(person: Person) -> sa.ColumnElement[bool]:
    return sa.or_(_examples.author == person.id, _examples.assigned_to == person.id)


def queue(
    store: Store, actor: Person, language: str = "", *, limit: int = 50, after: str = ""
) -> Page:
    """Return what waits for this approver, the oldest first: nothing with words of their own."""
    with store.read() as connection:
        wanted = _waits_for(load_actor(connection, actor))
        if language:
            wanted.append(_examples.language == language)
        return _page(connection, wanted, oldest_first=True, limit=limit, after=after)


def _waits_for(person: Person) -> list[sa.ColumnElement[bool]]:
    """Return the conditions that a person can decide on an example."""
    own = (
        sa.select(schema.editors.c.person)
        .where(schema.editors.c.example == _examples.id, schema.editors.c.person == person.id)
        .exists()
    )
    return [_examples.status == "submitted", ~own, covered_by(person, "approver")]


def count_queue(store: Store, actor: Person) -> dict[str, int]:
    """Return {language: how many examples wait for this approver}."""
    with store.read() as connection:
        wanted = _waits_for(load_actor(connection, actor))
        query = sa.select(_examples.language, sa.func.count()).where(*wanted)
        return {row[0]: row[1] for row in connection.execute(query.group_by(_examples.language))}


def tasks(store: Store, actor: Person, *, limit: int = 50) -> list[Row]:
    """Return what this author is asked to write: what is assigned to them, then what is free.

    Free is a translation task that nobody has taken, in a language that they write.
    """
    open_ = _examples.status.in_(("draft", "rejected"))
    with store.read() as connection:
        person = load_actor(connection, actor)
        assigned = ROWS.where(_examples.assigned_to == person.id, open_)
        others = ROWS.where(*_FREE, open_, sa.or_(_free_for(person), covered_by(person, "author")))
        order = (_examples.created, _examples.id)
        found = [
            to_row(row)
            for query in (assigned, others)
            for row in connection.execute(query.order_by(*order).limit(limit))
        ]
    return found[:limit]


def covered_by(person: Person, role: Role) -> sa.ColumnElement[bool]:
    """Return the condition that a person holds the role for an example."""
    reach = [_covered(g.language, g.site) for g in person.grants if g.role == role]
    return sa.or_(sa.false(), *reach)


def _page(
    connection: Connection,
    wanted: Sequence[sa.ColumnElement[bool]],
    *,
    oldest_first: bool,
    limit: int,
    after: str,
) -> Page:
    limit = max(1, min(limit, LONGEST_PAGE))
    key = sa.tuple_(_examples.created, _examples.id)
    # Sorting ids is cheap; the long texts are read for one page alone.
    ids = sa.select(_examples.id).where(*wanted)
    if after:
        place = sa.tuple_(*_read_place(after))
        ids = ids.where(key > place if oldest_first else key < place)
    order = [_examples.created, _examples.id]
    if not oldest_first:
        order = [column.desc() for column in order]  # type: ignore[misc]
    ids = ids.order_by(*order).limit(limit + 1)
    found = connection.execute(ROWS.where(_examples.id.in_(ids)).order_by(*order)).all()
    rows = tuple(to_row(row) for row in found[:limit])
    return Page(rows, _write_place(rows[-1]) if len(found) > limit else "")


def _write_place(row: Row) -> str:
    return f"{row.created.isoformat()}~{row.id}"


def _read_place(after: str) -> tuple[sa.ColumnElement[Any], sa.ColumnElement[Any]]:
    when, _, id = after.partition("~")
    try:
        moment = datetime.fromisoformat(when)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise Invalid("The page cannot be found; begin with the first one.")
    return sa.literal(moment, schema.Moment()), sa.literal(id, schema.String())


def counts(store: Store) -> dict[str, dict[str, int]]:
    """Return {language: {status: number of examples}}; every status is named."""
    query = (
        sa.select(_examples.language, _examples.status, sa.func.count())
        .group_by(_examples.language, _examples.status)
        .order_by(_examples.language)
    )
    found: dict[str, dict[str, int]] = {}
    with store.read() as connection:
        for language, status, number in connection.execute(query):
            found.setdefault(language, dict.fromkeys(STATUSES, 0))[status] = number
    return found


def approved(store: Store) -> list[Row]:
    """Return all approved examples, the oldest first."""
    return _all(store, _examples.status == "approved")


def waiting(store: Store) -> list[Row]:
    """Return all examples that wait for an approver, the oldest first."""
    return _all(store, _examples.status == "submitted")


def everything(store: Store) -> list[Row]:
    """Return all examples whatever their status, the oldest first."""
    return _all(store)


def _all(store: Store, *wanted: sa.ColumnElement[bool]) -> list[Row]:
    query = ROWS.where(*wanted).order_by(_examples.created, _examples.id)
    with store.read() as connection:
        return [to_row(row) for row in connection.execute(query)]


def parallels(store: Store, actor: Person, id: str) -> list[Row]:
    """Return the same example in other languages: whoever may see one may see them beside it."""
    with store.read() as connection:
        row = load_visible(connection, load_actor(connection, actor), id)
        if not row.parallel_id:
            return []
        # Said literally, so that SQLite sees that its index, which leaves "" out, will do.
        linked = _examples.parallel_id != sa.literal_column("''")
        same = _examples.parallel_id == row.parallel_id
        query = ROWS.where(linked, same, _examples.id != id)
        return [to_row(r) for r in connection.execute(query.order_by(_examples.language))]


def similar_texts(store: Store, language: str) -> list[tuple[str, str]]:
    """Return (id, instruction) of every example of a language, for near-duplicate checks."""
    query = (
        sa.select(_examples.id, _examples.instruction)
        .where(_examples.language == language, _examples.instruction != "")
        .order_by(_examples.created, _examples.id)
    )
    with store.read() as connection:
        return [(row.id, row.instruction) for row in connection.execute(query)]


def versions(store: Store, actor: Person, id: str) -> list[Version]:
    """Return every text of an example that was submitted, with what was decided on it."""
    table, reviews = schema.versions.c, schema.reviews.c
    with store.read() as connection:
        load_visible(connection, load_actor(connection, actor), id)
        decided: dict[int, list[Decision]] = {}
        query = (
            sa.select(schema.reviews, schema.people.c.name)
            .join_from(schema.reviews, schema.people)
            .where(reviews.example == id)
            .order_by(reviews.created, reviews.id)
        )
        for row in connection.execute(query):
            decision = Decision(row.person, row.name, row.approved, row.reason, row.created)
            decided.setdefault(row.version, []).append(decision)
        texts = (
            sa.select(schema.versions, schema.people.c.name)
            .join_from(schema.versions, schema.people)
            .where(table.example == id)
            .order_by(table.version)
        )
        return [_to_version(row, decided) for row in connection.execute(texts)]


def _to_version(row: sa.Row[Any], decided: dict[int, list[Decision]]) -> Version:
    text = Text(*(getattr(row, name) for name in _TEXT))
    decisions = tuple(decided.get(row.version, ()))
    return Version(row.version, text, row.editor, row.name, row.created, decisions)


def approvals(store: Store) -> list[Approval]:
    """Return who approved each example that is approved now, and when."""
    reviews = schema.reviews.c
    query = (
        sa.select(reviews.example, reviews.version, reviews.person, reviews.created)
        .join(
            schema.examples,
            sa.and_(_examples.id == reviews.example, _examples.version == reviews.version),
        )
        .where(reviews.approved, _examples.status == "approved")
        .order_by(reviews.created, reviews.id)
    )
    with store.read() as connection:
        found = {row.example: Approval(*row) for row in connection.execute(query)}
    # A text can be approved, sent back and approved again; the last time counts.
    return list(found.values())
