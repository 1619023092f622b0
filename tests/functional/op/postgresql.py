"""A PostgreSQL of the tests' own: a cluster in a temporary folder, by the programs Debian has."""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from polyvisor.sandbox import packages

#: PostgreSQL refuses to run as root; this user needs no home and owns nothing else.
UNPRIVILEGED = "nobody"
SECONDS = 120


@contextmanager
def run_postgresql() -> Iterator[Path]:
    """Run a server on a socket; give its folder, which is ``host`` to clients. No TCP, no password."""
    binaries = _binaries()
    user = UNPRIVILEGED if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name
    # Not pytest's folder: nobody else can enter that.
    folder = Path(tempfile.mkdtemp(prefix="polyvisor-pg-"))
    if os.geteuid() == 0:
        shutil.chown(folder, user)
    data, log = folder / "data", folder / "log"
    control = [binaries / "pg_ctl", "-D", data, "-w", "-t", str(SECONDS)]
    try:
        _run(
            user, binaries / "initdb", "-D", data, "-U", "polyvisor", "-A", "trust", "-E", "UTF8", "--no-sync"
        )
        options = f"-k {folder} -c listen_addresses='' -c fsync=off -c max_connections=200"
        _run(user, *control, "-l", log, "-o", options, "start")
        yield folder
    finally:
        if (data / "postmaster.pid").exists():
            _run(user, *control, "-m", "immediate", "stop")
        shutil.rmtree(folder, ignore_errors=True)


def url(folder: Path, database: str) -> str:
    """SQLAlchemy's URL of a database of the server."""
    return f"postgresql+psycopg://polyvisor@/{database}?host={folder}"


def create(folder: Path, database: str, *, template: str = "template1") -> str:
    """Make a database, and give its URL."""
    with psycopg.connect(f"host={folder} user=polyvisor dbname=postgres", autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{database}" TEMPLATE "{template}"')
    return url(folder, database)


def _binaries() -> Path:
    """Folder of the newest PostgreSQL; Debian keeps each release's apart from PATH."""
    if not (found := _installed()):
        packages.install(["postgresql"])
        found = _installed()
    return found[-1]


def _installed() -> list[Path]:
    programs = Path("/usr/lib/postgresql").glob("*/bin/initdb")
    return sorted((one.parent for one in programs), key=lambda folder: int(folder.parent.name))


def _run(user: str, *command: object) -> None:
    done = subprocess.run(
        [str(word) for word in command],
        user=user if os.geteuid() == 0 else None,
        # pg_ctl's server keeps what it inherits: a pipe would never end.
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd="/",
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == 0, f"{command[0]} failed with {done.returncode}"
