"""Judging: rounds of answers, who judged under which number, and what was said."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def _needed(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=False)


def _number(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.Integer, nullable=False)


def _yes_or_no(name: str) -> sa.Column[bool]:
    return sa.Column(name, sa.Boolean, nullable=False)


def _person(table: str, name: str = "person", *, optional: bool = False) -> sa.Column[str]:
    key = sa.ForeignKey("people.id", name=f"fk_{table}_{name}")
    return sa.Column(name, sa.Text, key, nullable=optional)


def _moment(name: str, *, optional: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=optional)


def upgrade() -> None:
    """Make the four tables."""
    op.create_table(
        "rounds",
        *[_needed(name) for name in ("id", "mode", "answers", "secret")],
        _person("rounds", "opened_by"),
        _moment("opened"),
        _moment("closed", optional=True),
        sa.PrimaryKeyConstraint("id", name="pk_rounds"),
        sa.CheckConstraint("mode IN ('pairs', 'grades')", name=op.f("ck_rounds_mode")),
    )
    op.create_table(
        "items",
        _needed("id"),
        sa.Column("round", sa.Text, sa.ForeignKey("rounds.id", name="fk_items_round")),
        *[_needed(name) for name in ("language", "prompt", "pair", "arm", "question", "texts")],
        _number("wanted"),
        sa.PrimaryKeyConstraint("id", name="pk_items"),
    )
    op.create_index("ix_items_round", "items", ["round", "language"])
    op.create_table(
        "raters",
        _person("raters"),
        _number("number"),
        sa.PrimaryKeyConstraint("person", name="pk_raters"),
        sa.UniqueConstraint("number", name="uq_raters_number"),
    )
    op.create_table(
        "judgements",
        sa.Column("item", sa.Text, sa.ForeignKey("items.id", name="fk_judgements_item")),
        _person("judgements"),
        _number("place"),
        _needed("choice"),
        *[_yes_or_no(name) for name in ("swapped", "first_wrong", "second_wrong")],
        _moment("created"),
        sa.PrimaryKeyConstraint("item", "person", name="pk_judgements"),
        sa.CheckConstraint(
            "choice IN ('first', 'second', 'good', 'bad', 'excellent', 'pass', 'fail')",
            name=op.f("ck_judgements_choice"),
        ),
    )
