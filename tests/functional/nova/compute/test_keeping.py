"""Operations on a server that exists keep to its wish, and say so where it does not hold."""

from typing import Any

from pyVmomi import vim

from polyvisor.nova.compute import keeping
from polyvisor.vsphere.task import wait_for_task
from tests.functional.nova.compute.cloud import IMAGE, CloudTest, wait_until


class KeepingTest(CloudTest):
    def setUp(self) -> None:
        super().setUp()
        self.server = self.create(metadata=self.wish(host="esx12", datastore="shared1"))

    def test_resize(self) -> None:
        resized = self._resize()
        self.api.post_server_action(self.server["id"], {"confirmResize": None})
        self.wait_for(self.server, "ACTIVE")

        assert resized["OS-EXT-SRV-ATTR:host"] == "compute1"
        assert self._size() == (1024, 2)
        self._assert_where("esx12", "shared1")
        assert self._said("resize") == []

    def test_revert_of_a_resize(self) -> None:
        before = self.vm_of(self.server)
        files = self.everything()
        self._resize()
        self.api.post_server_action(self.server["id"], {"revertResize": None})
        self.wait_for(self.server, "ACTIVE")

        assert self.vm_of(self.server) == before
        assert self._size() == (512, 1)
        assert self.everything() == files
        self._delete_server(self.server)
        assert self.everything() == self.before

    def test_resize_to_the_other_cluster_changes_nothing(self) -> None:
        """Without PlacementFilter Nova books the other cluster, and the driver refuses."""
        self.scheduler_service.stop()
        self.flags(enabled_filters=["ComputeFilter", "DifferentHostFilter"], group="filter_scheduler")
        self.flags(allow_resize_to_same_host=False)
        self.start_service("scheduler")
        before, files = self.vm_of(self.server), self.everything()
        booked = self._booked()

        self._flavor_big()
        self.api.post_server_action(self.server["id"], {"resize": {"flavorRef": "big"}})
        wait_until(lambda: "cannot take a VM from the cluster of" in str(self._errors("resize")), seconds=60)
        server = self._wait_for_server_parameter(
            self.server, {"status": "ACTIVE", "OS-EXT-STS:task_state": None}, 60
        )

        assert server["OS-EXT-SRV-ATTR:host"] == "compute1"
        assert server["flavor"]["original_name"] == "tiny"
        assert (self.vm_of(self.server), self.everything()) == (before, files)
        assert self._booked() == booked

    def test_rescue_does_not_move(self) -> None:
        self._move_to("esx13")
        self.api.post_server_action(self.server["id"], {"rescue": {"rescue_image_ref": IMAGE}})
        self.wait_for(self.server, "RESCUE")
        self._assert_where("esx13", "shared1")
        assert self._said("rescue") == ["the VM is on host esx13, not on esx12"]

        self.api.post_server_action(self.server["id"], {"unrescue": None})
        self.wait_for(self.server, "ACTIVE")
        self._assert_where("esx13", "shared1")

    def test_rebuild(self) -> None:
        self.api.post_server_action(self.server["id"], {"rebuild": {"imageRef": IMAGE}})
        self._wait_for_server_parameter(self.server, {"status": "ACTIVE", "OS-EXT-STS:task_state": None}, 60)

        self._assert_where("esx12", "shared1")

    def test_rebuild_without_the_host(self) -> None:
        self._maintain("esx12")
        self.api.post_server_action(self.server["id"], {"rebuild": {"imageRef": IMAGE}})
        self._wait_for_server_parameter(self.server, {"status": "ACTIVE", "OS-EXT-STS:task_state": None}, 60)

        vm = self.vm_of(self.server)
        assert vm["host"] != "esx12"
        assert all(file.startswith("[shared1] ") for file in vm["files"])
        (said,) = self._said("rebuild")
        assert said.startswith("built on datastore shared1 only: ")
        assert "maintenance" in said

    def test_unshelve(self) -> None:
        self.flags(shelved_offload_time=0)
        # Where the wish holds nowhere any more, any cluster will do, and each has its own reason.
        (other,) = self.admin_api.get_services(binary="nova-compute", host="compute2")
        self.admin_api.put_service(other["id"], {"status": "disabled"})
        self.api.post_server_action(self.server["id"], {"shelve": None})
        self.wait_for(self.server, "SHELVED_OFFLOADED")
        assert self.vms() == {}
        self._maintain("esx12")

        self.api.post_server_action(self.server["id"], {"unshelve": None})
        self.wait_for(self.server, "ACTIVE")

        assert self.vm_of(self.server)["host"] != "esx12"
        assert "maintenance" in self._said("unshelve")[0]

    def _flavor_big(self) -> None:
        bigger = {"id": "big", "name": "big", "ram": 1024, "vcpus": 2, "disk": 2, "swap": 64}
        self.api.post_flavor({"flavor": bigger | {"OS-FLV-EXT-DATA:ephemeral": 1}})

    def _resize(self) -> dict[str, Any]:
        self._flavor_big()
        self.api.post_server_action(self.server["id"], {"resize": {"flavorRef": "big"}})
        return self.wait_for(self.server, "VERIFY_RESIZE")

    def _size(self) -> tuple[int, int]:
        """Return megabytes of memory and number of CPUs of the VM."""
        (vm,) = self.vms("config.hardware.memoryMB", "config.hardware.numCPU").values()
        return vm["config.hardware.memoryMB"], vm["config.hardware.numCPU"]

    def _errors(self, action: str) -> list[str]:
        return [event.details for event in self.events(self.server, action) if event.result == "Error"]

    def _booked(self) -> dict[str, Any]:
        """Return what Placement has allocated to the server, by compute node."""
        allocations = self._get_allocations_by_server_uuid(self.server["id"])
        return {node: allocation["resources"] for node, allocation in allocations.items()}

    def _assert_where(self, host: str, datastore: str) -> None:
        vm = self.vm_of(self.server)
        assert (vm["host"], vm["power"]) == (host, "poweredOn")
        assert all(file.startswith(f"[{datastore}] ") for file in vm["files"]), vm["files"]

    def _said(self, action: str) -> list[str]:
        return [event.details for event in self.events(self.server, action) if event.event == keeping.EVENT]

    def _maintain(self, host: str) -> None:
        task = self.session.call(self.host(host).EnterMaintenanceMode_Task, 0)
        wait_for_task(self.session, task, timeout=30)

    def _move_to(self, host: str) -> None:
        vm: Any = self.session.call(
            self.session.content.searchIndex.FindByUuid, None, self.server["id"], True, True
        )
        spec = vim.vm.RelocateSpec(host=self.host(host))
        wait_for_task(self.session, self.session.call(vm.RelocateVM_Task, spec), timeout=30)
