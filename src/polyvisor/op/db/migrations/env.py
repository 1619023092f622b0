"""What Alembic runs for each command; the connection is the caller's, with its transaction and its lock."""

from alembic import context

from polyvisor.op.db import models
from polyvisor.op.db.base import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    render_as_batch=True,  # SQLite changes a table by making it anew
    transaction_per_migration=False,
    user_module_prefix="",  # as script.py.mako imports them
)
assert models  # noqa: S101 - imported for the tables it declares
context.run_migrations()
