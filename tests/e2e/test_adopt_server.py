"""A VM that was there before OpenStack becomes a server, is used as one, and is let go of as it was found."""

import os
import signal
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from openstack import exceptions
from pyVmomi import vim

from polyvisor.sandbox import inventory
from polyvisor.vsphere import fingerprint, ticket
from polyvisor.vsphere.adoption import Machine, read_machine
from polyvisor.vsphere.inventory import collect
from polyvisor.vsphere.session import Endpoint, Session
from tests.e2e.conftest import Lab
from tests.e2e.test_volume import HOST, Volumes, give_admin_a_role_in, volumes

__all__ = ["volumes"]

SECONDS = 180
_MAPPINGS = "/vmware-port-group-mappings"


class Adopter:
    """What an operator does who has accounts of both vCenter and OpenStack."""

    def __init__(self, lab: Lab, session: Session) -> None:
        self.lab = lab
        self.session = session
        self.compute = lab.admin.compute
        self.project = lab.admin.identity.find_project("demo").id
        self.vcenter = str(session.content.about.instanceUuid)
        self.made: list[Any] = []

    def vm(self) -> Machine:
        """Find a running VM with one NIC, which is on the distributed switch."""
        groups = collect(self.session, vim.dvs.DistributedVirtualPortgroup, ["name"])
        for key in sorted(collect(self.session, vim.VirtualMachine, ["name"])):
            machine = read_machine(self.session, key)
            free = machine.power_state == "poweredOn" and not (machine.record or machine.managed_by)
            if free and [nic.network in groups for nic in machine.nics] == [True]:
                return machine
        raise AssertionError("there is no such VM")

    def look(self, machine: Machine) -> fingerprint.Fingerprint:
        return fingerprint.read(self.session, [machine.moref])[machine.moref]

    def port(self, machine: Machine) -> str:
        """Make a port of the NIC's address, on the network of the port group that the NIC is on."""
        (nic,) = machine.nics
        port = self.lab.admin.network.create_port(
            network_id=self._network(machine, nic.network),
            project_id=self.project,
            mac_address=nic.mac,
            security_groups=[],
        )
        self.made.append((self.lab.admin.network.delete_port, port.id))
        return str(port.id)

    def _network(self, machine: Machine, key: str) -> str:
        """Find or make the network. It stays: Neutron gives a VLAN to no other while VMs are on it."""
        group: Any = self.session.managed_object(vim.dvs.DistributedVirtualPortgroup, key)
        name, vlan = self.session.call(lambda: (group.name, group.config.defaultPortConfig.vlan.vlanId))
        if found := self.lab.admin.network.find_network(f"e2e-{name}"):
            return str(found.id)
        network = self.lab.admin.network.create_network(
            name=f"e2e-{name}",
            project_id=self.project,
            provider_network_type="vlan",
            provider_physical_network="physnet1",
            provider_segmentation_id=vlan,
        )
        self.lab.admin.network.create_subnet(
            network_id=network.id,
            project_id=self.project,
            ip_version=4,
            cidr="192.0.2.0/24",
            enable_dhcp=False,
        )
        asked = {"network_id": network.id, "compute_host": self.compute_of(machine), "port_group": name}
        answer = self.lab.admin.network.post(_MAPPINGS, json={"vmware_port_group_mapping": asked})
        exceptions.raise_from_response(answer)
        return str(network.id)

    def compute_of(self, machine: Machine) -> str:
        clusters = collect(self.session, vim.ClusterComputeResource, ["name"])
        name = clusters[machine.cluster or ""]["name"]
        return next(cluster.compute for cluster in inventory.CLUSTERS if cluster.name == name)

    def flavor(self, machine: Machine) -> str:
        made = self.compute.create_flavor(
            name=f"e2e-{machine.name}", vcpus=machine.cpus, ram=machine.memory_mb, disk=1, is_public=True
        )
        self.made.append((self.compute.delete_flavor, made.id))
        return str(made.id)

    def begin(self, machine: Machine, **changes: Any) -> Any:
        """Ask for a VM to be adopted into the tenant's project; give the server."""
        (nic,) = machine.nics
        server = {
            "name": machine.name,
            "project_id": self.project,
            "vm": f"{self.vcenter}:{machine.moref}",
            "instance_uuid": machine.instance_uuid,
            "ticket": changes.get("ticket") or self.ticket(machine),
            "flavor": self.flavor(machine),
            "ports": [{"port": self.port(machine), "nic": nic.key}],
        }
        answer = self.compute.post("/os-server-adopt", json={"server": server | changes})
        exceptions.raise_from_response(answer)
        return self.lab.tenant.compute.get_server(answer.json()["server"]["id"])

    def ticket(self, machine: Machine) -> str:
        uuid = machine.instance_uuid
        return ticket.issue(self.session, machine.moref, instance_uuid=uuid, project=self.project)

    def adopt(self, machine: Machine) -> Any:
        return self.lab.wait(self.begin(machine), "ACTIVE")

    def release(self, server: Any) -> None:
        command = ("server", "vmware", "release", "--all-projects", "--wait", server.id)
        done = self.lab.openstack(*command, as_cloud="admin")
        assert done.returncode == 0, done.stderr
        assert self.lab.tenant.compute.find_server(server.id) is None

    def power(self, machine: Machine) -> str:
        return read_machine(self.session, machine.moref).power_state

    def clean_up(self) -> None:
        for delete, thing in reversed(self.made):
            delete(thing)


@pytest.fixture
def session(lab: Lab) -> Iterator[Session]:
    made = Session(
        Endpoint(
            host="127.0.0.1",
            port=lab.settings.ports["vcenter"],
            username=inventory.USERNAME,
            password=lab.settings.secrets["vcenter"],
            ca_file=str(lab.settings.ca_file),
        )
    )
    yield made
    made.close()


@pytest.fixture
def adopter(lab: Lab, session: Session) -> Iterator[Adopter]:
    made = Adopter(lab, session)
    yield made
    made.clean_up()


def test_adopted_used_and_released_as_found(lab: Lab, adopter: Adopter, servers: list[Any]) -> None:
    machine = adopter.vm()
    before = adopter.look(machine)
    server = adopter.adopt(machine)

    assert fingerprint.difference(before, adopter.look(machine)) == []
    assert adopter.power(machine) == "poweredOn"
    assert server.addresses
    with pytest.raises(exceptions.ConflictException, match="vmware:delete=allowed"):
        lab.tenant.compute.delete_server(server)

    # As any server.
    lab.tenant.compute.stop_server(server)
    lab.wait(server, "SHUTOFF")
    assert adopter.power(machine) == "poweredOff"
    lab.tenant.compute.start_server(server)
    lab.wait(server, "ACTIVE")
    lab.tenant.compute.reboot_server(server, "HARD")
    lab.wait(server, "ACTIVE")
    for words in (("snapshot", "create", "--wait", server.id, "one"), ("clone", "--wait", server.id, "copy")):
        done = lab.openstack("server", "vmware", *words)
        assert done.returncode == 0, done.stderr
    servers.append(lab.tenant.compute.find_server("copy"))
    (snapshot,) = lab.openstack_json("server", "vmware", "snapshot", "list", server.id)
    done = lab.openstack("server", "vmware", "snapshot", "delete", "--wait", server.id, snapshot["ID"])
    assert done.returncode == 0, done.stderr
    assert lab.openstack_json("console", "url", "show", "--mks", server.id, as_cloud="admin")["url"]

    refused = lab.openstack("server", "vmware", "release", server.id)
    assert "os-server-release" in refused.stderr
    adopter.release(server)
    assert fingerprint.difference(before, adopter.look(machine), exact=True) == []
    assert adopter.power(machine) == "poweredOn"


def test_a_data_disk_is_a_volume_while_adopted(lab: Lab, adopter: Adopter, volumes: Volumes) -> None:
    machine = adopter.vm()
    path = lab.govc("find", "/", "-type", "m", "-name", machine.name).strip()
    store = machine.disks[0].file.partition("]")[0].removeprefix("[")
    lab.govc(
        "vm.disk.create", "-vm", path, "-ds", store, "-name", f"{machine.name}/{uuid.uuid4()}", "-size", "1G"
    )
    machine = read_machine(adopter.session, machine.moref)
    before = adopter.look(machine)
    give_admin_a_role_in(lab, "demo")
    ref = (f"source-vm={machine.instance_uuid}", f"source-name={machine.disks[-1].file}")
    remote = [word for each in ref for word in ("--remote-source", each)]
    volume = volumes.create("--host", HOST, "--non-bootable", *remote, project="demo")

    server = lab.wait(adopter.begin(machine, volumes=[volume]), "ACTIVE")
    volumes.wait(volume, "in-use")
    assert fingerprint.difference(before, adopter.look(machine)) == []
    adopter.release(server)
    volumes.wait(volume, "available")
    lab.admin.block_storage.unmanage_volume(volume)
    find = lab.tenant.block_storage.find_volume
    lab.until(lambda: find(volume) is None, "the volume to be let go of", SECONDS)
    volumes.made.remove(volume)
    assert fingerprint.difference(before, adopter.look(machine), exact=True) == []


def test_moved_while_adopted_and_released_where_it_is(lab: Lab, adopter: Adopter) -> None:
    machine = adopter.vm()
    server = adopter.adopt(machine)
    here = adopter.compute_of(machine)
    other = next(each.compute for each in inventory.CLUSTERS if each.compute != here)
    lab.admin.compute.live_migrate_server(server.id, host=other, block_migration="auto")
    lab.until(lambda: lab.admin.compute.get_server(server.id).compute_host == other, "the move", SECONDS)
    lab.wait(server, "ACTIVE")
    assert read_machine(adopter.session, machine.moref).cluster != machine.cluster
    adopter.release(server)
    now = read_machine(adopter.session, machine.moref)
    assert (now.power_state, now.instance_uuid, now.record) == ("poweredOn", machine.instance_uuid, None)


def test_killed_in_the_middle_ends_adopted(lab: Lab, adopter: Adopter, faults: Any) -> None:
    """nova-compute is killed while vCenter reconfigures the VM; the next one completes the server."""
    machine = adopter.vm()
    before = adopter.look(machine)
    compute = f"nova-{adopter.compute_of(machine)}"
    proof = adopter.ticket(machine)
    faults([{"method": "ReconfigVM_Task", "object": machine.moref, "delay": "8s"}])
    server = adopter.begin(machine, ticket=proof)
    lab.until(lambda: lab.faults_hit() > 0, "the call", SECONDS)
    os.kill(lab.supervisor.states()[compute]["pid"], signal.SIGKILL)
    faults([])
    lab.until(lambda: lab.admin.compute.get_server(server.id).status == "ACTIVE", "the server", SECONDS)
    assert fingerprint.difference(before, adopter.look(machine)) == []

    faults([{"method": "ReconfigVM_Task", "object": machine.moref, "delay": "8s"}])
    answer = adopter.compute.post(f"/servers/{server.id}/action", json={"os-server-release": {}})
    exceptions.raise_from_response(answer)
    lab.until(lambda: lab.faults_hit() > 0, "the call", SECONDS)
    os.kill(lab.supervisor.states()[compute]["pid"], signal.SIGKILL)
    faults([])
    lab.until(lambda: lab.tenant.compute.find_server(server.id) is None, "the release", SECONDS)
    assert fingerprint.difference(before, adopter.look(machine), exact=True) == []
