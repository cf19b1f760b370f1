"""Migrations of the database: Alembic runs them in their order; none is ever changed."""
