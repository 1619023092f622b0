"""Get at what is in the namespaces of the KVM host."""

from __future__ import annotations

import contextlib
import socket
import subprocess
from pathlib import Path

import psutil

from polyvisor.sandbox import probes
from polyvisor.sandbox.settings import Settings

COMMAND_SECONDS = 300
#: Module that runs first in the namespaces.
FIRST_PROCESS = "polyvisor.sandbox.kvm.inside"


class NodeError(Exception):
    """A command in the KVM host failed; the message is its own."""


def pid_file(settings: Settings) -> Path:
    """Holds the id of the first process in the namespaces; stays behind when that is killed."""
    return settings.root / f"{settings.openstack.named('kvm-node')}.pid"


def entering(settings: Settings, *command: str) -> tuple[str, ...]:
    """The command line that runs a command in the namespaces, whichever they are by then."""
    # nsenter stands between the supervisor and the command, and ends at the signal that is meant for it.
    # Without this the command would live on: some agents have a session of their own.
    bound = "setpriv --pdeathsig KILL"
    target = f'"$(cat {pid_file(settings)})"'
    enter = f'exec nsenter --target {target} --net --mount --uts --pid -- {bound} "$@"'
    return ("sh", "-c", enter, command[0], *command)


def run(settings: Settings, *command: str, check: bool = True) -> str:
    """Run a command in the namespaces and return what it printed. Raises NodeError."""
    done = subprocess.run(
        entering(settings, *command), capture_output=True, text=True, timeout=COMMAND_SECONDS, check=False
    )
    if check and done.returncode:
        raise NodeError(f"{' '.join(command)}: {(done.stdout + done.stderr).strip()}")
    return done.stdout


def is_there(settings: Settings) -> probes.Probe:
    """The namespaces are made, and what has to be in them before anything else is."""

    def probe() -> str | None:
        with contextlib.suppress(OSError, psutil.Error):
            first = psutil.Process(int(pid_file(settings).read_text()))
            if FIRST_PROCESS in first.cmdline():
                return None
        return "the KVM host's namespaces"

    return probe


def accepts(settings: Settings, unix_socket: str) -> probes.Probe:
    """A server in the namespaces accepts connections on a Unix socket."""

    def probe() -> str | None:
        missing = f"{unix_socket} to accept connections"
        try:
            pid = pid_file(settings).read_text()
            with socket.socket(socket.AF_UNIX) as client:
                client.settimeout(probes.PROBE_SECONDS)
                client.connect(f"/proc/{pid}/root{unix_socket}")
        except OSError:
            return missing
        return None

    return probe
