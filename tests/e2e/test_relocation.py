"""Servers move between hosts, datastores and clusters, by the commands, and while nova-compute is killed."""

import os
import signal
from collections.abc import Callable
from typing import Any

import pytest

from polyvisor.sandbox import govc

Faults = Callable[[list[dict[str, Any]]], None]
SLOW = {"method": "RelocateVM_Task", "at": "task"}


@pytest.fixture
def migrate(lab: Any) -> Callable[..., Any]:
    """Move a server by the command, and give what the command printed."""

    def run(server: Any, *options: str, wait: bool = True) -> Any:
        command = ["server", "vmware", "migrate", server.id, *options, *(["--wait"] if wait else [])]
        return lab.openstack_json(*command, as_cloud="admin")

    return run


def test_inside_the_cluster(lab: Any, servers: list[Any], migrate: Any) -> None:
    server = lab.build(host="esx12", datastore="shared1")
    servers.append(server)

    candidates = migrate(server, "--check", wait=False)
    assert {row["Name"]: row["Possible"] for row in candidates if row["Kind"] == "host"}["esx13"]
    [moved] = migrate(server, "--host", "esx13", "--datastore", "cluster1-ssd")
    assert moved["Moved"].startswith("host esx12 to esx13; ")
    assert lab.place(server) == ("esx13", ["cluster1-ssd"])

    refused = lab.openstack("server", "vmware", "migrate", server.id, "--host", "esx99", as_cloud="admin")
    assert refused.returncode == 1
    assert "esx99" in refused.stderr
    forbidden = lab.openstack("server", "vmware", "migrate", server.id, "--host", "esx12")
    assert "os-livemigrate-vmware" in forbidden.stderr


def test_a_host_is_evacuated(lab: Any, servers: list[Any]) -> None:
    servers += [lab.request(host="esx14", datastore="shared1") for _ in range(2)]
    for server in servers:
        lab.wait(server, "ACTIVE")

    refused = lab.openstack("vmware", "host", "evacuate", "esx14", "--to", "esx99", as_cloud="admin")
    assert refused.returncode == 1
    assert "No ESXi hosts are called esx99" in refused.stderr
    assert {lab.place(server)[0] for server in servers} == {"esx14"}

    rows = lab.openstack_json("vmware", "host", "evacuate", "esx14", as_cloud="admin")
    assert {row["Server"]: row["Result"] for row in rows} == {server.id: "moved" for server in servers}
    assert all(lab.place(server)[0] in {"esx11", "esx12", "esx13"} for server in servers)
    assert lab.openstack_json("vmware", "host", "evacuate", "esx14", as_cloud="admin") == []


@pytest.mark.usefixtures("standard_switches")
def test_to_another_cluster_with_another_kind_of_switch(lab: Any, servers: list[Any], migrate: Any) -> None:
    server = lab.build(host="esx12", datastore="shared1")
    servers.append(server)
    address, kind = nic(lab, server)
    assert kind == "distributed"

    [moved] = migrate(server, "--host", "esx22", "--datastore", "cluster2-ssd")

    assert moved["Moved"].startswith("to compute service compute2: host esx12 to esx22; ")
    assert lab.place(server) == ("esx22", ["cluster2-ssd"])
    assert nic(lab, server) == (address, "standard")
    assert host_of(lab, server) == "compute2"
    [port] = lab.admin.network.ports(device_id=server.id)
    assert (port.binding_host_id, port.mac_address) == ("compute2", address)

    stock = ("server", "migrate", "--live-migration", "--host", "compute1", "--wait", server.id)
    assert lab.openstack(*stock, "--os-compute-api-version", "2.79", as_cloud="admin").returncode == 0
    lab.until(lambda: host_of(lab, server) == "compute1", "the server back at compute1", 120)
    assert nic(lab, server) == (address, "distributed")


def test_a_move_is_aborted(lab: Any, servers: list[Any], faults: Faults, migrate: Any) -> None:
    server = lab.build(host="esx12", datastore="shared1")
    servers.append(server)
    faults([{**SLOW, "delay": "600s"}])
    migrate(server, "--host", "esx13", wait=False)
    lab.until(lambda: lab.admin.compute.get_server(server.id).progress > 0, "progress", 120)

    aborted = lab.openstack("server", "vmware", "migrate", "abort", server.id, as_cloud="admin")
    assert aborted.returncode == 0, aborted.stderr

    lab.until(lambda: lab.admin.compute.get_server(server.id).task_state is None, "the end", 120)
    assert lab.place(server)[0] == "esx12"


@pytest.mark.parametrize("target", [("esx13", "compute1"), ("esx22", "compute2")])
def test_nova_compute_is_killed_while_the_task_runs(
    lab: Any, servers: list[Any], faults: Faults, migrate: Any, target: tuple[str, str]
) -> None:
    host, service = target
    server = lab.build(host="esx12", datastore="shared1")
    servers.append(server)
    faults([{**SLOW, "delay": "30s"}])
    migrate(server, "--host", host, wait=False)
    lab.until(lambda: lab.admin.compute.get_server(server.id).progress > 0, "progress", 120)

    os.kill(lab.supervisor.states()["nova-compute1"]["pid"], signal.SIGKILL)

    lab.until(lambda: lab.admin.compute.get_server(server.id).task_state is None, "the end", 240)
    assert lab.admin.compute.get_server(server.id).status == "ACTIVE"
    assert lab.place(server)[0] == host
    lab.until(lambda: host_of(lab, server) == service, service, 60)
    [port] = lab.admin.network.ports(device_id=server.id)
    assert port.binding_host_id == service


def host_of(lab: Any, server: Any) -> str:
    return str(lab.admin.compute.get_server(server.id).compute_host)


def nic(lab: Any, server: Any) -> tuple[str, str]:
    """MAC address of a server's NIC, and the kind of port group that it is connected to, by govc."""
    [path] = govc.vm_paths(lab.settings, server.id)
    devices = govc.properties(lab.settings, path, "config.hardware.device")["config.hardware.device"][
        "_value"
    ]
    [card] = [device for device in devices if "macAddress" in device]
    return card["macAddress"], "distributed" if "port" in card["backing"] else "standard"
