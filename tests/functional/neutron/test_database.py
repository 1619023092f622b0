"""The tables in a real MariaDB, made by Neutron's own tool."""

from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from neutron_lib.db import model_base

from polyvisor.neutron.db import models
from tests.functional.mariadb import MariaDB, run_mariadb
from tests.functional.neutron import database


@pytest.fixture(scope="module")
def mariadb(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MariaDB]:
    with run_mariadb(tmp_path_factory.mktemp("mariadb"), "neutron") as server:
        database.manage(server, "upgrade", "heads")
        yield server


def test_neutrons_own_upgrade_makes_the_tables(mariadb: MariaDB) -> None:
    engine = sa.create_engine(mariadb.url)
    with engine.connect() as connection:
        inspector = sa.inspect(connection)
        for name in models.TABLES:
            table = model_base.BASEV2.metadata.tables[name]
            found = {column["name"]: column["nullable"] for column in inspector.get_columns(name)}
            assert found == {column.name: column.nullable for column in table.columns}
            unique = {frozenset(item["column_names"]) for item in inspector.get_unique_constraints(name)}
            assert unique == {
                frozenset(column.name for column in item.columns)
                for item in table.constraints
                if isinstance(item, sa.UniqueConstraint)
            }
    engine.dispose()


def test_a_second_upgrade_changes_nothing(mariadb: MariaDB) -> None:
    before = mariadb.execute("SELECT * FROM alembic_version_polyvisor", "neutron")
    database.manage(mariadb, "upgrade", "heads")
    assert mariadb.execute("SELECT * FROM alembic_version_polyvisor", "neutron") == before
    assert {version for (version,) in before} == {"polyvisor_expand_mapping", "polyvisor_contract"}


def test_neutrons_checks_of_the_branches_pass(mariadb: MariaDB) -> None:
    database.manage(mariadb, "--subproject", "polyvisor", "check_migration")
    said = database.manage(mariadb, "--subproject", "polyvisor", "has_offline_migrations")
    assert "No offline migrations pending" in said
