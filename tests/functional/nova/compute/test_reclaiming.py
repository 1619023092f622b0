"""vCenter goes away in the middle of a build and its cleanup: what is left is removed when it is back, and
nothing else ever is.
"""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import nova.conf
from nova import context, objects
from oslo_concurrency import lockutils
from pyVmomi import vim

from polyvisor.nova.compute.journal import Journal
from polyvisor.vsphere.inventory import collect
from polyvisor.vsphere.task import wait_for_task
from tests.functional.nova.compute.cloud import IMAGE, CloudTest, wait_until

CONF = nova.conf.CONF
LAST = "ffffffff-ffff-4fff-8fff-ffffffffffff"
"""The record that is looked at last, of a server that Nova does not know."""


class ReclaimingTest(CloudTest):
    def setUp(self) -> None:
        self.stub_out("polyvisor.nova.compute.reclaiming.INTERVAL", 0.2)
        super().setUp()

    def _configure(self) -> None:
        super()._configure()
        self.flags(vcenter_driver_timeout=1, group="polyvisor")
        # Each repetition would wait ten seconds more than the one before.
        self.flags(api_retry_count=0, group="vmware")

    def fail_for_good(self, method: str, action: str) -> dict[str, Any]:
        """Build a server until vCenter takes up this call, and then goes away (`drop`, `hang`)."""
        self.break_method(method=method, delay="500ms")
        wanted = self._build_server(image_uuid=IMAGE, flavor_id=self.flavor, networks="none")
        wanted["metadata"] = self.wish(host="esx11", datastore="shared1")
        server = self.api.post_server({"server": wanted})
        wait_until(self.has_broken, seconds=60)
        self.break_method(method="*", action=action)
        server = self.wait_for(server, "ERROR")
        assert server["OS-EXT-SRV-ATTR:host"] is None
        return server

    def records(self) -> list[str]:
        """Return the servers that the compute services have to go back for."""
        return [path.stem for path in Path(CONF.state_path, "polyvisor-leftovers").rglob("*.json")]

    def begin(self, compute: str, server: str) -> None:
        """Record a build, as if it had begun on this compute service and never ended."""
        (node,) = self.computes[compute].manager.driver.get_available_nodes()
        Journal(node, "cluster").begin(server)

    def wait_for_a_round(self, compute: str) -> None:
        """Wait until all records that a compute service has now have been looked at."""
        self.begin(compute, LAST)
        wait_until(lambda: f"{LAST} that failed may have left" in self.log(), seconds=60)

    def log(self) -> str:
        return str(self.stdlog.logger.output)


class LeftTest(ReclaimingTest):
    def assert_reclaimed(self) -> None:
        wait_until(lambda: not self.records(), seconds=60)
        assert self.everything() == self.before

    def test_dropped_from_the_power_on_on(self) -> None:
        server = self.fail_for_good("PowerOnVM_Task", "drop")

        with lockutils.lock(server["id"]):  # as Nova does while it builds or deletes the server
            self.mend()
            assert self.vm_of(server)["power"] == "poweredOn"
            self.wait_for_a_round("compute1")
            assert self.vm_of(server)["power"] == "poweredOn"
        wait_until(lambda: self.records() == [LAST], seconds=60)

        assert self.everything() == self.before

    def test_hung_from_the_creation_on(self) -> None:
        server = self.fail_for_good("CreateVM_Task", "hang")
        assert self.records() == [server["id"]]

        self.mend()
        self.assert_reclaimed()

    def test_hung_while_the_disk_is_copied(self) -> None:
        self.fail_for_good("CopyVirtualDisk_Task", "hang")

        self.mend()
        self.assert_reclaimed()

    def test_hung_while_the_image_is_imported(self) -> None:
        self.fail_for_good("HttpNfcLeaseComplete", "hang")

        self.mend()
        self.assert_reclaimed()

    def test_deleted_while_vcenter_is_away(self) -> None:
        server = self.fail_for_good("PowerOnVM_Task", "drop")
        self._delete_server(server)
        assert self.records() == [server["id"]]

        self.mend()
        self.assert_reclaimed()

    def test_back_only_after_a_restart(self) -> None:
        server = self.fail_for_good("PowerOnVM_Task", "drop")
        self.computes["compute1"].stop()
        self.mend()
        assert self.vm_of(server)["power"] == "poweredOn"

        self.flags(cluster_name="cluster1", group="vmware")
        self.restart_compute_service(self.computes["compute1"])
        self.assert_reclaimed()

    def test_a_build_that_ends_leaves_no_record(self) -> None:
        self.create()
        self.break_method(method="PowerOnVM_Task", fault="InsufficientResourcesFault")
        self.create("ERROR")

        assert self.records() == []

    def test_not_built_elsewhere_while_vcenter_may_still_create_the_vm(self) -> None:
        """Two VMs of one UUID would be in each other's way."""
        creation = self.creation()
        self.break_method(method="PowerOnVM_Task", fault="InsufficientResourcesFault")
        server = self.create("ERROR")
        self.mend()
        assert "Could not clean up failed build, not rescheduling" in self.log()
        assert self.records() == [server["id"]]

        self.session.call(creation.SetTaskState, "success")
        self.assert_reclaimed()

    def test_deleted_although_vcenter_creates_vms(self) -> None:
        server = self.create()
        creation = self.creation()
        self.api.post_server_action(server["id"], {"os-resetState": {"state": "error"}})
        self._delete_server(self.api.get_server(server["id"]))
        assert self.records() == [server["id"]]

        self.session.call(creation.SetTaskState, "success")
        self.assert_reclaimed()

    def creation(self) -> Any:
        """Begin a task that creates a VM, as vCenter shows it, and does not end."""
        content = self.session.content
        kind = vim.Extension.TaskTypeInfo(taskID="Folder.createVm")
        extension = vim.Extension(
            key="tester",
            version="1",
            description=vim.Description(label="", summary=""),
            lastHeartbeatTime=datetime.now(UTC),
            taskList=[kind],
        )
        self.session.call(content.extensionManager.RegisterExtension, extension)
        task = self.session.call(
            content.taskManager.CreateTask, content.rootFolder, "Folder.createVm", "tester", cancelable=False
        ).task
        self.session.call(task.SetTaskState, "running")
        return task


class KeptTest(ReclaimingTest):
    def setUp(self) -> None:
        super().setUp()
        self.good = self.create(metadata=self.wish(host="esx21", datastore="shared1"))
        self.all = self.everything()

    def assert_kept(self, compute: str, because: str = "") -> None:
        self.begin(compute, self.good["id"])
        self.wait_for_a_round(compute)

        assert self.everything() == self.all
        assert self.vm_of(self.good)["power"] == "poweredOn"
        assert set(self.records()) == {self.good["id"], LAST}
        assert because in self.log()

    def in_nova(self, **values: Any) -> None:
        """Make Nova's database say something else of the good server; without a host, if `host` is None."""
        if "host" in values:
            values |= {"node": None, "compute_id": None}
        with context.target_cell(context.get_admin_context(), self.cell_mappings["cell1"]) as cell:
            instance = objects.Instance.get_by_uuid(cell, self.good["id"])
            instance.update(values)
            instance.save()

    def test_a_server_that_was_built_in_the_other_cluster(self) -> None:
        self.assert_kept("compute1", "the server lives on another host")

    def test_a_server_that_is_here(self) -> None:
        self.assert_kept("compute2")

    def test_a_server_that_is_on_its_way_to_another_host(self) -> None:
        self.in_nova(host=None, launched_at=None, vm_state="building", task_state="scheduling")
        self.assert_kept("compute2")

    def test_a_vm_in_the_other_cluster_of_a_server_that_seems_to_have_failed(self) -> None:
        self.in_nova(host=None, launched_at=None, vm_state="error")
        self.assert_kept("compute1", "is in another cluster")

    def test_a_server_that_can_be_brought_back(self) -> None:
        self.in_nova(host=None, vm_state="shelved_offloaded")
        self.assert_kept("compute2", "the server has run")

    def test_a_server_that_nova_does_not_know(self) -> None:
        self.reconfigure(
            instanceUuid=LAST, extraConfig=[vim.option.OptionValue(key="nvp.vm-uuid", value=LAST)]
        )
        self.wait_for_a_round("compute2")

        assert self.everything() == self.all
        assert "Nova does not know the server" in self.log()

    def test_a_vm_that_nova_did_not_make(self) -> None:
        """As an adoption that failed would leave it: a production VM with the UUIDs of the server."""
        self.in_nova(host=None, launched_at=None, vm_state="error")
        self.reconfigure(managedBy=vim.ext.ManagedByInfo(extensionKey="", type=""))
        self.assert_kept("compute2", "was not made by Nova")

    def test_a_vm_that_bears_the_uuid_of_another(self) -> None:
        self.in_nova(host=None, launched_at=None, vm_state="error")
        self.reconfigure(extraConfig=[vim.option.OptionValue(key="nvp.vm-uuid", value=LAST)])
        self.assert_kept("compute2", "nvp.vm-uuid")

    def reconfigure(self, **changes: Any) -> None:
        found = collect(self.session, vim.VirtualMachine, ["config.instanceUuid"])
        moref = next(m for m, vm in found.items() if vm["config.instanceUuid"] == self.good["id"])
        vm = self.session.managed_object(vim.VirtualMachine, moref)
        task = self.session.call(vm.ReconfigVM_Task, vim.vm.ConfigSpec(**changes))
        wait_for_task(self.session, task, timeout=20)
