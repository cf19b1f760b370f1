"""Alembic's entry: the caller hands in a connection whose transaction holds everything."""

from alembic import context

from pinchtune.store.schema import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
context.run_migrations()
