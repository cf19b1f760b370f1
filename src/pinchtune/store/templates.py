"""Templates of typical enquiries: the project's own copy, which it may change.

A new store is seeded from the files in `enquiries/`, one a language; a language that a later
pinchtune adds is seeded then. What the project has changed is never overwritten.
"""

from __future__ import annotations

import tomllib
from dataclasses import asdict, replace
from functools import cache
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from pinchtune.store import schema
from pinchtune.store.acting import Act, acting, check_length, check_tag, new_id
from pinchtune.store.database import Store, serialise
from pinchtune.store.errors import Invalid, NotFound
from pinchtune.store.records import Person, Template
from pinchtune.store.settings import read_value, write_value

FOLDER = Path(__file__).with_name("enquiries")
KINDS = (
    "howto",
    "complaint",
    "price",
    "product",
    "term",
    "rewrite",
    "summary",
    "refusal",
    "order-status",
    "appointment",
)
"""The kinds that every seeded language has; a project may add kinds of its own."""
_SEEDED = "seeded templates"
_LONGEST = {"kind": 60, "title": 200, "hint": 2000, "instruction": 20_000, "response": 50_000}
_templates = schema.templates.c


def seed(store: Store) -> None:
    """Add the templates of languages that this store was not given before."""
    names = sorted(path.stem for path in FOLDER.glob("*.toml"))
    with store.read() as connection:
        if not set(names) - set(read_value(connection, _SEEDED) or ()):
            return
    with store.begin() as connection:
        serialise(connection, "templates")
        seeded = read_value(connection, _SEEDED) or []
        for language in names:
            if language not in seeded:
                _seed(connection, language)
        write_value(connection, _SEEDED, sorted({*seeded, *names}))


def _seed(connection: Connection, language: str) -> None:
    rows = [asdict(replace(template, id=new_id())) for template in shipped(language)]
    if rows:
        connection.execute(sa.insert(schema.templates), rows)


@cache
def shipped(language: str) -> tuple[Template, ...]:
    """Return the templates that pinchtune brings along for a language."""
    path = FOLDER / f"{language}.toml"
    entries = tomllib.loads(path.read_text("utf-8"))["template"] if path.is_file() else []
    return tuple(
        Template(id="", language=language, position=position, **entry)
        for position, entry in enumerate(entries, 1)
    )


def list_templates(
    store: Store, language: str = "", *, kind: str = "", inactive: bool = False
) -> list[Template]:
    """Return the templates of a language in their order; `inactive` ones too if asked for."""
    query = sa.select(schema.templates).order_by(
        _templates.language, _templates.position, _templates.id
    )
    if language:
        query = query.where(_templates.language == language)
    if kind:
        query = query.where(_templates.kind == kind)
    if not inactive:
        query = query.where(_templates.active)
    with store.read() as connection:
        return [_to_template(row) for row in connection.execute(query)]


def get_template(store: Store, id: str) -> Template:
    """Return one template."""
    with store.read() as connection:
        return _find(connection, id)


def add_template(store: Store, actor: Person, template: Template) -> Template:
    """Add a template; its id is made here."""
    template = replace(_check(template), id=new_id())
    with acting(store, actor) as act:
        _need_editor(act, template.language)
        act.connection.execute(sa.insert(schema.templates).values(asdict(template)))
        act.note("added a template", template.id, language=template.language, kind=template.kind)
        return template


def save_template(store: Store, actor: Person, template: Template) -> Template:
    """Change a template, or put it aside by `active`."""
    template = _check(template)
    with acting(store, actor) as act:
        _need_editor(act, _find(act.connection, template.id).language)
        _need_editor(act, template.language)
        here = sa.update(schema.templates).where(_templates.id == template.id)
        act.connection.execute(here.values(asdict(template)))
        act.note("changed a template", template.id, title=template.title)
        return template


def remove_template(store: Store, actor: Person, id: str) -> None:
    """Remove a template."""
    with acting(store, actor) as act:
        template = _find(act.connection, id)
        _need_editor(act, template.language)
        act.connection.execute(sa.delete(schema.templates).where(_templates.id == id))
        act.note("removed a template", id, title=template.title)


def _need_editor(act: Act, language: str) -> None:
    if not act.actor.has("administrator"):
        act.need("approver", language)


def _find(connection: Connection, id: str) -> Template:
    row = connection.execute(sa.select(schema.templates).where(_templates.id == id)).first()
    if row is None:
        raise NotFound("There is no such template.")
    return _to_template(row)


def _to_template(row: sa.Row[Any]) -> Template:
    return Template(**row._asdict())


def _check(template: Template) -> Template:
    check_tag(template.language)
    for name, most in _LONGEST.items():
        check_length(name, getattr(template, name), most)
    if not template.kind.strip() or not template.title.strip():
        raise Invalid("A template needs a kind and a title.")
    if not 0 <= template.position <= 10_000:
        raise Invalid("The position of a template is a number from 0 to 10000.")
    return template
