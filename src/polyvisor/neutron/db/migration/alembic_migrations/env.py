"""Run by Alembic for each command of neutron-db-manage."""

from typing import Any

from alembic import context
from neutron.db.migration.connection import DBConnection
from neutron_lib.db import model_base

from polyvisor.neutron.db import models

# A table of its own: Neutron's says which of Neutron's revisions there are.
VERSION_TABLE = "alembic_version_polyvisor"


def _include_object(item: Any, *_: Any) -> bool:
    """Only our tables; the metadata and the database have Neutron's too."""
    table = getattr(item, "table", item)
    return table.name in models.TABLES


def _configure(**target: Any) -> None:
    context.configure(
        target_metadata=model_base.BASEV2.metadata,
        version_table=VERSION_TABLE,
        include_object=_include_object,
        **target,
    )
    with context.begin_transaction():
        context.run_migrations()


def _run() -> None:
    neutron_config = context.config.neutron_config  # type: ignore[attr-defined]  # set by neutron-db-manage
    url = neutron_config.database.connection
    if not context.is_offline_mode():
        with DBConnection(url, context.config.attributes.get("connection")) as connection:
            _configure(connection=connection)
    elif url:
        _configure(url=url)
    else:
        _configure(dialect_name=neutron_config.database.engine)


_run()
