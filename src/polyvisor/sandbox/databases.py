"""MariaDB's data folder, and each service's database with its schema."""

from __future__ import annotations

import dataclasses
import getpass
import hashlib
import importlib.metadata
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pymysql

from polyvisor.sandbox import packages
from polyvisor.sandbox.commands import once, run
from polyvisor.sandbox.settings import Settings

#: Migrations of the tables that Polyvisor adds to Neutron's database.
OWN_MIGRATIONS = Path(__file__).parents[1] / "neutron" / "db" / "migration"


@dataclasses.dataclass(frozen=True)
class Schema:
    """A distribution whose commands, run one after the other, fill the databases of its ``user``."""

    distribution: str
    user: str
    databases: tuple[str, ...]
    commands: tuple[tuple[str, ...], ...]


def schemas(settings: Settings) -> list[Schema]:
    """Every service's schema, and how its own tool brings it up to date."""
    volumes = [_cinder(settings)] if settings.vcenters else []
    return [*_schemas(settings), *volumes]


def _schemas(settings: Settings) -> list[Schema]:
    etc = settings.etc
    nova = ("nova-manage", "--config-file", f"{etc}/nova/nova.conf")
    return [
        Schema(
            "nova",
            "nova",
            ("nova_api", "nova_cell0", "nova"),
            ((*nova, "api_db", "sync"), (*nova, "cell_v2", "map_cell0"), (*nova, "db", "sync")),
        ),
        Schema(
            "neutron",
            "neutron",
            ("neutron",),
            (("neutron-db-manage", "--config-file", f"{etc}/neutron/neutron.conf", "upgrade", "heads"),),
        ),
        Schema(
            "keystone",
            "keystone",
            ("keystone",),
            (("keystone-manage", "--config-file", f"{etc}/keystone/keystone.conf", "db_sync"),),
        ),
        Schema(
            "openstack-placement",
            "placement",
            ("placement",),
            (("placement-manage", "--config-file", f"{etc}/placement/placement.conf", "db", "sync"),),
        ),
        Schema(
            "glance",
            "glance",
            ("glance",),
            (("glance-manage", "--config-file", f"{etc}/glance/glance-api.conf", "db_sync"),),
        ),
    ]


def _cinder(settings: Settings) -> Schema:
    config = f"{settings.etc}/cinder/cinder.conf"
    command = ("cinder-manage", "--config-file", config, "db", "sync")
    return Schema("cinder", "cinder", ("cinder",), (command,))


def name(settings: Settings, database: str) -> str:
    """The name of an OpenStack's database, and of its user, in the MariaDB of all."""
    return settings.openstack.named(database).replace("-", "_")


def initialize(settings: Settings) -> None:
    """Make MariaDB's data folder, unless it is there whole.

    Its administrator is the user who runs the sandbox, known by the socket: there is no password to lose.
    """
    folder = settings.data / "mariadb"
    if (folder / "polyvisor-initialized").exists():
        return
    folder.mkdir(parents=True, exist_ok=True)
    user = getpass.getuser()
    run(
        settings,
        (
            packages.require("mariadb-install-db"),
            "--no-defaults",
            f"--datadir={folder}",
            # A server that starts removes the temporary tables of all others from the machine's.
            f"--tmpdir={settings.data / 'mariadb-tmp'}",
            f"--user={user}",
            "--auth-root-authentication-method=socket",
            f"--auth-root-socket-user={user}",
            "--skip-test-db",
            "--skip-name-resolve",
        ),
    )
    (folder / "polyvisor-initialized").touch()


def create(settings: Settings) -> None:
    """Make the services' databases and users; a service sees no database but its own."""
    connection = pymysql.connect(unix_socket=str(settings.root / "mariadb.sock"), user=getpass.getuser())
    with connection, connection.cursor() as cursor:
        for schema in schemas(settings):
            user = f"`{name(settings, schema.user)}`@`127.0.0.1`"
            cursor.execute(f"CREATE OR REPLACE USER {user} IDENTIFIED BY %s", (settings.secrets["database"],))
            for database in schema.databases:
                own = name(settings, database)
                cursor.execute(f"CREATE DATABASE IF NOT EXISTS `{own}`")
                cursor.execute(f"GRANT ALL ON `{own}`.* TO {user}")


def migrate(settings: Settings) -> None:
    """Bring every schema up to date, side by side; a schema already at its release is left alone."""
    with ThreadPoolExecutor() as pool:
        for migration in [pool.submit(_migrate, settings, schema) for schema in schemas(settings)]:
            migration.result()


def _migrate(settings: Settings, schema: Schema) -> None:
    release = importlib.metadata.version(schema.distribution)

    def commands() -> None:
        for command in schema.commands:
            run(settings, command)

    once(settings, f"schema-{schema.distribution}-{release}-{_own_migrations()}", commands)


def _own_migrations() -> str:
    """Name the state of Polyvisor's own migrations, which change between two releases of OpenStack."""
    versions = sorted(path.name for path in OWN_MIGRATIONS.rglob("*.py"))
    return hashlib.sha256("\n".join(versions).encode()).hexdigest()[:8]
