"""What an adopted server can do: all that one can whose VM Nova has made, each thing looked at in vCenter."""

from collections.abc import Iterator
from typing import Any

import pytest
from pyVmomi import vim

from polyvisor.sandbox import inventory
from polyvisor.vsphere import fingerprint
from polyvisor.vsphere.adoption import Machine, read_machine
from polyvisor.vsphere.inventory import collect
from polyvisor.vsphere.snapshot import read_snapshots
from tests.e2e.adopter import Adopter
from tests.e2e.conftest import Lab
from tests.e2e.test_volume import HOST, give_admin_a_role_in
from tests.e2e.volumes import Volumes, disks, find

OWN = "e2e-own"


class Adopted:
    """A server that was adopted, and its VM."""

    def __init__(self, lab: Lab, adopter: Adopter) -> None:
        self.lab, self.adopter = lab, adopter
        self.found = adopter.vm()
        self.path = lab.govc("find", "/", "-type", "m", "-name", self.found.name).strip()
        lab.govc("snapshot.create", "-vm", self.path, "before adoption")
        self.before = adopter.look(self.found)
        self.server = adopter.adopt(self.found)

    @property
    def vm(self) -> Machine:
        """The VM as it is now."""
        return read_machine(self.adopter.session, self.found.moref)

    def changed(self) -> list[str]:
        return fingerprint.difference(self.before, self.adopter.look(self.found))

    def run(self, *words: str, as_cloud: str = "demo") -> str:
        """Run a command of `openstack`, which must succeed."""
        done = self.lab.openstack(*words, as_cloud=as_cloud)
        assert done.returncode == 0, done.stderr
        return str(done.stdout)

    def snapshots(self) -> list[str]:
        """Names, as the API lists them and as vCenter has them."""
        rows = self.lab.openstack_json("server", "vmware", "snapshot", "list", self.server.id)
        named = [row["Name"] for row in rows]
        assert named == [
            each.name for each in read_snapshots(self.adopter.session, self.found.moref).snapshots
        ]
        return named


@pytest.fixture
def adopted(lab: Lab, adopter: Adopter) -> Iterator[Adopted]:
    made = Adopted(lab, adopter)
    yield made
    if lab.tenant.compute.find_server(made.server.id):
        adopter.release(made.server)
    lab.govc("snapshot.remove", "-vm", made.path, "*")


@pytest.fixture
def port(lab: Lab) -> Iterator[Any]:
    """A port of the tenant's on another network than the VM was found on."""
    made = lab.tenant.network.create_port(network_id=lab.network)
    yield made
    lab.tenant.network.delete_port(made)


def test_ports_volumes_snapshots_and_places(lab: Lab, adopted: Adopted, port: Any, volumes: Volumes) -> None:
    server = adopted.server.id
    assert adopted.snapshots() == ["before adoption"]

    adopted.run("server", "add", "port", server, port.id)
    lab.until(lambda: len(adopted.vm.nics) == 2, "a second NIC")
    [nic] = [nic for nic in adopted.vm.nics if nic.mac == port.mac_address]
    bound = lab.admin.network.get_port(port.id)
    assert (bound.binding_vif_details["pg_id"], bound.status) == (nic.network, "ACTIVE")
    adopted.run("server", "remove", "port", server, port.id)
    lab.until(lambda: adopted.vm.nics == adopted.found.nics, "the NIC to be removed")

    volume = volumes.create("--size", "1")
    adopted.run("server", "add", "volume", server, volume)
    volumes.wait(volume, "in-use")
    assert f"volume-{volume}" in disks(lab, adopted.path)[-1]["backing"]["fileName"]
    adopted.run("server", "remove", "volume", server, volume)
    volumes.wait(volume, "available")
    assert adopted.changed() == []

    adopted.run("server", "vmware", "snapshot", "revert", "--wait", server, "before adoption")
    assert lab.tenant.compute.get_server(server).status == "ACTIVE"
    # The snapshot has another identity, and no record of the adoption.
    now = adopted.vm
    assert (now.instance_uuid, now.record is not None, now.nics) == (server, True, adopted.found.nics)
    adopted.run("server", "vmware", "snapshot", "delete", "--wait", server, "before adoption")
    assert adopted.snapshots() == []

    host, store = other_place(lab, adopted)
    to = ("--host", host, "--datastore", store)
    adopted.run("server", "vmware", "migrate", "--wait", *to, server, as_cloud="admin")
    assert lab.place(adopted.server) == (host, [store])

    adopted.adopter.release(adopted.server)
    now = adopted.vm
    assert (now.instance_uuid, now.nics) == (adopted.found.instance_uuid, adopted.found.nics)
    assert (now.power_state, now.record) == ("poweredOn", None)


@pytest.fixture
def own(lab: Lab, adopter: Adopter) -> Iterator[Machine]:
    """A VM that only this test has, and that it may delete: a copy."""
    source = lab.govc("find", "/", "-type", "m", "-name", adopter.vm().name).strip()
    place = ("-ds", "shared1", "-pool", "/dc1/host/cluster1/Resources")
    lab.govc("vm.clone", "-vm", source, "-on=true", *place, OWN)
    names = collect(adopter.session, vim.VirtualMachine, ["name"])
    yield read_machine(adopter.session, next(key for key, each in names.items() if each["name"] == OWN))
    if left := lab.govc("find", "/", "-type", "m", "-name", OWN).strip():
        lab.govc("vm.destroy", left)


def test_deleted_when_its_owner_allows_it_without_its_volumes(
    lab: Lab, adopter: Adopter, own: Machine, volumes: Volumes
) -> None:
    machine, remote = adopter.add_disk(own)
    give_admin_a_role_in(lab, "demo")
    volume = volumes.create("--host", HOST, "--non-bootable", *remote, project="demo")
    server = lab.wait(adopter.begin(machine, volumes=[volume]), "ACTIVE")
    volumes.wait(volume, "in-use")

    refused = lab.openstack("server", "delete", server.id)
    assert "vmware:delete=allowed" in refused.stderr
    assert lab.openstack("server", "set", "--property", "vmware:delete=allowed", server.id).returncode == 0
    lab.delete(server)

    assert lab.govc("find", "/", "-type", "m", "-name", OWN) == ""
    volumes.wait(volume, "available")
    (disk,) = disks(lab, find(lab, f"volume-{volume}"))
    store, _, file = disk["backing"]["fileName"].removeprefix("[").partition("] ")
    assert lab.govc("datastore.ls", "-ds", store, file)


def other_place(lab: Lab, adopted: Adopted) -> tuple[str, str]:
    """Another host of the VM's cluster, and another datastore that all of them have."""
    compute = adopted.adopter.compute_of(adopted.found)
    number = next(n for n, each in enumerate(inventory.CLUSTERS, 1) if each.compute == compute)
    host, stores = lab.place(adopted.server)
    other = next(name for name in (f"esx{number}2", f"esx{number}3") if name != host)
    return other, next(name for name in ("shared1", f"cluster{number}-ssd") if name not in stores)
