"""Adopting and releasing single VMs, as an operator does who has accounts of both vCenter and OpenStack."""

import uuid
from typing import Any

from openstack import exceptions
from pyVmomi import vim

from polyvisor.sandbox import inventory
from polyvisor.vsphere import fingerprint, ticket
from polyvisor.vsphere.adoption import Machine, read_machine
from polyvisor.vsphere.inventory import collect
from polyvisor.vsphere.session import Session

_MAPPINGS = "/vmware-port-group-mappings"


class Adopter:
    """What an operator does who has accounts of both vCenter and OpenStack."""

    def __init__(self, lab: Any, session: Session) -> None:
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

    def add_disk(self, machine: Machine) -> tuple[Machine, list[str]]:
        """Add a disk by vCenter; give the VM with it, and the words by which Cinder manages the disk."""
        path = self.lab.govc("find", "/", "-type", "m", "-name", machine.name).strip()
        store = machine.disks[0].file.partition("]")[0].removeprefix("[")
        name = f"{machine.name}/{uuid.uuid4()}"
        self.lab.govc("vm.disk.create", "-vm", path, "-ds", store, "-name", name, "-size", "1G")
        larger = read_machine(self.session, machine.moref)
        ref = (f"source-vm={machine.instance_uuid}", f"source-name={larger.disks[-1].file}")
        return larger, [word for each in ref for word in ("--remote-source", each)]

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
