"""Debian packages the sandbox runs: installed if missing, their own services never started."""

from __future__ import annotations

import contextlib
import fcntl
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
LIBRARIES = "/usr/lib/x86_64-linux-gnu"
#: The same for a KVM host. A path stands for what is no program.
KVM_PACKAGES = {
    "ovs-vswitchd": "openvswitch-switch",
    "libvirtd": "libvirt-daemon",
    f"{LIBRARIES}/libvirt/connection-driver/libvirt_driver_qemu.so": "libvirt-daemon-driver-qemu",
    "/usr/lib/python3/dist-packages/libvirt.py": "python3-libvirt",
    "qemu-system-x86_64": "qemu-system-x86",
    "dnsmasq": "dnsmasq-base",
    "haproxy": "haproxy",  # Neutron's agents proxy metadata with it
    "ip": "iproute2",
    "iptables": "iptables",
    "conntrack": "conntrack",
    "arping": "iputils-arping",
    "virsh": "libvirt-clients",  # these two for people, and for tests
    "tcpdump": "tcpdump",
}
#: Debian keeps daemons where an ordinary user's PATH does not look.
SEARCH_PATH = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/sbin"])
LOCK = Path("/run/lock/polyvisor-packages.lock")
POLICY = Path("/usr/sbin/policy-rc.d")
POLICY_MARK = "# polyvisor: no service starts while its packages are installed"
INSTALL_SECONDS = 600


class PackagesError(Exception):
    """A package is missing and cannot be installed; the message names it and the command to run."""


def missing(*, kvm: bool = False) -> list[str]:
    """Names of the Debian packages that are not installed. Raises PackagesError if they are no use."""
    if kvm and os.geteuid() != 0:
        raise PackagesError(
            "a KVM host needs namespaces, bridges and taps: run as root, or without --kvm and --second-cloud"
        )
    wanted = PACKAGES | (KVM_PACKAGES if kvm else {})
    return sorted({package for program, package in wanted.items() if not find(program)})


def find(program: str) -> str | None:
    """Path of an installed program, or None. An absolute path may also be of another file."""
    if program.startswith("/"):
        return program if Path(program).exists() else None
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
    with LOCK.open("w") as lock:
        # Two sandboxes made at once, or tests: apt would refuse the second, and the switch has one owner.
        fcntl.flock(lock, fcntl.LOCK_EX)
        with services_held_back():
            _apt("apt-get", "update", "--quiet")
            _apt(*command)


def depends(package: str, prefix: str) -> str:
    """Name of the package with a prefix that a Debian package depends on. Raises PackagesError."""
    listed = _apt("apt-cache", "depends", package)
    for line in listed.splitlines():
        kind, _, name = line.strip().partition(": ")
        if kind == "Depends" and name.startswith(prefix):
            return name
    raise PackagesError(f"apt knows no package {prefix}* for {package}: apt-get update")


def unpack(names: list[str], folder: Path) -> None:
    """Put what is in Debian packages into a folder, installing nothing. Raises PackagesError."""
    folder.mkdir(parents=True)
    try:
        _apt("apt-get", "download", "--quiet", *names, folder=folder)
    except PackagesError:  # the lists are older than the archive
        _apt("apt-get", "update", "--quiet")
        _apt("apt-get", "download", "--quiet", *names, folder=folder)
    for file in folder.glob("*.deb"):
        _apt("dpkg-deb", "--extract", str(file), str(folder))
        file.unlink()


def _apt(*command: str, folder: Path | None = None) -> str:
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C.UTF-8"}
    done = subprocess.run(
        command,
        env=environment,
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=INSTALL_SECONDS,
        check=False,
    )
    if done.returncode:
        tail = "\n".join((done.stdout + done.stderr).splitlines()[-8:])
        raise PackagesError(f"{' '.join(command)} failed:\n{tail}")
    return done.stdout


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
