"""What goes wrong on the way to a server leaves nothing behind."""

import os
import signal
from collections.abc import Callable
from typing import Any

Faults = Callable[[list[dict[str, Any]]], None]


def test_a_wish_that_becomes_untrue_before_the_build_ends_in_error_and_says_so(
    lab: Any, servers: list[Any]
) -> None:
    lab.supervisor.stop("nova-scheduler")
    server = lab.request(host="esx22")
    servers.append(server)
    lab.govc("host.maintenance.enter", "/dc1/host/cluster2/esx22")
    try:
        lab.supervisor.restart("nova-scheduler")
        failed = lab.wait(server, "ERROR")
        assert "esx22" in failed.fault["message"]
        assert "maintenance" in failed.fault["message"]
        assert lab.traces(server) == []
    finally:
        lab.govc("host.maintenance.exit", "/dc1/host/cluster2/esx22")


def test_a_vcenter_that_fails_in_the_middle_of_a_build_leaves_nothing(
    lab: Any, servers: list[Any], faults: Faults
) -> None:
    faults([{"method": "PowerOnVM_Task", "fault": "InsufficientResourcesFault"}])
    server = lab.request(host="esx12", datastore="shared1")
    servers.append(server)
    lab.wait(server, "ERROR")
    assert lab.traces(server) == []


def test_killing_the_compute_service_in_the_middle_of_a_build_leaves_no_orphan(
    lab: Any, servers: list[Any], faults: Faults
) -> None:
    faults([{"method": "PowerOnVM_Task", "delay": "20s"}])
    server = lab.request(host="esx13", datastore="shared1")
    servers.append(server)
    lab.until(
        lambda: bool(lab.traces(server)) and any("vm" in trace for trace in lab.traces(server)), "its VM"
    )
    os.kill(lab.supervisor.states()["nova-compute1"]["pid"], signal.SIGKILL)
    faults([])
    lab.wait(server, "ERROR")
    lab.delete(server)
    assert lab.traces(server) == []
