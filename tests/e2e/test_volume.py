"""Volumes through the `openstack` command: as ever, and made of disks that servers have."""

import json
import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from polyvisor.sandbox import inventory
from tests.e2e.conftest import Lab

HOST = f"{inventory.VOLUME_SERVICE}#{inventory.VOLUME_BACKEND}"
SECONDS = 300


class Volumes:
    """The tenant's volumes."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab
        self.made: list[str] = []

    def create(self, *arguments: str, name: str = "", project: str = "", status: str = "available") -> str:
        """Make a volume by the command, and wait for it."""
        cloud = ["--os-project-name", project] if project else []
        made = self._lab.openstack_json(
            *cloud, "volume", "create", *arguments, name or "e2e", as_cloud="admin" if project else "demo"
        )
        self.made.append(made["id"])
        self.wait(made["id"], status)
        return str(made["id"])

    def status(self, volume: str) -> str:
        return str(self._lab.tenant.block_storage.get_volume(volume).status)

    def wait(self, volume: str, status: str) -> None:
        ends = {status, "error"}
        self._lab.until(lambda: self.status(volume) in ends, f"{volume} to be {status}", SECONDS)
        assert self.status(volume) == status

    def delete(self, volume: str) -> None:
        done = self._lab.openstack("volume", "delete", volume)
        assert done.returncode == 0, done.stderr
        find = self._lab.tenant.block_storage.find_volume
        self._lab.until(lambda: find(volume) is None, f"{volume} to be deleted", SECONDS)
        self.made.remove(volume)


@pytest.fixture
def volumes(lab: Lab) -> Iterator[Volumes]:
    """Volumes that are deleted after the test, and leave no VM."""
    tenants = Volumes(lab)
    yield tenants
    for volume in list(reversed(tenants.made)):
        tenants.delete(volume)
    assert lab.govc("find", "/", "-type", "m", "-name", "volume-*").split() == []


def disks(lab: Lab, vm: str) -> list[dict[str, Any]]:
    """The disks of a VM, by its inventory path, as vCenter shows them."""
    (found,) = json.loads(lab.govc("vm.info", "-json", vm))["virtualMachines"]
    return [device for device in found["config"]["hardware"]["device"] if "capacityInKB" in device]


def find(lab: Lab, name: str) -> str:
    """Inventory path of the VM whose name ends so."""
    (found,) = [
        vm for vm in lab.govc("find", "/", "-type", "m").splitlines() if vm.rstrip(")").endswith(name)
    ]
    return found


def run(lab: Lab, *arguments: str) -> None:
    done = lab.openstack(*arguments)
    assert done.returncode == 0, done.stderr


def test_a_volume_is_attached_copied_while_it_is_detached_grown_and_deleted(
    lab: Lab, servers: list[Any], volumes: Volumes
) -> None:
    volume = volumes.create("--size", "1")
    server = lab.build()
    servers.append(server)
    vm = find(lab, server.id)
    run(lab, "server", "add", "volume", server.id, volume)
    volumes.wait(volume, "in-use")
    assert f"volume-{volume}" in disks(lab, vm)[-1]["backing"]["fileName"]

    copy = volumes.create("--source", volume)
    assert len(disks(lab, find(lab, f"volume-{copy}"))) == 1

    run(lab, "server", "remove", "volume", server.id, volume)
    volumes.wait(volume, "available")
    assert len(disks(lab, vm)) == 1
    run(lab, "volume", "set", "--size", "2", volume)
    lab.until(
        lambda: lab.tenant.block_storage.get_volume(volume).size == 2, "the volume to be larger", SECONDS
    )
    (disk,) = disks(lab, find(lab, f"volume-{volume}"))
    assert disk["capacityInKB"] == 2 * 1024 * 1024


def test_a_disk_that_a_server_has_becomes_a_volume_in_place_and_outlives_the_server(
    lab: Lab, servers: list[Any], volumes: Volumes
) -> None:
    server = lab.build()
    servers.append(server)
    vm = find(lab, server.id)
    _host, (datastore,) = lab.place(server)
    lab.govc("vm.disk.create", "-vm", vm, "-ds", datastore, "-name", f"{server.id}/added", "-size", "1G")
    before = disks(lab, vm)
    file = before[-1]["backing"]["fileName"]
    ref = ("--remote-source", f"source-vm={server.id}", "--remote-source", f"source-name={file}")
    manage = ("--host", HOST, "--non-bootable", *ref)

    assert "volume_manage" in lab.openstack("volume", "create", *manage, "not-allowed").stderr
    give_admin_a_role_in(lab, "demo")
    theirs = lab.openstack_json("volume", "create", *manage, f"theirs-{uuid.uuid4()}", as_cloud="admin")["id"]
    get = lab.admin.block_storage.get_volume
    lab.until(lambda: get(theirs).status == "error", "another project's manage to be refused", SECONDS)
    assert "is not of project" in get(theirs).metadata["polyvisor:refused"]
    lab.admin.block_storage.delete_volume(theirs)

    volume = volumes.create(*manage, project="demo")
    run(lab, "server", "add", "volume", server.id, volume)
    volumes.wait(volume, "in-use")
    assert disks(lab, vm) == before

    lab.delete(server)
    volumes.wait(volume, "available")
    (disk,) = disks(lab, find(lab, f"volume-{volume}"))
    assert disk["backing"]["fileName"].endswith(f"volume-{volume}/volume-{volume}.vmdk")
    assert disk["backing"]["uuid"] == before[-1]["backing"]["uuid"]


def give_admin_a_role_in(lab: Lab, project: str) -> None:
    identity = lab.admin.identity
    role, user = identity.find_role("admin"), identity.find_user("admin")
    identity.assign_project_role_to_user(identity.find_project(project), user, role)
