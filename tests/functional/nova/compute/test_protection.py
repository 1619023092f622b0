"""Nothing of Nova's destroys the VM of an adopted server, unless its owner has allowed it."""

from typing import Any
from unittest import mock

import pytest
from nova import context, exception, objects
from nova.compute import task_states, vm_states

from polyvisor.nova.compute import orphan
from polyvisor.nova.compute.driver import VMwareVCDriver
from tests.functional.nova.compute.adoption import AdoptedCloud
from tests.functional.nova.compute.cloud import ApiError, wait_until


class ProtectedCloud(AdoptedCloud):
    def setUp(self) -> None:
        super().setUp()
        self.server = self.adopt(self.found)

    def assert_untouched(self) -> None:
        assert self.changed(self.found) == []
        assert self.power_of(self.found) == "poweredOn"

    @property
    def compute(self) -> Any:
        return self.computes["compute1"].manager

    @property
    def driver(self) -> VMwareVCDriver:
        driver = self.compute.driver
        assert isinstance(driver, VMwareVCDriver)
        return driver

    def instance(self) -> objects.Instance:
        with context.target_cell(context.get_admin_context(), self.cell_mappings["cell1"]) as cell:
            return objects.Instance.get_by_uuid(cell, self.server["id"])


class ApiProtectionTest(ProtectedCloud):
    def test_what_would_delete_the_vm_is_refused_with_the_way_out(self) -> None:
        with pytest.raises(ApiError, match="vmware:delete=allowed") as refused:
            self.api.delete_server(self.server["id"])
        assert refused.value.response.status_code == 409
        assert "vmware:delete=allowed" in self.conflict(self.server, forceDelete=None)
        for action in ("shelve", "shelveOffload", "rescue"):
            assert "was adopted" in self.conflict(self.server, **{action: None})
        assert "was adopted" in self.conflict(self.server, rebuild={"imageRef": "any"})
        assert "was adopted" in self.conflict(self.server, evacuate={})
        disk = self.root_gb(self.found) + 1
        larger = {"id": "larger", "name": "larger", "ram": 512, "vcpus": 1, "disk": disk}
        self.admin_api.post_flavor({"flavor": larger})
        assert "root disk" in self.conflict(self.server, resize={"flavorRef": "larger"})
        self.assert_untouched()

    def test_deleted_when_allowed_with_its_own_files_only(self) -> None:
        self.allow()
        self._delete_server(self.server)
        self.assert_removed()

    def test_with_soft_deletion_it_is_off_until_restored_or_reclaimed(self) -> None:
        self.flags(reclaim_instance_interval=3600)
        with pytest.raises(ApiError, match="vmware:delete=allowed"):
            self.api.delete_server(self.server["id"])
        self.allow()
        self.delete_softly()
        self.reclaim()
        assert self.changed(self.found) == []
        assert self.power_of(self.found) == "poweredOff"
        self.act(self.server, restore=None)
        self.wait_for(self.server, "ACTIVE")
        self.assert_untouched()

        self.delete_softly()
        self.flags(reclaim_instance_interval=1)
        wait_until(self.is_removed_by_reclaiming, seconds=60)
        self.assert_removed()

    def allow(self) -> None:
        self.admin_api.post_server_metadata(self.server["id"], {"vmware:delete": "allowed"})

    def delete_softly(self) -> None:
        self.api.delete_server(self.server["id"])
        self.wait_for(self.server, "SOFT_DELETED")

    def reclaim(self) -> None:
        """Do what Nova does every minute."""
        self.compute._reclaim_queued_deletes(context.get_admin_context())

    def is_removed_by_reclaiming(self) -> bool:
        self.reclaim()
        return self.found.machine.name not in self.names()

    def assert_removed(self) -> None:
        assert self.found.machine.name not in self.names()
        assert not [file for file in self.everything() if f"{self.found.machine.name}/" in file]

    def test_a_server_whose_compute_is_down_is_not_deleted_locally(self) -> None:
        self.computes["compute1"].stop()
        self.admin_api.put_service(self.service_id("compute1"), {"forced_down": True})
        with pytest.raises(ApiError) as refused:
            self.api.delete_server(self.server["id"])
        assert refused.value.response.status_code == 409
        self.assert_untouched()

    def service_id(self, host: str) -> str:
        services = self.admin_api.get_services()
        return next(each["id"] for each in services if each["host"] == host)


class LostTest(AdoptedCloud):
    def test_a_server_whose_request_was_lost_is_deleted_and_its_vm_adopted_again(self) -> None:
        with mock.patch("nova.conductor.api.ComputeTaskAPI.schedule_and_build_instances"):
            lost = self.post(self.found)
        assert self.api.get_server(lost["id"])["status"] == "BUILD"
        self.api.delete_server(lost["id"])
        self._wait_until_deleted(lost)
        assert self.power_of(self.found) == "poweredOn"
        self.adopt(self.found)
        assert self.changed(self.found) == []


class DriverProtectionTest(ProtectedCloud):
    """As if the filter were not in Nova's pipeline, or had been passed before."""

    def refused(self, instance: objects.Instance, **arguments: Any) -> None:  # type: ignore[override]
        with pytest.raises(exception.InstancePowerOffFailure, match="adopted"):
            self.driver.destroy(context.get_admin_context(), instance, [], **arguments)
        self.assert_untouched()

    def test_every_way_to_destroy(self) -> None:
        instance = self.instance()
        for task_state in (
            task_states.DELETING,
            task_states.REBUILDING,
            task_states.SHELVING_OFFLOADING,
            task_states.MIGRATING,
            None,
        ):
            instance.task_state = task_state
            self.refused(instance)
            self.refused(instance, destroy_disks=False)
        # The one VM that there is, at the end of a resize, is Nova's to leave alone.
        instance.task_state = task_states.RESIZE_REVERTING
        self.driver.destroy(context.get_admin_context(), instance, [])
        self.assert_untouched()
        # Unlocked, but nobody has deleted it.
        instance.metadata["vmware:delete"] = "allowed"
        for task_state in (task_states.REBUILDING, task_states.SHELVING_OFFLOADING, None):
            instance.task_state = task_state
            self.refused(instance)
        # Whatever is lost of it in Nova's database.
        instance = self.instance()
        instance.system_metadata, instance.task_state = {}, task_states.DELETING
        self.refused(instance)
        for state in (vm_states.ERROR, vm_states.ACTIVE):
            instance.vm_state = state
            self.refused(instance)

    def test_deletion_past_the_api(self) -> None:
        instance = self.instance()
        with mock.patch("polyvisor.nova.api.checks.protection.delete"):
            self.api.delete_server(self.server["id"])
        self.wait_for(self.server, "ERROR")
        self.assert_untouched()
        assert instance.uuid

    def test_a_deleted_server_is_not_reaped(self) -> None:
        instance = self.instance()
        instance.destroy()
        self.flags(running_deleted_instance_action="reap", running_deleted_instance_timeout=0)
        with mock.patch.object(self.compute, "_running_deleted_instances", return_value=[instance]):
            self.compute._cleanup_running_deleted_instances(context.get_admin_context())
        self.assert_untouched()

    def test_nothing_is_reclaimed(self) -> None:
        instance = self.instance()
        with pytest.raises(orphan.NotAnOrphan):
            self.driver._vmops.reclaim(instance)
        with pytest.raises(exception.InstancePowerOffFailure):
            self.driver._vmops.remove(instance)
        self.assert_untouched()
        assert self.driver._journal.servers() == []

    def test_a_failed_migration_leaves_it(self) -> None:
        driver = self.computes["compute2"].manager.driver
        driver.rollback_live_migration_at_destination(context.get_admin_context(), self.instance(), [], {})
        self.assert_untouched()
