"""Second opinions: which approved rows are in the sample, and how they were rated."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add the mark of the sample, and the ratings."""
    op.add_column(
        "examples",
        sa.Column("sampled", sa.Boolean, nullable=False, server_default=sa.false()),
    )
    op.create_table(
        "ratings",
        sa.Column("example", sa.Text, sa.ForeignKey("examples.id", name="fk_ratings_example")),
        sa.Column("version", sa.Integer),
        sa.Column("person", sa.Text, sa.ForeignKey("people.id", name="fk_ratings_person")),
        sa.Column("verdict", sa.Text, nullable=False),
        sa.Column("note", sa.Text, nullable=False, server_default=""),
        sa.Column("created", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("example", "version", "person", name="pk_ratings"),
        sa.CheckConstraint("verdict IN ('good', 'unsure', 'bad')", name=op.f("ck_ratings_verdict")),
    )
