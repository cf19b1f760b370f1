"""The tables, as the newest migration leaves them.

The rules that must hold even for raw SQL (nobody approves their own row, the history only
grows) are triggers; they stand in the migrations, because SQLite and PostgreSQL spell them
differently. This module knows tables and values, no operation.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Dialect
from sqlalchemy.exc import DontWrapMixin

from pinchtune.store.errors import Invalid

REVISION = "0003"
"""The newest migration."""


class NotText(Invalid, DontWrapMixin):
    """A text that not every database, nor JSON, can hold."""


def check_characters(value: object) -> None:
    """Refuse NUL and lone surrogates in a text, and in every text inside a list or object."""
    if isinstance(value, str):
        if "\0" in value or _has_surrogate(value):
            raise NotText("The text holds a character that cannot be stored; remove it.")
    elif isinstance(value, dict):
        for item in (*value, *value.values()):
            check_characters(item)
    elif isinstance(value, list | tuple):
        for item in value:
            check_characters(item)


def _has_surrogate(value: str) -> bool:
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:
        return True
    return False


class String(sa.types.TypeDecorator[str]):
    """Text of any length; what cannot be stored is refused in conditions as in values."""

    impl = sa.Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """Check a text on its way into a statement."""
        check_characters(value)
        return value


class Json(sa.types.TypeDecorator[Any]):
    """A value as JSON text, the same bytes on both databases."""

    impl = sa.Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str:
        """Write a value as JSON."""
        check_characters(value)
        return json.dumps(value, ensure_ascii=False, sort_keys=True)

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:
        """Read a value from JSON."""
        return None if value is None else json.loads(value)


class Moment(sa.types.TypeDecorator[datetime]):
    """A time in UTC; SQLite knows no time zones, so there it is stored without."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Turn an aware time into UTC."""
        if value is None:
            return None
        utc = value.astimezone(UTC)
        return utc.replace(tzinfo=None) if dialect.name == "sqlite" else utc

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Return the time in UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


metadata = sa.MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "ix": "ix_%(table_name)s_%(column_0_name)s",
    }
)


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, String, nullable=False, server_default="")


def _person(name: str, *, optional: bool = False) -> sa.Column[str]:
    return sa.Column(name, String, sa.ForeignKey("people.id"), nullable=optional)


def _moment(name: str) -> sa.Column[datetime]:
    return sa.Column(name, Moment, nullable=False)


people = sa.Table(
    "people",
    metadata,
    sa.Column("id", String, primary_key=True),
    _text("name"),
    sa.Column("name_key", String, nullable=False, unique=True),
    _text("email"),
    sa.Column("email_key", String, unique=True),
    _text("password"),
    sa.Column("active", sa.Boolean, nullable=False),
    _text("locale"),
    _moment("created"),
)
grants = sa.Table(
    "grants",
    metadata,
    sa.Column("person", String, sa.ForeignKey("people.id"), primary_key=True),
    sa.Column("role", String, primary_key=True),
    sa.Column("language", String, primary_key=True),
    sa.Column("site", String, primary_key=True),
    sa.CheckConstraint("role IN ('administrator', 'author', 'approver', 'reader')", name="role"),
)
invitations = sa.Table(
    "invitations",
    metadata,
    sa.Column("id", String, primary_key=True),
    sa.Column("token", String, nullable=False, unique=True),
    _text("name"),
    _text("email"),
    sa.Column("grants", Json, nullable=False),
    _person("person", optional=True),
    _person("created_by", optional=True),
    _moment("created"),
    _moment("expires"),
    sa.Column("used", Moment),
)
sessions = sa.Table(
    "sessions",
    metadata,
    sa.Column("token", String, primary_key=True),
    _person("person"),
    _moment("created"),
    _moment("seen"),
    sa.Index("ix_sessions_person", "person"),
)
tokens = sa.Table(
    "tokens",
    metadata,
    sa.Column("id", String, primary_key=True),
    sa.Column("token", String, nullable=False, unique=True),
    _person("person"),
    _text("label"),
    _moment("created"),
    _moment("expires"),
    sa.Column("used", Moment),
)
attempts = sa.Table(
    "attempts",
    metadata,
    sa.Column("key", String, primary_key=True),
    sa.Column("failures", sa.Integer, nullable=False),
    _moment("until"),
    _moment("last"),
)

examples = sa.Table(
    "examples",
    metadata,
    sa.Column("id", String, primary_key=True),
    sa.Column("language", String, nullable=False),
    _text("site"),
    sa.Column("status", String, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("revision", sa.Integer, nullable=False),
    _text("instruction"),
    _text("response"),
    _text("license"),
    _text("domain"),
    _text("drafted_by"),
    _person("author", optional=True),
    _person("assigned_to", optional=True),
    _text("template"),
    _text("parallel_id"),
    sa.Column("source_id", String, sa.ForeignKey("examples.id")),
    _text("origin"),
    _text("reason"),
    sa.Column("key", String),
    sa.Column("content", String, nullable=False),
    sa.Column("folded", String, nullable=False),
    _moment("created"),
    _moment("updated"),
    sa.Column("sampled", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.CheckConstraint("status IN ('draft', 'submitted', 'approved', 'rejected')", name="status"),
    sa.UniqueConstraint("author", "key", name="uq_examples_key"),
    sa.Index(
        "uq_examples_parallel",
        "parallel_id",
        "language",
        unique=True,
        sqlite_where=sa.text("parallel_id <> ''"),
        postgresql_where=sa.text("parallel_id <> ''"),
    ),
    sa.Index("ix_examples_created", "created", "id"),
    sa.Index("ix_examples_language", "language", "created", "id"),
    sa.Index("ix_examples_queue", "language", "status", "created", "id"),
    sa.Index("ix_examples_status", "status", "created", "id"),
    sa.Index("ix_examples_author", "author", "created", "id"),
    sa.Index("ix_examples_assigned", "assigned_to"),
    sa.Index("ix_examples_content", "content"),
)
versions = sa.Table(
    "versions",
    metadata,
    sa.Column("example", String, sa.ForeignKey("examples.id"), primary_key=True),
    sa.Column("version", sa.Integer, primary_key=True),
    _text("instruction"),
    _text("response"),
    _text("license"),
    _text("domain"),
    _text("drafted_by"),
    _person("editor"),
    _moment("created"),
)
editors = sa.Table(
    "editors",
    metadata,
    sa.Column("example", String, sa.ForeignKey("examples.id"), primary_key=True),
    sa.Column("person", String, sa.ForeignKey("people.id"), primary_key=True),
)
reviews = sa.Table(
    "reviews",
    metadata,
    sa.Column("id", String, primary_key=True),
    sa.Column("example", String, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    _person("person"),
    sa.Column("approved", sa.Boolean, nullable=False),
    _text("reason"),
    _moment("created"),
    sa.ForeignKeyConstraint(
        ["example", "version"], ["versions.example", "versions.version"], name="fk_reviews_version"
    ),
    sa.Index("ix_reviews_example", "example", "version"),
)
ratings = sa.Table(
    "ratings",
    metadata,
    sa.Column("example", String, sa.ForeignKey("examples.id"), primary_key=True),
    sa.Column("version", sa.Integer, primary_key=True),
    sa.Column("person", String, sa.ForeignKey("people.id"), primary_key=True),
    sa.Column("verdict", String, nullable=False),
    _text("note"),
    _moment("created"),
    sa.CheckConstraint("verdict IN ('good', 'unsure', 'bad')", name="verdict"),
)
rounds = sa.Table(
    "rounds",
    metadata,
    sa.Column("id", String, primary_key=True),
    sa.Column("mode", String, nullable=False),
    sa.Column("answers", String, nullable=False),
    sa.Column("secret", String, nullable=False),
    _person("opened_by"),
    _moment("opened"),
    sa.Column("closed", Moment),
    sa.CheckConstraint("mode IN ('pairs', 'grades')", name="mode"),
)
items = sa.Table(
    "items",
    metadata,
    sa.Column("id", String, primary_key=True),
    sa.Column("round", String, sa.ForeignKey("rounds.id")),
    sa.Column("language", String, nullable=False),
    sa.Column("prompt", String, nullable=False),
    sa.Column("pair", String, nullable=False),
    sa.Column("arm", String, nullable=False),
    sa.Column("question", Json, nullable=False),
    sa.Column("texts", Json, nullable=False),
    sa.Column("wanted", sa.Integer, nullable=False),
    sa.Index("ix_items_round", "round", "language"),
)
raters = sa.Table(
    "raters",
    metadata,
    sa.Column("person", String, sa.ForeignKey("people.id"), primary_key=True),
    sa.Column("number", sa.Integer, nullable=False, unique=True),
)
judgements = sa.Table(
    "judgements",
    metadata,
    sa.Column("item", String, sa.ForeignKey("items.id"), primary_key=True),
    sa.Column("person", String, sa.ForeignKey("people.id"), primary_key=True),
    sa.Column("place", sa.Integer, nullable=False),
    sa.Column("choice", String, nullable=False),
    sa.Column("swapped", sa.Boolean, nullable=False),
    sa.Column("first_wrong", sa.Boolean, nullable=False),
    sa.Column("second_wrong", sa.Boolean, nullable=False),
    _moment("created"),
    sa.CheckConstraint(
        "choice IN ('first', 'second', 'good', 'bad', 'excellent', 'pass', 'fail')",
        name="choice",
    ),
)
history = sa.Table(
    "history",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    _moment("at"),
    _person("person", optional=True),
    sa.Column("action", String, nullable=False),
    _text("subject"),
    sa.Column("detail", Json, nullable=False),
    sa.Index("ix_history_subject", "subject", "id"),
    sqlite_autoincrement=True,
)
terms = sa.Table(
    "terms",
    metadata,
    sa.Column("id", String, primary_key=True),
    sa.Column("language", String, nullable=False),
    sa.Column("site", String, nullable=False),
    sa.Column("term", String, nullable=False),
    sa.Column("variants", Json, nullable=False),
    _text("note"),
    sa.Column("enquiries", sa.Integer, nullable=False),
    sa.UniqueConstraint("language", "site", "term", name="uq_terms_term"),
)
templates = sa.Table(
    "templates",
    metadata,
    sa.Column("id", String, primary_key=True),
    sa.Column("language", String, nullable=False),
    sa.Column("kind", String, nullable=False),
    _text("title"),
    _text("hint"),
    _text("instruction"),
    _text("response"),
    sa.Column("position", sa.Integer, nullable=False),
    sa.Column("active", sa.Boolean, nullable=False),
    sa.Index("ix_templates_language", "language", "position"),
)
settings = sa.Table(
    "settings",
    metadata,
    sa.Column("name", String, primary_key=True),
    sa.Column("value", Json, nullable=False),
)
