"""A MariaDB of the tests' own."""

import getpass
import shutil
import subprocess
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

    def __init__(self, folder: Path, database: str) -> None:
        self.folder = folder
        self.database = database
        self.socket = folder / "socket"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """For SQLAlchemy."""
        return f"mysql+pymysql://{getpass.getuser()}@/{self.database}?unix_socket={self.socket}"

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
def run_mariadb(folder: Path, database: str) -> Iterator[MariaDB]:
    """Run a server with an empty database while the block lasts."""
    require_mariadb()
    server = MariaDB(folder, database)
    server.initialize()
    server.start()
    try:
        server.execute(f"CREATE DATABASE {database}")
        yield server
    finally:
        server.stop()
