"""Debian packages the sandbox runs: installed if missing, their own services never started."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

#: Program that proves the package is there -> package. ``mariadb-server-core`` brings no service of its own.
PACKAGES = {
    "mariadbd": "mariadb-server-core",
    "mariadb-install-db": "mariadb-server-core",
    "my_print_defaults": "mariadb-client-core",  # mariadb-install-db runs it
    "rabbitmq-server": "rabbitmq-server",
    "memcached": "memcached",
    "qemu-img": "qemu-utils",
    "genisoimage": "genisoimage",
}
#: Debian keeps daemons where an ordinary user's PATH does not look.
SEARCH_PATH = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/sbin"])
POLICY = Path("/usr/sbin/policy-rc.d")
POLICY_MARK = "# polyvisor: no service starts while its packages are installed"
INSTALL_SECONDS = 600


class PackagesError(Exception):
    """A package is missing and cannot be installed; the message names it and the command to run."""


def missing() -> list[str]:
    """Names of the Debian packages that are not installed."""
    return sorted({package for program, package in PACKAGES.items() if not find(program)})


def find(program: str) -> str | None:
    """Path of an installed program, or None."""
    return shutil.which(program, path=SEARCH_PATH)


def require(program: str) -> str:
    """Path of an installed program. Raises PackagesError naming its package."""
    path = find(program)
    if path is None:
        raise PackagesError(f"{program} is not installed: apt-get install {PACKAGES.get(program, program)}")
    return path


def install(names: list[str]) -> None:
    """Install Debian packages without starting what they bring. Raises PackagesError."""
    command = ["apt-get", "install", "--yes", "--quiet", "--no-install-recommends", "--no-upgrade", *names]
    if os.geteuid() != 0:
        raise PackagesError(f"missing packages; run as root: {' '.join(command)}")
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    with services_held_back():
        for step in (["apt-get", "update", "--quiet"], command):
            done = subprocess.run(
                step, env=environment, capture_output=True, text=True, timeout=INSTALL_SECONDS, check=False
            )
            if done.returncode:
                tail = "\n".join((done.stdout + done.stderr).splitlines()[-8:])
                raise PackagesError(f"{' '.join(step)} failed:\n{tail}")


@contextlib.contextmanager
def services_held_back() -> Iterator[None]:
    """Debian's own switch against starting services on install, unless the machine already has one.

    Without it, installing rabbitmq-server would start a server on its default port. See invoke-rc.d(8).
    """
    if POLICY.exists() and POLICY_MARK not in POLICY.read_text():
        yield
        return
    POLICY.write_text(f"#!/bin/sh\n{POLICY_MARK}\nexit 101\n")
    POLICY.chmod(0o755)
    try:
        yield
    finally:
        release_services()


def release_services() -> None:
    """Take away the switch, also one that a killed run has left."""
    if POLICY.exists() and POLICY_MARK in POLICY.read_text():
        POLICY.unlink()
