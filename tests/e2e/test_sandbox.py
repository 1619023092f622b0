"""The sandbox as a developer uses it."""

import os
import signal
from collections.abc import Callable
from subprocess import CompletedProcess
from typing import Any

import psutil

Polyvisor = Callable[..., CompletedProcess[str]]


def test_up_again_changes_nothing(lab: Any, polyvisor: Polyvisor) -> None:
    before = {name: state["pid"] for name, state in lab.supervisor.states().items()}
    polyvisor("up")
    assert {name: state["pid"] for name, state in lab.supervisor.states().items()} == before


def test_status_shows_every_program(lab: Any, polyvisor: Polyvisor) -> None:
    shown = polyvisor("status").stdout
    assert all(name in shown for name in lab.supervisor.states())
    assert "stopped" not in shown


def test_other_ports_than_it_was_made_with_are_refused(lab: Any, polyvisor: Polyvisor) -> None:
    refused = polyvisor("up", "--port", "nova=8774", check=False)
    assert refused.returncode == 1
    assert "reset" in refused.stderr


def test_logs_of_a_service_that_is_not_there_names_those_that_are(lab: Any, polyvisor: Polyvisor) -> None:
    refused = polyvisor("logs", "nowa", check=False)
    assert refused.returncode == 1
    assert "nova-conductor" in refused.stderr


def test_servers_outlive_down_and_up(lab: Any, servers: list[Any], polyvisor: Polyvisor) -> None:
    server = lab.build(host="esx13", datastore="shared2")
    servers.append(server)
    polyvisor("down")
    assert not [
        process for process in psutil.process_iter() if str(lab.settings.root) in " ".join(cmdline(process))
    ]
    polyvisor("up")
    assert lab.place(server) == ("esx13", ["shared2"])
    lab.tenant.compute.reboot_server(server, "HARD")
    lab.wait(server, "ACTIVE")


def cmdline(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []


def test_up_after_supervisord_was_killed(lab: Any, polyvisor: Polyvisor) -> None:
    os.kill(int((lab.settings.root / "supervisord.pid").read_text()), signal.SIGKILL)
    polyvisor("up")
    polyvisor("status")


def test_everything_together_takes_at_most_four_gigabytes(lab: Any) -> None:
    """Of a sandbox that was just started. Proportional set size: what is shared is counted once."""
    used = 0
    for process in psutil.process_iter():
        if process.pid in {state["pid"] for state in lab.supervisor.states().values()}:
            family = [process, *process.children(recursive=True)]
            used += sum(member.memory_full_info().pss for member in family)
    assert 0 < used < 4 * 1024**3


def test_the_demo_runs_and_cleans_up(lab: Any, polyvisor: Polyvisor) -> None:
    shown = polyvisor("demo").stdout
    assert "vCenter and Neutron are clean again" in shown
