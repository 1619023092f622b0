"""Servers move to another cluster while a nova-compute is killed at the source or the destination."""

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from tests.e2e.conftest import Lab
from tests.e2e.volumes import Volumes

Faults = Callable[[list[dict[str, Any]]], None]
SECONDS = 300


def test_killed_while_the_destination_is_prepared(lab: Lab, servers: list[Any], volumes: Volumes) -> None:
    volume = volumes.create("--size", "1")
    server = lab.build(host="esx12", datastore="shared1")
    servers.append(server)
    assert lab.openstack("server", "add", "volume", server.id, volume).returncode == 0
    volumes.wait(volume, "in-use")
    before = held(lab, server)

    with stopped(lab, "cinder"):
        migrate(lab, server)
        lab.until(
            lambda: last_status(lab, server) == "preparing", "the destination to prepare itself", SECONDS
        )
        kill(lab, "nova-compute1")

    lab.until(lambda: last_status(lab, server) == "failed", "what was prepared to be taken back", SECONDS)
    lab.until(lambda: held(lab, server) == before, f"{held(lab, server)} to be {before}", SECONDS)
    assert where(lab, server) == ("ACTIVE", "compute1")
    assert lab.place(server)[0] == "esx12"

    migrate(lab, server)
    lab.until(lambda: last_status(lab, server) == "completed", "the next one", SECONDS)
    assert lab.openstack("server", "remove", "volume", server.id, volume).returncode == 0
    volumes.wait(volume, "available")


def test_the_destination_is_killed_while_vcenter_works(lab: Lab, servers: list[Any], faults: Faults) -> None:
    server = lab.build(host="esx12", datastore="shared1")
    servers.append(server)
    faults([{"method": "RelocateVM_Task", "at": "task", "delay": "5s"}])
    migrate(lab, server)
    lab.until(lambda: lab.admin.compute.get_server(server.id).progress > 0, "progress", SECONDS)

    kill(lab, "nova-compute2")

    lab.until(lambda: last_status(lab, server) == "completed", "the end", SECONDS)
    assert where(lab, server) == ("ACTIVE", "compute2")
    assert lab.place(server)[0] == "esx22"
    now = held(lab, server)
    assert len(now["allocations"]) == 1
    assert now["bindings"] == [("compute2", "ACTIVE")]


def migrate(lab: Lab, server: Any) -> None:
    done = lab.openstack("server", "vmware", "migrate", server.id, "--host", "esx22", as_cloud="admin")
    assert done.returncode == 0, done.stderr


def where(lab: Lab, server: Any) -> tuple[str, str]:
    found = lab.admin.compute.get_server(server.id)
    return found.status, found.compute_host


def kill(lab: Lab, service: str) -> None:
    os.kill(lab.supervisor.states()[service]["pid"], signal.SIGKILL)


@contextmanager
def stopped(lab: Lab, service: str) -> Iterator[None]:
    """A service that hangs."""
    pid = lab.supervisor.states()[service]["pid"]
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def last_status(lab: Lab, server: Any) -> str:
    """Of the server's last migration."""
    found = lab.admin.compute.get(f"/os-migrations?instance_uuid={server.id}", microversion="2.80").json()
    return str(max(found["migrations"], key=lambda each: each["id"])["status"])


def held(lab: Lab, server: Any) -> dict[str, Any]:
    """What the server has in Placement, Neutron and Cinder."""
    allocations = lab.admin.placement.get(f"/allocations/{server.id}").json()["allocations"]
    [port] = lab.admin.network.ports(device_id=server.id)
    bindings = lab.admin.network.get(f"/ports/{port.id}/bindings").json()["bindings"]
    attachments = lab.admin.block_storage.get(
        f"/attachments?all_tenants=1&instance_id={server.id}", microversion="3.27"
    ).json()["attachments"]
    return {
        "allocations": {node: each["resources"] for node, each in allocations.items()},
        "bindings": sorted((each["host"], each["status"]) for each in bindings),
        "attachments": sorted((each["id"], each["status"]) for each in attachments),
    }
