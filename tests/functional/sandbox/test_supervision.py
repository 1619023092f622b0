"""A real supervisord: programs become ready, die, and leave nothing behind."""

import os
import signal
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from polyvisor.sandbox import configuration, probes, programs, settings, supervision
from polyvisor.sandbox.program import Program


@pytest.fixture
def sandbox(tmp_path: Path) -> settings.Settings:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        free = listener.getsockname()[1]
    base = min(free, 60000)
    made = settings.create(tmp_path, port_base=base, ports=settings.ports_from(base, {}), vms=0)
    settings.save(made)
    return made


@pytest.fixture
def supervisor(sandbox: settings.Settings) -> Iterator[supervision.Supervisor]:
    configuration.render(sandbox)
    made = supervision.Supervisor(sandbox)
    made.ensure_running()
    yield made
    made.shut_down()


def memcached(sandbox: settings.Settings) -> Program:
    return next(program for program in programs.every(sandbox) if program.name == "memcached")


def start_memcached(sandbox: settings.Settings, supervisor: supervision.Supervisor) -> Program:
    program = memcached(sandbox)
    supervisor.start([program])
    supervisor.wait(program, quiet)
    return program


def quiet(_waiting: str) -> None:
    pass


def test_a_program_is_started_kept_and_stopped(
    sandbox: settings.Settings, supervisor: supervision.Supervisor
) -> None:
    program = start_memcached(sandbox, supervisor)
    first = supervisor.states()["memcached"]["pid"]
    os.kill(first, signal.SIGKILL)
    probes.wait(
        lambda: None if supervisor.states()["memcached"]["pid"] not in {0, first} else "a new life", 20, quiet
    )
    supervisor.wait(program, quiet)
    supervisor.shut_down()
    assert not list(supervision.strays(sandbox.root))


def test_what_outlives_a_killed_supervisord_is_found_and_ended(
    sandbox: settings.Settings, supervisor: supervision.Supervisor
) -> None:
    start_memcached(sandbox, supervisor)
    supervisord = psutil.Process(int((sandbox.root / "supervisord.pid").read_text()))
    supervisord.kill()
    supervisord.wait(10)
    assert [process.name() for process in supervision.strays(sandbox.root)] == ["memcached"]
    supervision.kill_strays(sandbox.root)
    assert not list(supervision.strays(sandbox.root))


def test_a_tool_of_a_killed_command_is_ended_and_what_is_supervised_is_spared(
    sandbox: settings.Settings, supervisor: supervision.Supervisor
) -> None:
    start_memcached(sandbox, supervisor)
    tool = subprocess.Popen(["sleep", "600"], env={programs.MARK: str(sandbox.root)})
    supervision.kill_strays(sandbox.root, spare=supervisor.family())
    assert tool.pid not in [process.pid for process in supervision.strays(sandbox.root)]
    tool.wait(10)
    assert supervisor.states()["memcached"]["statename"] == "RUNNING"


def test_nothing_is_restarted_while_everything_is_ended(
    sandbox: settings.Settings, supervisor: supervision.Supervisor
) -> None:
    start_memcached(sandbox, supervisor)
    assert {process.name() for process in supervision.strays(sandbox.root)} == {"supervisord", "memcached"}
    supervision.kill_strays(sandbox.root)
    assert not list(supervision.strays(sandbox.root))


def test_a_taken_port_is_reported_with_its_owner_and_not_fought_over(
    sandbox: settings.Settings, supervisor: supervision.Supervisor
) -> None:
    program = memcached(sandbox)
    port = sandbox.ports["memcached"]
    with socket.create_server(("127.0.0.1", port)):
        expected = (
            rf"port {port}, wanted for memcached, is taken by .*pid {os.getpid()}.*--port memcached=NUMBER"
        )
        with pytest.raises(supervision.PortTakenError, match=expected):
            supervisor.start([program])
    assert supervisor.states()["memcached"]["pid"] == 0


def test_a_program_that_keeps_dying_is_reported_with_its_last_log_lines(
    sandbox: settings.Settings, supervisor: supervision.Supervisor
) -> None:
    program = next(program for program in programs.every(sandbox) if program.name == "mariadb")
    supervisor.start([program])  # its data folder was never made
    with pytest.raises(supervision.ProgramFailedError, match=r"(?s)mariadb: .*last lines of .*mariadb.log"):
        supervisor.wait(program, quiet)
