"""Clones of servers with volumes of Cinder: the clone's are new volumes with what was on the disks."""

import os
import signal
from collections.abc import Callable
from typing import Any

import pytest

from tests.e2e.conftest import Lab
from tests.e2e.volumes import Volumes, content, disks, find

Faults = Callable[[list[dict[str, Any]]], None]


@pytest.fixture
def source(lab: Lab, volumes: Volumes, servers: list[Any]) -> Any:
    """A server with a volume that has something on it. The servers go before the volumes."""
    return build(lab, volumes, servers)


@pytest.fixture(scope="module")
def shared(lab: Lab, module_volumes: Volumes, module_servers: list[Any]) -> Any:
    """The same, for tests that leave it as it is."""
    return build(lab, module_volumes, module_servers)


def build(lab: Lab, volumes: Volumes, servers: list[Any]) -> Any:
    server = lab.build(host="esx12", datastore="shared1")
    servers.append(server)
    volume = volumes.create("--size", "1", "--image", lab.image, name="data/100% ü")
    attach(lab, volumes, server, volume)
    return server


def attach(lab: Lab, volumes: Volumes, server: Any, volume: str) -> None:
    done = lab.openstack("server", "add", "volume", server.id, volume)
    assert done.returncode == 0, done.stderr
    volumes.wait(volume, "in-use")


def clone(lab: Lab, servers: list[Any], source: Any, *arguments: str, wait: bool = True) -> Any:
    options = [*arguments, *(["--wait"] if wait else [])]
    [made] = lab.openstack_json("server", "vmware", "clone", source.id, "e2e-clone", *options)
    copy = lab.tenant.compute.get_server(made["ID"])
    servers.append(copy)
    return copy


def attached(lab: Lab, server: Any) -> dict[str, str]:
    """Ids of the volumes of a server, by device."""
    return {each.device: each.volume_id for each in lab.tenant.compute.volume_attachments(server)}


def test_the_volumes_of_a_clone_are_its_own(
    lab: Lab, volumes: Volumes, servers: list[Any], source: Any
) -> None:
    [(device, volume)] = attached(lab, source).items()
    theirs = disks(lab, find(lab, source.id))

    copy = clone(lab, servers, source, "--host", "esx13", "--datastore", "cluster1-ssd")

    [(its_device, its)] = attached(lab, copy).items()
    volumes.made.append(its)
    assert (its_device, its != volume) == (device, True)
    assert (volumes.status(its), volumes.status(volume)) == ("in-use", "in-use")
    shown = lab.tenant.block_storage.get_volume(its)
    assert (shown.name, shown.size, shown.project_id) == ("data/100% ü", 1, source.project_id)
    ours = disks(lab, find(lab, copy.id))
    assert [disk["capacityInKB"] for disk in ours] == [disk["capacityInKB"] for disk in theirs]
    assert content(lab, ours[1]) == content(lab, theirs[1]) != ""
    assert disks(lab, find(lab, source.id)) == theirs

    detached = lab.openstack("server", "remove", "volume", copy.id, its)
    assert detached.returncode == 0, detached.stderr
    volumes.wait(its, "available")
    (disk,) = disks(lab, find(lab, f"volume-{its}"))
    assert disk["backing"]["fileName"] == f"[cluster1-ssd] volume-{its}/volume-{its}.vmdk"
    assert content(lab, disk) == content(lab, theirs[1])
    attach(lab, volumes, copy, its)

    lab.delete(source)
    assert content(lab, disks(lab, find(lab, copy.id))[1]) == content(lab, disk)


def test_without_volumes_if_asked(lab: Lab, shared: Any, servers: list[Any]) -> None:
    copy = clone(lab, servers, shared, "--omit-volumes")
    assert attached(lab, copy) == {}
    assert len(disks(lab, find(lab, copy.id))) == 1


def test_of_a_snapshot_the_volumes_are_as_they_were(
    lab: Lab, volumes: Volumes, servers: list[Any], source: Any
) -> None:
    made = lab.openstack_json("server", "vmware", "snapshot", "create", "--wait", source.id, "then")
    attach(lab, volumes, source, volumes.create("--size", "2"))

    copy = clone(lab, servers, source, "--snapshot", made["id"], "--linked")

    [volume] = attached(lab, copy).values()
    volumes.made.append(volume)
    root, data = disks(lab, find(lab, copy.id))
    assert "parent" in root["backing"]
    assert "parent" not in data["backing"]
    assert content(lab, data) == content(lab, disks(lab, find(lab, source.id))[1])
    lab.openstack("server", "remove", "volume", copy.id, volume)
    volumes.wait(volume, "available")
    lab.delete(copy)


@pytest.mark.parametrize("method", ["CloneVM_Task", "ReconfigVM_Task", "PowerOnVM_Task"])
def test_a_clone_that_fails_leaves_no_volume(
    lab: Lab, shared: Any, servers: list[Any], faults: Faults, method: str
) -> None:
    """At the copy, at the handing over of its disk, and at the end."""
    before = {volume.id for volume in lab.tenant.block_storage.volumes()}
    faults([{"method": method, "fault": "NoDiskSpace"}])
    copy = clone(lab, servers, shared, wait=False)
    lab.wait(copy, "ERROR")
    faults([])

    def left() -> list[str]:
        return [volume.id for volume in lab.tenant.block_storage.volumes() if volume.id not in before]

    lab.until(lambda: not left(), "the volumes to go")
    assert lab.traces(copy) == []


def test_over_the_quota_nothing_is_begun(lab: Lab, shared: Any) -> None:
    project = lab.tenant.current_project_id
    lab.admin.block_storage.update_quota_set(project, volumes=2)
    try:
        refused = lab.openstack("server", "vmware", "clone", shared.id, "many", "--count", "2")
    finally:
        lab.admin.block_storage.update_quota_set(project, volumes=10)
    assert "Quota exceeded for volumes" in refused.stderr
    assert lab.tenant.compute.find_server("many-1") is None


def test_a_server_that_boots_from_a_volume(lab: Lab, volumes: Volumes, servers: list[Any]) -> None:
    root = volumes.create("--size", "1", "--image", lab.image, "--bootable")
    boot = {"source_type": "volume", "destination_type": "volume", "uuid": root, "boot_index": 0}
    source = lab.build(image_id="", block_device_mapping=[boot])
    servers.append(source)

    copy = clone(lab, servers, source)

    [volume] = attached(lab, copy).values()
    volumes.made.append(volume)
    assert lab.tenant.block_storage.get_volume(volume).is_bootable
    [disk] = disks(lab, find(lab, copy.id))
    assert content(lab, disk) == content(lab, disks(lab, find(lab, source.id))[0]) != ""
    refused = lab.openstack("server", "vmware", "clone", source.id, "x", "--omit-volumes")
    assert "boots from volume" in refused.stderr


def test_the_compute_service_dies_before_the_disks_are_handed_over(
    lab: Lab, volumes: Volumes, servers: list[Any], faults: Faults, shared: Any
) -> None:
    faults([{"method": "CloneVM_Task", "at": "task", "delay": "20s"}])
    copy = clone(lab, servers, shared, wait=False)
    lab.until(lambda: (lab.tenant.compute.get_server(copy.id).progress or 0) > 0, "vCenter to copy", 120)
    os.kill(lab.supervisor.states()["nova-compute1"]["pid"], signal.SIGKILL)
    lab.until(lambda: lab.tenant.compute.get_server(copy.id).status == "ACTIVE", "the end of the build", 240)
    [volume] = attached(lab, copy).values()
    volumes.made.append(volume)
    theirs, ours = (disks(lab, find(lab, server.id))[1] for server in (shared, copy))
    assert content(lab, ours) == content(lab, theirs)
    assert disks(lab, find(lab, f"volume-{volume}"))[0]["backing"]["fileName"] == ours["backing"]["fileName"]
