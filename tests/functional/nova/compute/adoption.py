"""A cloud with VMs that were there before it, one of which is adopted."""

from dataclasses import dataclass
from typing import Any

import pytest
from oslo_utils import units
from pyVmomi import vim

from polyvisor.vsphere import fingerprint, ticket
from polyvisor.vsphere.adoption import Machine, read_machine
from polyvisor.vsphere.inventory import collect
from polyvisor.vsphere.task import wait_for_task
from tests.functional.nova.compute.cloud import ApiError, CloudTest, wait_until

PROJECT = "6f70656e737461636b20342065766572"


@dataclass
class Found:
    """A VM that is to be adopted, as it was found."""

    machine: Machine
    before: fingerprint.Fingerprint

    @property
    def vm(self) -> str:
        return self.machine.moref


class AdoptedCloud(CloudTest):
    """What is needed to adopt VMs, and to see that they stay as they are."""

    def setUp(self) -> None:
        super().setUp()
        self.vcenter_uuid = str(self.session.content.about.instanceUuid)
        self.found = self.look("poweredOn")

    def look(self, power: str) -> Found:
        """Return a VM of cluster1 in a power state, with one NIC."""
        vms = collect(self.session, vim.VirtualMachine, ["name", "config.instanceUuid"])
        for key in sorted(vms):
            machine = read_machine(self.session, key)
            if machine.power_state == power and self._cluster(machine) == "cluster1":
                return Found(machine, fingerprint.read(self.session, [key])[key])
        raise AssertionError(f"there is no VM that is {power}")

    def _cluster(self, machine: Machine) -> str:
        clusters = collect(self.session, vim.ClusterComputeResource, ["name"])
        return str(clusters[machine.cluster or ""]["name"])

    def port(self, found: Found, number: int = 0) -> dict[str, Any]:
        """Return the NIC as the request names it, and give Neutron a port of its address on its network."""
        nic = found.machine.nics[number]
        details = {"pg_id": nic.network, "dvs_id": nic.switch_uuid}
        if nic.backing == "standard":
            details = {"dvs_port_group_name": nic.network, "switch_type": "vss"}
        port = self.neutron._ports[self.neutron.port_1["id"]]
        port |= {"binding:vif_type": "dvs", "binding:vif_details": details, "mac_address": nic.mac}
        port["project_id"] = PROJECT
        return {"port": port["id"], "nic": nic.key}

    def shape(self, found: Found) -> str:
        """Return the id of a flavor of the VM's size."""
        machine = found.machine
        name = f"{machine.cpus}-{machine.memory_mb}"
        flavor: dict[str, Any] = {"id": name, "name": name, "ram": machine.memory_mb, "vcpus": machine.cpus}
        flavor["disk"] = self.root_gb(found)
        if name not in {each["id"] for each in self.admin_api.get_flavors()}:
            self.admin_api.post_flavor({"flavor": flavor})
        return name

    def root_gb(self, found: Found) -> int:
        return -(-found.machine.disks[0].capacity_bytes // units.Gi)

    def request(self, found: Found, **changes: Any) -> dict[str, Any]:
        """Return the request, with a new ticket if none is given."""
        uuid = found.machine.instance_uuid
        if "ticket" not in changes:
            changes["ticket"] = ticket.issue(
                self.session, found.vm, instance_uuid=uuid, project=changes.get("project_id", PROJECT)
            )
        return {
            "name": found.machine.name,
            "vm": f"{self.vcenter_uuid}:{found.vm}",
            "instance_uuid": uuid,
            "flavor": self.shape(found),
            "ports": changes.get("ports") or [self.port(found)],
        } | changes

    def post(self, found: Found, **changes: Any) -> dict[str, Any]:
        answer = self.admin_api.api_post("/os-server-adopt", {"server": self.request(found, **changes)})
        assert answer.status == 202
        return dict(answer.body["server"])

    def adopt(self, found: Found, state: str = "ACTIVE", **changes: Any) -> dict[str, Any]:
        """Adopt a VM and wait for the server."""
        return self.wait_for(self.post(found, **changes), state)

    def refused(self, found: Found, **changes: Any) -> tuple[int, str]:
        with pytest.raises(ApiError) as error:
            self.post(found, **changes)
        return error.value.response.status_code, str(error.value)

    def act(self, server: dict[str, Any], **action: Any) -> None:
        self.admin_api.post_server_action(server["id"], action)

    def conflict(self, server: dict[str, Any], **action: Any) -> str:
        with pytest.raises(ApiError) as error:
            self.act(server, **action)
        assert error.value.response.status_code == 409, error.value
        return str(error.value)

    def release(self, server: dict[str, Any]) -> None:
        """Release a server, whatever its state, and wait until Nova has forgotten it."""
        self.act(server, **{"os-server-release": {}})
        wait_until(lambda: server["id"] not in self.servers(), seconds=60)

    def servers(self) -> set[str]:
        """Return the ids of all servers that Nova knows."""
        return {each["id"] for each in self.admin_api.get_servers(detail=False)}

    def now(self, found: Found) -> fingerprint.Fingerprint:
        return fingerprint.read(self.session, [found.vm])[found.vm]

    def changed(self, found: Found, *, exact: bool = False) -> list[str]:
        """Say what of the VM is otherwise than it was found."""
        return fingerprint.difference(found.before, self.now(found), exact=exact)

    def reconfigure(self, found: Found, spec: vim.vm.ConfigSpec) -> None:
        self.wait_for_vcenter(self.session.managed_object(vim.VirtualMachine, found.vm).ReconfigVM_Task, spec)

    def names(self) -> set[str]:
        """Return the names of all VMs, those that were there before among them."""
        return {vm["name"] for vm in collect(self.session, vim.VirtualMachine, ["name"]).values()}

    def wait_for_vcenter(self, method: Any, *arguments: Any) -> None:
        """Call a method of a VM that returns a task, and wait for it."""
        wait_for_task(self.session, self.session.call(method, *arguments), timeout=20)

    def power_of(self, found: Found) -> str:
        return read_machine(self.session, found.vm).power_state
