"""Nova's own operations on servers with snapshots: its real compute manager, our driver, the simulator."""

from typing import Any

from nova import context
from pyVmomi import vim

from polyvisor.vsphere.session import moref
from polyvisor.vsphere.snapshot import NewSnapshot, Snapshots, read_snapshots, start_create
from polyvisor.vsphere.task import wait_for_task
from tests.functional.nova.compute.cloud import CloudTest, wait_until


class SnapshotTest(CloudTest):
    def setUp(self) -> None:
        super().setUp()
        for name, ram, disk in (("plain", 512, 1), ("more-memory", 1024, 1), ("larger-disk", 512, 2)):
            flavor = {"id": name, "name": name, "ram": ram, "vcpus": 1, "disk": disk}
            self.api.post_flavor({"flavor": flavor})
        self.flavor = "plain"
        self.server = self.create()
        found = self.vms("config.instanceUuid")
        name = next(name for name, vm in found.items() if vm["config.instanceUuid"] == self.server["id"])
        self.vm = self._find(vim.VirtualMachine, name)
        new = NewSnapshot("taken in vCenter", "", memory=False, quiesce=False)
        wait_for_task(self.session, start_create(self.session, moref(self.vm), new), timeout=60)

    def test_a_resize_that_leaves_the_disk_alone(self) -> None:
        before, chain = self._snapshots(), self.vm_of(self.server)["files"]
        self._resize("more-memory")
        assert self.vm_of(self.server)["files"] == chain
        self._act("revertResize")
        assert self.vm_of(self.server)["files"] == chain
        self._resize("more-memory")
        self._act("confirmResize")
        assert self.session.call(lambda: self.vm.config.hardware.memoryMB) == 1024
        assert self._snapshots().snapshots == before.snapshots

        # Back to when it had less memory: the size is Nova's to say.
        path = f"/servers/{self.server['id']}/os-vmware-snapshot/{before.snapshots[0].id}/action"
        self.api.api_post(path, {"revert": {}}, check_response_status=[202])
        self._settled("SHUTOFF")
        assert self.session.call(lambda: self.vm.config.hardware.memoryMB) == 1024
        # Nova's own look at the power states finds nothing to do.
        for service in self.computes.values():
            service.manager._sync_power_states(context.get_admin_context())
        self._act("os-start")
        assert self.vm_of(self.server)["power"] == "poweredOn"

    def test_a_larger_disk_is_refused_by_nova_compute_too(self) -> None:
        """As if the snapshot had come between nova-api's check and the resize."""
        before, files = self._snapshots(), self.everything()
        self.stub_out("polyvisor.nova.api.checks.snapshot._chain", lambda *_args: {})
        self.api.post_server_action(self.server["id"], {"resize": {"flavorRef": "larger-disk"}})
        wait_until(lambda: "hold the disks" in str(self.events(self.server, "resize")), seconds=60)
        self._settled("ACTIVE")
        assert self._snapshots().snapshots == before.snapshots
        assert self.everything() == files

    def _resize(self, flavor: str) -> None:
        self.api.post_server_action(self.server["id"], {"resize": {"flavorRef": flavor}})
        self._settled("VERIFY_RESIZE")

    def _act(self, action: str) -> None:
        self.api.post_server_action(self.server["id"], {action: None})
        self._settled("ACTIVE")

    def _settled(self, status: str) -> dict[str, Any]:
        wanted = {"status": status, "OS-EXT-STS:task_state": None}
        return dict(self._wait_for_server_parameter(self.server, wanted, max_retries=120))

    def _snapshots(self) -> Snapshots:
        return read_snapshots(self.session, moref(self.vm))
