"""The first schema."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=False, server_default="")


def _needed(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=False)


def _number(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.Integer, nullable=False)


def _moment(name: str, *, optional: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=optional)


def _person(table: str, name: str = "person", *, optional: bool = False) -> sa.Column[str]:
    key = sa.ForeignKey("people.id", name=f"fk_{table}_{name}")
    return sa.Column(name, sa.Text, key, nullable=optional)


def _example(table: str, name: str = "example", *, optional: bool = False) -> sa.Column[str]:
    key = sa.ForeignKey("examples.id", name=f"fk_{table}_{name}")
    return sa.Column(name, sa.Text, key, nullable=optional)


def _content() -> list[sa.Column[str]]:
    return [_text(n) for n in ("instruction", "response", "license", "domain", "drafted_by")]


def upgrade() -> None:
    """Make all tables and triggers."""
    _people()
    _entry()
    _examples()
    _decisions()
    _vocabulary()
    for statement in TRIGGERS[op.get_bind().dialect.name]:
        op.execute(statement)


def _people() -> None:
    op.create_table(
        "people",
        _needed("id"),
        _text("name"),
        _needed("name_key"),
        _text("email"),
        sa.Column("email_key", sa.Text),
        _text("password"),
        sa.Column("active", sa.Boolean, nullable=False),
        _text("locale"),
        _moment("created"),
        sa.PrimaryKeyConstraint("id", name="pk_people"),
        sa.UniqueConstraint("name_key", name="uq_people_name_key"),
        sa.UniqueConstraint("email_key", name="uq_people_email_key"),
    )
    op.create_table(
        "grants",
        _person("grants"),
        _needed("role"),
        _needed("language"),
        _needed("site"),
        sa.PrimaryKeyConstraint("person", "role", "language", "site", name="pk_grants"),
        sa.CheckConstraint(
            "role IN ('administrator', 'author', 'approver', 'reader')",
            name=op.f("ck_grants_role"),
        ),
    )


def _entry() -> None:
    op.create_table(
        "invitations",
        _needed("id"),
        _needed("token"),
        _text("name"),
        _text("email"),
        _needed("grants"),
        _person("invitations", optional=True),
        _person("invitations", "created_by", optional=True),
        _moment("created"),
        _moment("expires"),
        _moment("used", optional=True),
        sa.PrimaryKeyConstraint("id", name="pk_invitations"),
        sa.UniqueConstraint("token", name="uq_invitations_token"),
    )
    op.create_table(
        "sessions",
        _needed("token"),
        _person("sessions"),
        _moment("created"),
        _moment("seen"),
        sa.PrimaryKeyConstraint("token", name="pk_sessions"),
    )
    op.create_index("ix_sessions_person", "sessions", ["person"])
    op.create_table(
        "tokens",
        _needed("id"),
        _needed("token"),
        _person("tokens"),
        _text("label"),
        _moment("created"),
        _moment("expires"),
        _moment("used", optional=True),
        sa.PrimaryKeyConstraint("id", name="pk_tokens"),
        sa.UniqueConstraint("token", name="uq_tokens_token"),
    )
    op.create_table(
        "attempts",
        _needed("key"),
        _number("failures"),
        _moment("until"),
        _moment("last"),
        sa.PrimaryKeyConstraint("key", name="pk_attempts"),
    )


def _examples() -> None:
    op.create_table(
        "examples",
        _needed("id"),
        _needed("language"),
        _text("site"),
        _needed("status"),
        _number("version"),
        _number("revision"),
        *_content(),
        _person("examples", "author", optional=True),
        _person("examples", "assigned_to", optional=True),
        _text("template"),
        _text("parallel_id"),
        _example("examples", "source_id", optional=True),
        _text("origin"),
        _text("reason"),
        sa.Column("key", sa.Text),
        _needed("content"),
        _needed("folded"),
        _moment("created"),
        _moment("updated"),
        sa.PrimaryKeyConstraint("id", name="pk_examples"),
        sa.CheckConstraint(
            "status IN ('draft', 'submitted', 'approved', 'rejected')",
            name=op.f("ck_examples_status"),
        ),
        sa.UniqueConstraint("author", "key", name="uq_examples_key"),
    )
    for name, columns in {
        "created": ["created", "id"],
        "language": ["language", "created", "id"],
        "queue": ["language", "status", "created", "id"],
        "status": ["status", "created", "id"],
        "author": ["author", "created", "id"],
        "assigned": ["assigned_to"],
        "content": ["content"],
    }.items():
        op.create_index(f"ix_examples_{name}", "examples", columns)
    there = sa.text("parallel_id <> ''")
    op.create_index(
        "uq_examples_parallel",
        "examples",
        ["parallel_id", "language"],
        unique=True,
        sqlite_where=there,
        postgresql_where=there,
    )


def _decisions() -> None:
    op.create_table(
        "versions",
        _example("versions"),
        _number("version"),
        *_content(),
        _person("versions", "editor"),
        _moment("created"),
        sa.PrimaryKeyConstraint("example", "version", name="pk_versions"),
    )
    op.create_table(
        "editors",
        _example("editors"),
        _person("editors"),
        sa.PrimaryKeyConstraint("example", "person", name="pk_editors"),
    )
    op.create_table(
        "reviews",
        _needed("id"),
        _needed("example"),
        _number("version"),
        _person("reviews"),
        sa.Column("approved", sa.Boolean, nullable=False),
        _text("reason"),
        _moment("created"),
        sa.PrimaryKeyConstraint("id", name="pk_reviews"),
        sa.ForeignKeyConstraint(
            ["example", "version"],
            ["versions.example", "versions.version"],
            name="fk_reviews_version",
        ),
    )
    op.create_index("ix_reviews_example", "reviews", ["example", "version"])
    op.create_table(
        "history",
        sa.Column("id", sa.Integer, nullable=False),
        _moment("at"),
        _person("history", optional=True),
        _needed("action"),
        _text("subject"),
        _needed("detail"),
        sa.PrimaryKeyConstraint("id", name="pk_history"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_history_subject", "history", ["subject", "id"])


def _vocabulary() -> None:
    op.create_table(
        "terms",
        *[_needed(name) for name in ("id", "language", "site", "term", "variants")],
        _text("note"),
        _number("enquiries"),
        sa.PrimaryKeyConstraint("id", name="pk_terms"),
        sa.UniqueConstraint("language", "site", "term", name="uq_terms_term"),
    )
    op.create_table(
        "templates",
        *[_needed(name) for name in ("id", "language", "kind")],
        *[_text(name) for name in ("title", "hint", "instruction", "response")],
        _number("position"),
        sa.Column("active", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_templates"),
    )
    op.create_index("ix_templates_language", "templates", ["language", "position"])
    op.create_table(
        "settings",
        _needed("name"),
        _needed("value"),
        sa.PrimaryKeyConstraint("name", name="pk_settings"),
    )


_ONLY_GROWS = ("history", "versions", "editors", "reviews")
_OWN = """(
    EXISTS (SELECT 1 FROM editors e WHERE e.example = NEW.example AND e.person = NEW.person)
    OR EXISTS (SELECT 1 FROM examples x WHERE x.id = NEW.example AND x.author = NEW.person)
    OR EXISTS (SELECT 1 FROM versions v WHERE v.example = NEW.example AND v.editor = NEW.person)
)"""
"""The person of a new review has words in the example."""
_REVIEWED = """EXISTS (
    SELECT 1 FROM reviews r JOIN versions v ON v.example = r.example AND v.version = r.version
    WHERE r.example = NEW.id AND r.version = NEW.version AND r.approved
    AND v.instruction = NEW.instruction AND v.response = NEW.response
    AND r.person <> coalesce(NEW.author, '')
    AND NOT EXISTS (SELECT 1 FROM editors e WHERE e.example = NEW.id AND e.person = r.person)
)"""
"""The text of an example is one that somebody else has approved."""
_OWN_SAYS = "nobody approves an example with their own words"
_REVIEWED_SAYS = "an approved example is a text that somebody else has approved"


def _sqlite() -> list[str]:
    def trigger(name: str, when: str, condition: str, says: str) -> str:
        return (
            f"CREATE TRIGGER {name} BEFORE {when} FOR EACH ROW WHEN {condition} "
            f"BEGIN SELECT RAISE(ABORT, '{says}'); END"
        )

    return [
        *(
            trigger(f"{table}_{verb.lower()}", f"{verb} ON {table}", "1", f"{table} only grows")
            for table in _ONLY_GROWS
            for verb in ("UPDATE", "DELETE")
        ),
        trigger("reviews_own", "INSERT ON reviews", f"NEW.approved AND {_OWN}", _OWN_SAYS),
        trigger("examples_insert", "INSERT ON examples", "NEW.status = 'approved'", _REVIEWED_SAYS),
        trigger(
            "examples_update",
            "UPDATE ON examples",
            f"NEW.status = 'approved' AND NOT {_REVIEWED}",
            _REVIEWED_SAYS,
        ),
    ]


def _postgresql() -> list[str]:
    def function(name: str, body: str) -> str:
        return (
            f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ "
            f"BEGIN {body} RETURN NEW; END $$"
        )

    def refuse(condition: str, says: str) -> str:
        return f"IF {condition} THEN RAISE EXCEPTION '{says}'; END IF;"

    return [
        function("pinchtune_only_grows", "RAISE EXCEPTION '% only grows', TG_TABLE_NAME;"),
        *(
            f"CREATE TRIGGER {table}_only_grows BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION pinchtune_only_grows()"
            for table in _ONLY_GROWS
        ),
        function("pinchtune_reviews_own", refuse(f"NEW.approved AND {_OWN}", _OWN_SAYS)),
        "CREATE TRIGGER reviews_own BEFORE INSERT ON reviews "
        "FOR EACH ROW EXECUTE FUNCTION pinchtune_reviews_own()",
        function(
            "pinchtune_examples_approved",
            "IF NEW.status = 'approved' THEN "
            + refuse(f"TG_OP = 'INSERT' OR NOT {_REVIEWED}", _REVIEWED_SAYS)
            + " END IF;",
        ),
        "CREATE TRIGGER examples_approved BEFORE INSERT OR UPDATE ON examples "
        "FOR EACH ROW EXECUTE FUNCTION pinchtune_examples_approved()",
    ]


TRIGGERS = {"sqlite": _sqlite(), "postgresql": _postgresql()}
