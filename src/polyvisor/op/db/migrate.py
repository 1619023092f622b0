"""Bring the schema up to date, or say that it is not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text

from polyvisor.op.db.engine import Database, make_engine, writing

#: Number of PostgreSQL's advisory lock that one migration at a time holds; any, but always this.
_LOCK = 7_865_021


class SchemaError(Exception):
    """The database has another schema than this release works with."""


def migrate(database: Database) -> None:
    """Bring the schema up to date. Of processes that try at once, one does it and the others wait."""
    engine = make_engine(database.url, foreign_keys=False)
    try:
        with writing(engine).begin() as connection:
            if not database.sqlite:
                connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
            command.upgrade(_config(connection=connection), "heads")
    finally:
        engine.dispose()


def check(database: Database) -> None:
    """Raise SchemaError unless the schema is up to date."""
    with database.read() as session:
        found = set(MigrationContext.configure(session.connection()).get_current_heads())
    wanted = set(ScriptDirectory.from_config(_config()).get_heads())
    if found != wanted:
        schemas = f"schema {', '.join(sorted(found))}; this release works with {', '.join(sorted(wanted))}"
        state = schemas if found else "no schema yet"
        raise SchemaError(f"the database has {state}: run `polyvisor op migrate`")


def _config(**attributes: Any) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes.update(attributes)
    return config
