"""supervisord, which keeps the programs running: start it, ask it, stop it without leaving a process."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import xmlrpc.client
from collections.abc import Callable, Collection, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import psutil
from supervisor.states import STOPPED_STATES, ProcessStates
from supervisor.xmlrpc import SupervisorTransport

from polyvisor.sandbox import probes, programs
from polyvisor.sandbox.program import Program
from polyvisor.sandbox.programs import MARK
from polyvisor.sandbox.settings import Settings

START_SECONDS = 240.0
STOP_SECONDS = 40.0
LOG_TAIL_LINES = 15
#: A program may die this often while it starts, as when what it needs is not there yet.
MOST_LIVES = 3


class ProgramFailedError(Exception):
    """A program did not become ready; the message says for what was waited and what it logged last."""


class PortTakenError(Exception):
    """Another process listens where a program of the sandbox should; the message has the way out."""


class Supervisor:
    """The supervisord of one sandbox, reached over a socket in its folder."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._socket = settings.root / "supervisor.sock"

    def _rpc(self) -> Any:
        transport = SupervisorTransport(None, None, f"unix://{self._socket}")
        return xmlrpc.client.ServerProxy("http://localhost", transport).supervisor

    def is_running(self) -> bool:
        """Whether supervisord answers."""
        with contextlib.suppress(OSError, xmlrpc.client.Error):
            self._rpc().getState()
            return True
        return False

    def ensure_running(self) -> None:
        """Start supervisord if it does not run, and have it read its configuration if it does."""
        if not self.is_running():
            supervisord = str(Path(sys.prefix) / "bin" / "supervisord")
            environment = os.environ | programs.common_environment(self._settings)
            command = [supervisord, "-c", str(self._settings.etc / "supervisord.conf")]
            subprocess.run(command, env=environment, check=True, timeout=START_SECONDS)
            return
        added, changed, removed = self._rpc().reloadConfig()[0]
        for name in [*changed, *removed]:
            self._rpc().stopProcessGroup(name)
            self._rpc().removeProcessGroup(name)
        for name in [*added, *changed]:
            self._rpc().addProcessGroup(name)

    def family(self) -> list[psutil.Process]:
        """Supervisord's own process and all below it; none if it does not run."""
        if not self.is_running():
            return []
        supervisord = psutil.Process(self._rpc().getPID())
        return [supervisord, *supervisord.children(recursive=True)]

    def states(self) -> dict[str, dict[str, Any]]:
        """supervisord's own record of each program: ``statename``, ``pid``, ``start``, ``now``, ..."""
        if not self.is_running():
            return {}
        return {record["name"]: record for record in self._rpc().getAllProcessInfo()}

    def start(self, wanted: Iterable[Program]) -> None:
        """Have the programs started that are not. Raises PortTakenError before anything is started."""
        states = self.states()
        stopped = [program for program in wanted if states[program.name]["state"] in STOPPED_STATES]
        check_ports(self._settings, [program.port for program in stopped if program.port])
        for program in stopped:
            self._rpc().startProcess(program.name, False)

    def wait(self, program: Program, waiting: Callable[[str], None]) -> None:
        """Return when the program is ready. Raises ProgramFailedError, soon if it keeps dying."""
        lives = set()

        def probe() -> str | None:
            state = self._rpc().getProcessInfo(program.name)
            lives.add(state["pid"])
            if state["state"] == ProcessStates.FATAL or len(lives - {0}) > MOST_LIVES:
                raise ProgramFailedError(f"it keeps dying {state['spawnerr']}".strip())
            if state["state"] != ProcessStates.RUNNING:
                return f"{program.name} to run (now {state['statename'].lower()})"
            return program.ready()

        try:
            probes.wait(probe, START_SECONDS, waiting)
        except (probes.ProbeTimeoutError, ProgramFailedError) as error:
            raise ProgramFailedError(f"{program.name}: {error}\n{self.log_tail(program.name)}") from error

    def stop(self, name: str) -> None:
        """Stop one program; it stays stopped until it is started."""
        with contextlib.suppress(xmlrpc.client.Fault):  # it does not run
            self._rpc().stopProcess(name)

    def restart(self, name: str) -> None:
        """Stop a program and start it again."""
        self.stop(name)
        self._rpc().startProcess(name, False)

    def stop_all(self) -> None:
        """Stop every program, leaving supervisord; each before what it stands on."""
        for layer in reversed(programs.layers(self._settings)):
            names = {program.name for program in layer}
            for name in names:
                with contextlib.suppress(xmlrpc.client.Fault):  # it does not run
                    self._rpc().stopProcess(name, False)
            probes.wait(partial(self._running, names), STOP_SECONDS, lambda _: None)

    def _running(self, names: set[str]) -> str | None:
        left = {name for name, state in self.states().items() if state["state"] not in STOPPED_STATES}
        return f"{', '.join(sorted(left & names))} to stop" if left & names else None

    def shut_down(self) -> None:
        """Stop everything, supervisord last; then whatever the sandbox started that outlived it."""
        if self.is_running():
            with contextlib.suppress(xmlrpc.client.Fault, probes.ProbeTimeoutError):
                self.stop_all()
                self._rpc().shutdown()
                probes.wait(
                    lambda: "supervisord to end" if self.is_running() else None, STOP_SECONDS, lambda _: None
                )
        kill_strays(self._settings.root)

    def log_tail(self, name: str, lines: int = LOG_TAIL_LINES) -> str:
        """The last lines of a program's log, indented."""
        log = self._settings.logs / f"{name}.log"
        if not log.exists():
            return f"    (no log yet: {log})"
        tail = log.read_text(errors="replace").splitlines()[-lines:]
        return "\n".join([f"  last lines of {log}:", *(f"    {line}" for line in tail)])


def check_ports(settings: Settings, names: Iterable[str]) -> None:
    """See that nobody listens on these ports of ``settings``. Raises PortTakenError."""
    for name in names:
        port = settings.ports[name]
        if owner := port_owner(port):
            raise PortTakenError(
                f"port {port}, wanted for {name}, is taken by {owner}; stop that, "
                f"or make the sandbox with another: --port {name}=NUMBER (--port-base for all)"
            )


def port_owner(port: int) -> str | None:
    """Who listens on a TCP port of this machine, as "name (pid N)"; None if nobody does."""
    for connection in psutil.net_connections("tcp"):
        if connection.status == psutil.CONN_LISTEN and connection.laddr and connection.laddr.port == port:
            with contextlib.suppress(psutil.Error):
                return f"{psutil.Process(connection.pid).name()} (pid {connection.pid})"
            return f"pid {connection.pid}"
    return None


def strays(root: Path) -> Iterator[psutil.Process]:
    """Processes that a sandbox in ``root`` started, by the mark in their environment."""
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            if process.environ().get(MARK) == str(root):
                yield process


def kill_strays(root: Path, spare: Collection[psutil.Process] = ()) -> None:
    """End what is left of a sandbox, as after supervisord or a command that ran its tools was killed."""
    for process in strays(root):
        with contextlib.suppress(psutil.Error):
            if process.name() == "supervisord" and process not in spare:
                process.kill()  # or it would start again what is ended below
                process.wait(STOP_SECONDS)
    found = [process for process in strays(root) if process not in spare]
    for process in found:
        with contextlib.suppress(psutil.Error):
            process.terminate()
    _gone, alive = psutil.wait_procs(found, timeout=STOP_SECONDS / 2)
    for process in alive:
        with contextlib.suppress(psutil.Error):
            process.kill()
    psutil.wait_procs(alive, timeout=STOP_SECONDS / 2)
