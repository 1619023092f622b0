"""Snapshots as users have them: through the command line, of servers whose VMs are looked at by govc."""

import json
import os
import signal
from collections.abc import Callable, Iterator
from typing import Any

import pytest


@pytest.fixture
def server(lab: Any, servers: list[Any]) -> Any:
    server = lab.build()
    servers.append(server)
    return server


@pytest.fixture
def volume(lab: Any) -> Iterator[Any]:
    volume = lab.tenant.block_storage.create_volume(name="e2e-snapshot", size=1)
    lab.tenant.block_storage.wait_for_status(volume, "available", ["error"], interval=0.5, wait=120)
    yield volume
    lab.until(lambda: volume_status(lab, volume) == "available", "the volume is not free")
    lab.tenant.block_storage.delete_volume(volume)
    lab.tenant.block_storage.wait_for_delete(volume, interval=0.5, wait=120)


def volume_status(lab: Any, volume: Any) -> str:
    return str(lab.tenant.block_storage.get_volume(volume).status)


def snapshot(lab: Any, *arguments: str) -> str:
    """Run `openstack server vmware snapshot ...`, which must succeed."""
    done = lab.openstack("server", "vmware", "snapshot", *arguments)
    assert done.returncode == 0, done.stderr
    return str(done.stdout)


def snapshots(lab: Any, server: Any) -> list[dict[str, Any]]:
    found = lab.openstack_json("server", "vmware", "snapshot", "list", "--long", server.id)
    return list(found)


def power(lab: Any, server: Any) -> str:
    [vm] = json.loads(lab.govc("vm.info", "-json", f"-vm.uuid={server.id}"))["virtualMachines"]
    return str(vm["runtime"]["powerState"])


def test_a_server_goes_back_and_forth(lab: Any, server: Any) -> None:
    name = "before/upgrade 100% 🐘"
    first = lab.openstack_json("server", "vmware", "snapshot", "create", "--wait", server.id, name)
    snapshot(lab, "create", "--wait", "--memory", "--description", "it runs", server.id, "running")
    [root, child] = snapshots(lab, server)
    assert (root["ID"], root["Name"], root["Current"]) == (first["id"], name, False)
    assert (child["Parent"], child["Memory"], child["Description"]) == (root["ID"], True, "it runs")
    assert "└─ running" in snapshot(lab, "list", server.id)

    assert root["ID"] in snapshot(lab, "show", server.id, "before%2fupgrade 100%25 🐘")
    snapshot(lab, "revert", "--wait", server.id, name)
    assert lab.tenant.compute.get_server(server).status == "SHUTOFF"
    assert power(lab, server) == "poweredOff"
    snapshot(lab, "revert", "--wait", server.id, "running")
    assert lab.tenant.compute.get_server(server).status == "ACTIVE"
    assert power(lab, server) == "poweredOn"

    snapshot(lab, "delete", "--wait", "--children", server.id, root["ID"])
    assert snapshots(lab, server) == []
    assert lab.openstack("server", "vmware", "consolidate", "--wait", server.id).returncode == 0


def test_its_owner_learns_why_it_failed(
    lab: Any, server: Any, faults: Callable[[list[dict[str, Any]]], None]
) -> None:
    faults(
        [{"method": "CreateSnapshot_Task", "fault": "NoDiskSpace", "message": "shared1 has no room left."}]
    )
    refused = lab.openstack("server", "vmware", "snapshot", "create", "--wait", server.id, "x")
    assert "failed: Insufficient disk space" in refused.stderr
    [failed] = [
        event
        for event in lab.openstack_json("server", "event", "list", "--long", server.id)
        if event["Message"]
    ]
    assert failed["Message"].startswith("Insufficient disk space")
    shown = lab.openstack_json("server", "event", "show", server.id, failed["Request ID"])
    assert shown["message"] == failed["Message"]
    assert "127.0.0.1" not in json.dumps(shown)
    administrators = lab.openstack_json(
        "server", "event", "show", server.id, failed["Request ID"], as_cloud="admin"
    )
    assert "127.0.0.1" in json.dumps(administrators)


def test_one_that_was_taken_in_vcenter(lab: Any, server: Any) -> None:
    path = lab.govc("find", "/", "-type", "m", "-config.instanceUuid", server.id).strip()
    lab.govc("snapshot.create", "-vm", path, "twin")
    lab.govc("snapshot.create", "-vm", path, "twin")
    refused = lab.openstack("server", "vmware", "snapshot", "revert", server.id, "twin")
    assert refused.returncode != 0
    assert "Several snapshots" in refused.stderr
    [first, _] = snapshots(lab, server)
    snapshot(lab, "delete", "--wait", server.id, first["ID"])
    [left] = snapshots(lab, server)
    assert left["ID"] != first["ID"]
    for action in (("rebuild",), ("shelve",), ("resize", "--flavor", "medium")):
        refused = lab.openstack("server", *action, server.id)
        assert "vCenter snapshots" in refused.stderr, refused.stdout + refused.stderr
    lab.tenant.compute.stop_server(server)
    lab.wait(server, "SHUTOFF")
    lab.tenant.compute.start_server(server)
    lab.wait(server, "ACTIVE")


def test_a_volume_keeps_what_was_written_last(lab: Any, servers: list[Any], volume: Any) -> None:
    server = lab.build()
    lab.tenant.compute.create_volume_attachment(server, volume_id=volume.id)
    lab.until(lambda: volume_status(lab, volume) == "in-use", "the volume is not attached")
    snapshot(lab, "create", "--wait", server.id, "with volume")
    refused = lab.openstack("server", "remove", "volume", server.id, volume.id)
    assert "part of vCenter snapshots" in refused.stderr
    lab.delete(server)
    lab.until(lambda: volume_status(lab, volume) == "available", "the volume is lost")
    # Attached again, its own file is there and whole.
    again = lab.build()
    servers.append(again)
    lab.tenant.compute.create_volume_attachment(again, volume_id=volume.id)
    lab.until(lambda: volume_status(lab, volume) == "in-use", "the volume is not attached")
    lab.openstack("server", "remove", "volume", again.id, volume.id)


@pytest.mark.parametrize("stage", ["before vCenter begins", "after vCenter began"])
def test_nova_compute_is_killed(
    lab: Any, server: Any, faults: Callable[[list[dict[str, Any]]], None], stage: str
) -> None:
    """The next one finds out what became of a revert, and gives the server back as it is."""
    snapshot(lab, "create", "--wait", server.id, "cold")
    begun = stage.startswith("after")
    how = {"at": "task", "delay": "30s"} if begun else {"action": "hang"}
    faults([{"method": "RevertToSnapshot_Task"} | how])
    snapshot(lab, "revert", server.id, "cold")
    lab.until(lambda: record(lab, server, has_task=begun), "no record of the revert")
    compute = lab.admin.compute.get_server(server).compute_host
    service = f"nova-{compute}"
    os.kill(lab.supervisor.states()[service]["pid"], signal.SIGKILL)
    lab.until(lambda: lab.supervisor.states()[service]["statename"] == "RUNNING", "not restarted")
    lab.until(lambda: lab.tenant.compute.get_server(server).task_state is None, "not given back", 180)
    states = {"poweredOn": "ACTIVE", "poweredOff": "SHUTOFF"}
    assert lab.tenant.compute.get_server(server).status == states[power(lab, server)]
    faults([])
    snapshot(lab, "revert", "--wait", server.id, "cold")
    assert power(lab, server) == "poweredOff"


def record(lab: Any, server: Any, *, has_task: bool) -> bool:
    """Tell whether nova-compute has written down what it does."""
    found = list(lab.settings.root.rglob(f"polyvisor-operations/*/{server.id}.json"))
    return bool(found) and ("task" in json.loads(found[0].read_text())) == has_task
