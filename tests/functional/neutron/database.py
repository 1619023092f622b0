"""A MariaDB of the tests' own, with Neutron's schema and ours."""

import getpass
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pymysql
import pytest
from tenacity import retry, retry_if_exception_type, stop_after_delay, wait_fixed

PROGRAM = shutil.which("mariadbd") or shutil.which("mariadbd", path="/usr/sbin")


def require_mariadb() -> str:
    """Its program; without it the test is skipped."""
    if PROGRAM is None:
        pytest.skip("needs mariadbd (Debian: mariadb-server)")
    return PROGRAM


class MariaDB:
    """A server on a socket only, in a folder of its own; it may be killed and started again."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.socket = folder / "socket"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """For SQLAlchemy."""
        return f"mysql+pymysql://{getpass.getuser()}@/neutron?unix_socket={self.socket}"

    def initialize(self) -> None:
        user = getpass.getuser()
        subprocess.run(
            [
                *(
                    "mariadb-install-db",
                    "--no-defaults",
                    f"--datadir={self.folder / 'data'}",
                    f"--user={user}",
                ),
                *("--auth-root-authentication-method=socket", f"--auth-root-socket-user={user}"),
                *("--skip-test-db", "--skip-name-resolve"),
            ],
            check=True,
            capture_output=True,
        )

    def start(self) -> None:
        options = [
            *("--no-defaults", f"--datadir={self.folder / 'data'}", f"--socket={self.socket}"),
            *("--skip-networking", f"--pid-file={self.folder / 'pid'}", f"--user={getpass.getuser()}"),
            *("--innodb-buffer-pool-size=64M", "--innodb-flush-log-at-trx-commit=0"),
        ]
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen([require_mariadb(), *options], stdout=log, stderr=log)
        self.execute("SELECT 1")

    def stop(self) -> None:
        if self._process:
            self._process.terminate()
            self._process.wait(timeout=60)

    @retry(
        retry=retry_if_exception_type(pymysql.err.OperationalError),
        stop=stop_after_delay(60),
        wait=wait_fixed(0.1),
        reraise=True,
    )
    def execute(self, statement: str, database: str | None = None) -> list[tuple[object, ...]]:
        connection = pymysql.connect(
            unix_socket=str(self.socket), user=getpass.getuser(), database=database, autocommit=True
        )
        with connection, connection.cursor() as cursor:
            cursor.execute(statement)
            return list(cursor.fetchall())


@contextmanager
def running(folder: Path) -> Iterator[MariaDB]:
    """Run a server while the block lasts."""
    require_mariadb()
    server = MariaDB(folder)
    server.initialize()
    server.start()
    try:
        server.execute("CREATE DATABASE neutron")
        yield server
    finally:
        server.stop()


def manage(server: MariaDB, *command: str) -> str:
    """Run neutron-db-manage; give what it said."""
    config = server.folder / "neutron.conf"
    config.write_text(f"[database]\nconnection = {server.url}\n")
    program = Path(sys.executable).with_name("neutron-db-manage")
    done = subprocess.run(
        [program, "--config-file", config, *command], check=True, capture_output=True, text=True, timeout=300
    )
    return done.stdout + done.stderr
