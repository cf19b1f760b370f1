"""Many examples at once: one transaction, nothing twice."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from pinchtune.store import schema
from pinchtune.store.acting import Act, acting, check_length, check_tag, new_id
from pinchtune.store.database import Store, serialise
from pinchtune.store.errors import Invalid, StoreError
from pinchtune.store.records import ORIGINS, Person, Row, Text
from pinchtune.store.rows import fold_text, hash_text, text_values
from pinchtune.store.settings import check_offered
from pinchtune.store.texts import check_complete, check_text, choose_site

CHUNK = 1000
"""Rows a statement."""
_examples = schema.examples.c


def add_many(
    store: Store,
    actor: Person,
    items: Sequence[tuple[str, Text, str]],
    origin: str,
    submit: bool = False,
) -> list[Row | None]:
    """Add (language, text, key) triples, all or none; None stands where one is known already.

    Known is what the same author added with the same key, and what the store holds word for
    word, whoever wrote it.
    """
    if origin not in ORIGINS:
        raise Invalid("There is no origin {origin}.", origin=origin)
    checked = [_check(number, item, submit) for number, item in enumerate(items, 1)]
    with acting(store, actor) as act:
        serialise(act.connection, "import")
        languages = {language for language, _, _ in checked}
        sites = {}
        for language in sorted(languages):
            check_offered(act.connection, language)
            sites[language] = choose_site(act.actor, language, "")
        keys = _known_keys(act.connection, actor)
        contents = _known_contents(act.connection, languages)
        rows: list[Row | None] = []
        columns: dict[str, tuple[str | None, str]] = {}
        for language, text, key in checked:
            content = hash_text(language, text)
            known = content in contents or (key and key in keys)
            # A microsecond apart, so that lists keep the order of the sheet.
            made = act._replace(now=act.now + timedelta(microseconds=len(rows)))
            row = None if known else _make(made, language, text, sites[language], origin, submit)
            rows.append(row)
            if row:
                keys.add(key)
                contents.add(content)
                columns[row.id] = (key or None, content)
        _insert(act, [row for row in rows if row], columns, submit=submit)
        return rows


def _check(number: int, item: tuple[str, Text, str], submit: bool) -> tuple[str, Text, str]:
    language, text, key = item
    try:
        text = check_text(text)
        check_length("key", key, 200)
        return check_tag(language), check_complete(text) if submit else text, key
    except StoreError as error:
        raise Invalid("Row {number}: {problem}", number=number, problem=str(error)) from error


def _known_keys(connection: Connection, actor: Person) -> set[str]:
    query = sa.select(_examples.key).where(_examples.author == actor.id, _examples.key.is_not(None))
    return set(connection.scalars(query))


def _known_contents(connection: Connection, languages: Iterable[str]) -> set[str]:
    query = sa.select(_examples.content).where(_examples.language.in_(sorted(languages)))
    return set(connection.scalars(query))


def _make(act: Act, language: str, text: Text, site: str, origin: str, submit: bool) -> Row:
    return Row(
        id=new_id(),
        language=language,
        site=site,
        status="submitted" if submit else "draft",
        version=1,
        revision=1,
        text=text,
        author=act.actor.id,
        author_name=act.actor.name,
        editors=(act.actor.id,),
        assigned_to=None,
        template="",
        parallel_id="",
        source_id=None,
        origin=origin,
        reason="",
        sampled=False,
        created=act.now,
        updated=act.now,
    )


def _insert(
    act: Act, rows: Sequence[Row], columns: dict[str, tuple[str | None, str]], *, submit: bool
) -> None:
    for start in range(0, len(rows), CHUNK):
        part = rows[start : start + CHUNK]
        connection, actor, now = act.connection, act.actor.id, act.now
        connection.execute(
            sa.insert(schema.examples), [_columns(row, *columns[row.id]) for row in part]
        )
        editors = [{"example": row.id, "person": actor} for row in part]
        connection.execute(sa.insert(schema.editors), editors)
        if submit:
            connection.execute(sa.insert(schema.versions), [_version(row, now) for row in part])
        connection.execute(sa.insert(schema.history), [_line(row, now) for row in part])


def _columns(row: Row, key: str | None, content: str) -> dict[str, Any]:
    names = ("id", "language", "site", "status", "version", "revision", "author", "origin")
    values = {name: getattr(row, name) for name in (*names, "created", "updated")}
    folded = {"key": key, "content": content, "folded": fold_text(row.text)}
    return values | text_values(row.text) | folded


def _version(row: Row, now: datetime) -> dict[str, Any]:
    facts = {"example": row.id, "version": 1, "editor": row.author, "created": now}
    return facts | text_values(row.text)


def _line(row: Row, now: datetime) -> dict[str, Any]:
    detail = {"language": row.language, "origin": row.origin, "status": row.status}
    return {
        "at": now,
        "person": row.author,
        "action": "imported",
        "subject": row.id,
        "detail": detail,
    }
