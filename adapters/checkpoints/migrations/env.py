"""alembic's environment: it upgrades over the connection and in the transaction that `engine.py` hands it."""

from alembic import context

from adapters.checkpoints.metadata import METADATA

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=METADATA,
    # SQLite changes a table by copying it.
    render_as_batch=connection.dialect.name == "sqlite",
)
with context.begin_transaction():
    context.run_migrations()
