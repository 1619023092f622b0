"""A VM that is there is adopted: REST, our filter, Nova's creation, scheduler and manager, the simulator."""

from datetime import UTC, datetime, timedelta
from typing import Any

from nova import context, objects
from nova.virt.vmwareapi import vm_util
from pyVmomi import vim

from polyvisor.vsphere import ticket
from polyvisor.vsphere.adoption import read_machine
from tests.functional.nova.compute.adoption import PROJECT, AdoptedCloud, Found
from tests.functional.nova.compute.cloud import wait_until


class AdoptionTest(AdoptedCloud):
    def test_adopted_in_place_and_released_as_found(self) -> None:
        server = self.adopt(self.found)

        assert server["name"] == self.found.machine.name
        assert server["OS-EXT-SRV-ATTR:host"] == "compute1"
        assert self.changed(self.found) == []
        machine = read_machine(self.session, self.found.vm)
        assert (machine.instance_uuid, machine.power_state) == (server["id"], "poweredOn")
        assert machine.ticket is None
        assert machine.record is not None

        self.release(server)
        assert self.changed(self.found, exact=True) == []
        assert self.power_of(self.found) == "poweredOn"
        again = self.adopt(self.found)
        self.release(again)
        assert self.changed(self.found, exact=True) == []

    def test_a_vm_that_is_off_stays_off(self) -> None:
        vm = self.session.managed_object(vim.VirtualMachine, self.found.vm)
        self.wait_for_vcenter(vm.PowerOffVM_Task)
        found = self.look("poweredOff")
        server = self.adopt(found, "SHUTOFF")
        assert self.power_of(found) == "poweredOff"
        self.act(server, **{"os-start": None})
        self.wait_for(server, "ACTIVE")
        self.act(server, **{"os-stop": None})
        self.wait_for(server, "SHUTOFF")

        # Started in vCenter: Nova would stop it again.
        self.wait_for_vcenter(vm.PowerOnVM_Task)
        self.computes["compute1"].manager._sync_power_states(context.get_admin_context())
        self.wait_for(server, "ACTIVE")
        assert self.power_of(found) == "poweredOn"
        self.wait_for_vcenter(vm.PowerOffVM_Task)
        self.release(server)
        assert self.changed(found, exact=True) == []

    def test_refused_before_anything_is_made(self) -> None:
        machine, good = self.found.machine, self.request(self.found)
        other = self.session.managed_object(vim.VirtualMachine, self.found.vm)
        port = self.port(self.found)
        for change, code, reason in (
            ({"ticket": "wrong"}, 403, "ticket"),
            ({"ticket": good["ticket"], "project_id": "another"}, 403, "ticket"),
            ({"vm": f"{self.vcenter_uuid}:vm-999999"}, 409, "vm-999999"),
            ({"vm": f"{machine.instance_uuid}:{self.found.vm}"}, 400, "No compute service manages vCenter"),
            ({"instance_uuid": self.vcenter_uuid}, 409, "instance UUID"),
            ({"flavor": self.flavor}, 400, "flavor"),
            ({"flavor": "no-such"}, 400, "no-such"),
            ({"ports": [port | {"nic": 1}]}, 400, "no network adapter 1"),
            ({"ports": [port | {"port": self.vcenter_uuid}]}, 400, "no port"),
            ({"volumes": [self.vcenter_uuid]}, 409, "has no disk in this vCenter"),
            ({"vm": "vm-1"}, 400, "vm"),
        ):
            assert self.refused(self.found, **{"ticket": good["ticket"]} | change)[0] == code, change
            assert reason in self.refused(self.found, **{"ticket": good["ticket"]} | change)[1]
        self.neutron._ports[port["port"]]["mac_address"] = "00:50:56:00:00:01"
        assert "00:50:56:00:00:01" in self.refused(self.found, ports=[port])[1]

        old = self.request(self.found)["ticket"]
        ticket.issue(self.session, self.found.vm, instance_uuid=machine.instance_uuid, project="x")
        assert self.refused(self.found, ticket=old)[0] == 403
        self.wait_for_vcenter(other.SuspendVM_Task)
        assert self.refused(self.found)[1].count("suspended")
        assert self.admin_api.get_servers(detail=False) == []
        assert self.changed(self.found, exact=True) == []

    def test_a_ticket_is_good_once(self) -> None:
        good = self.request(self.found)["ticket"]
        server = self.adopt(self.found, ticket=good)
        uuid = read_machine(self.session, self.found.vm).instance_uuid
        assert "is, or is a copy of" in self.refused(self.found, ticket=good, instance_uuid=uuid)[1]
        self.release(server)
        assert self.refused(self.found, ticket=good)[0] == 403

    def test_cinder_is_told_of_the_vm_when_it_is_the_servers(self) -> None:
        server = self.adopt(self.found)
        admin = context.get_admin_context()
        with context.target_cell(admin, self.cell_mappings["cell1"]) as cell:
            instance = objects.Instance.get_by_uuid(cell, server["id"], expected_attrs=["system_metadata"])
        driver = self.computes["compute1"].driver
        assert driver.get_volume_connector(instance)["instance"] == self.found.vm

        instance.launched_at = None
        instance.obj_reset_changes()
        vm_util.vm_refs_cache_reset()
        # Where Nova begins to look for a VM, which ends with a read of all of them.
        self.break_method(method="FindAllByUuid", fault="InvalidState")
        connector = driver.get_volume_connector(instance)
        assert (connector["instance"], connector["vcenter_uuid"]) == (self.found.vm, self.vcenter_uuid)
        assert not self.has_broken()

    def test_a_port_bound_elsewhere_leaves_the_vm_as_it_was(self) -> None:
        port = self.port(self.found)
        details = self.neutron._ports[port["port"]]["binding:vif_details"]
        details |= (
            {"pg_id": "dvportgroup-999"} if "pg_id" in details else {"dvs_port_group_name": "elsewhere"}
        )
        request = self.request(self.found)
        self.neutron._ports[port["port"]]["binding:vif_details"] = details
        server = self.adopt(self.found, "ERROR", ports=[port], ticket=request["ticket"])
        assert "port group" in server["fault"]["message"]
        assert self.changed(self.found, exact=True) == []
        self._delete_server(server)
        assert self.changed(self.found, exact=True) == []

    def test_what_vcenter_refuses_leaves_the_vm_as_it_was(self) -> None:
        request = self.request(self.found)
        self.break_method(method="ReconfigVM_Task", fault="InvalidState")
        server = self.adopt(self.found, "ERROR", ticket=request["ticket"])
        self.mend()
        assert self.changed(self.found, exact=True) == []
        # The ticket was not used.
        self._delete_server(server)
        server = self.adopt(self.found, ticket=request["ticket"])
        self.release(server)
        assert self.changed(self.found, exact=True) == []


class UsedTest(AdoptedCloud):
    def test_counted_and_metered_as_any_server(self) -> None:
        machine = self.found.machine
        self.flags(cores=machine.cpus - 1, group="quota")
        code, reason = self.refused(self.found)
        assert (code, "cores" in reason) == (403, True)
        self.flags(cores=machine.cpus, group="quota")
        server = self.adopt(self.found)

        limits = self.api.get_limits()["absolute"]
        assert limits["totalInstancesUsed"] == 1
        assert (limits["totalCoresUsed"], limits["totalRAMUsed"]) == (machine.cpus, machine.memory_mb)
        (booked,) = self._get_allocations_by_server_uuid(server["id"]).values()
        size = {"VCPU": machine.cpus, "MEMORY_MB": machine.memory_mb, "DISK_GB": self.root_gb(self.found)}
        assert booked["resources"] == size
        # Nova meters whole seconds.
        wait_until(lambda: bool(self.usages()), seconds=60)
        (metered,) = self.usages()
        assert (metered["instance_id"], metered["vcpus"]) == (server["id"], machine.cpus)
        assert metered["memory_mb"] == machine.memory_mb

        self.release(server)
        assert self.api.get_limits()["absolute"]["totalInstancesUsed"] == 0
        assert self._get_allocations_by_server_uuid(server["id"]) == {}

    def usages(self) -> list[dict[str, Any]]:
        """Return what Nova has metered of today's servers."""
        today = datetime.now(UTC)
        start, end = (f"{day:%Y-%m-%dT00:00:00}" for day in (today, today + timedelta(days=1)))
        url = f"/os-simple-tenant-usage/{PROJECT}?start={start}&end={end}"
        return list(self.admin_api.api_get(url).body["tenant_usage"].get("server_usages", ()))

    def test_a_resize_leaves_disks_shares_and_annotation_alone(self) -> None:
        # Nova would take this disk for a swap disk of its own, and delete it.
        self.add_disk(self.found, "swap.vmdk")
        shares = vim.SharesInfo(level="high", shares=0)
        allocation = vim.ResourceAllocationInfo(reservation=100, limit=-1, shares=shares)
        self.reconfigure(self.found, vim.vm.ConfigSpec(cpuAllocation=allocation, annotation="theirs"))
        found = self.look("poweredOn")
        server = self.adopt(found)
        larger = {"id": "larger", "name": "larger", "ram": found.machine.memory_mb + 4}
        self.admin_api.post_flavor(
            {"flavor": larger | {"vcpus": found.machine.cpus, "disk": self.root_gb(found)}}
        )

        self.act(server, resize={"flavorRef": "larger"})
        self.wait_for(server, "VERIFY_RESIZE")
        assert [line.partition(":")[0] for line in self.changed(found)] == ["config.hardware.memoryMB"]
        self.act(server, revertResize=None)
        self.wait_for(server, "ACTIVE")
        assert self.changed(found) == []

        self.act(server, resize={"flavorRef": "larger"})
        self.wait_for(server, "VERIFY_RESIZE")
        self.act(server, confirmResize=None)
        self.wait_for(server, "ACTIVE")
        assert "Resize it back" in self.conflict(server, **{"os-server-release": {}})
        self.act(server, **{"os-server-release": {"force": True}})
        self._wait_until_deleted(server)
        assert [line.partition(":")[0] for line in self.changed(found, exact=True)] == [
            "config.hardware.memoryMB"
        ]

    def test_a_nic_stays_when_its_port_is_deleted(self) -> None:
        server = self.adopt(self.found)
        port = self.neutron._ports.pop(self.neutron.port_1["id"])
        event = {"name": "network-vif-deleted", "server_uuid": server["id"], "tag": port["id"]}
        self.admin_api.api_post("/os-server-external-events", {"events": [event]})
        self._wait_for_log(f"Port {port['id']} is deleted")
        assert self.changed(self.found) == []

    def add_disk(self, found: Found, name: str) -> None:
        disk = next(device for device in self.devices(found) if isinstance(device, vim.vm.device.VirtualDisk))
        folder = found.machine.disks[0].file.rpartition("/")[0]
        backing = vim.vm.device.VirtualDisk.FlatVer2BackingInfo(
            fileName=f"{folder}/{name}", diskMode="persistent", thinProvisioned=True
        )
        new = vim.vm.device.VirtualDisk(
            key=-1, controllerKey=disk.controllerKey, unitNumber=9, capacityInKB=1024, backing=backing
        )
        change = vim.vm.device.VirtualDeviceSpec(operation="add", fileOperation="create", device=new)
        self.reconfigure(found, vim.vm.ConfigSpec(deviceChange=[change]))

    def devices(self, found: Found) -> list[Any]:
        vm: Any = self.session.managed_object(vim.VirtualMachine, found.vm)
        return list(self.session.call(lambda: vm.config.hardware.device))
