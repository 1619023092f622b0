"""A release that fails half way: the server is as it was, or the next release goes on from there."""

from typing import Any
from unittest import mock

from nova import context, objects
from nova.network import neutron

from tests.functional.nova.compute.adoption import AdoptedCloud


class FailedReleaseTest(AdoptedCloud):
    def setUp(self) -> None:
        super().setUp()
        self.server = self.adopt(self.found)

    def test_refused_by_vcenter_leaves_the_server_as_it_was(self) -> None:
        self.break_method(method="ReconfigVM_Task", fault="InvalidState")
        self.fail_to_release("ACTIVE")
        assert self.changed(self.found) == []
        assert not self.is_queued_for_delete()

        self.mend()
        self.release(self.server)
        assert self.is_queued_for_delete()
        assert self.changed(self.found, exact=True) == []

    def test_refused_when_it_is_planned_again(self) -> None:
        """As if somebody had changed the VM between nova-api's check and the release."""
        with mock.patch("polyvisor.nova.compute.release.against_release", side_effect=[[], ValueError("x")]):
            self.fail_to_release("ACTIVE")
        assert not self.is_queued_for_delete()
        self.release(self.server)

    def test_the_next_one_goes_on_where_nova_could_not_forget_the_server(self) -> None:
        down = mock.patch.object(neutron.API, "deallocate_for_instance", side_effect=ConnectionError("down"))
        with down:
            self.fail_to_release("ERROR")
        assert self.changed(self.found, exact=True) == []
        assert not self.is_queued_for_delete()

        self.release(self.server)
        assert self.is_queued_for_delete()
        assert self.changed(self.found, exact=True) == []
        again = self.adopt(self.found)
        self.release(again)

    def test_the_vm_is_another_servers_by_then(self) -> None:
        down = mock.patch.object(neutron.API, "deallocate_for_instance", side_effect=ConnectionError("down"))
        with down:
            self.fail_to_release("ERROR")
        other = self.adopt(self.found, ports=[])
        self.release(self.server)
        assert self.changed(self.found) == []
        assert self.api.get_server(other["id"])["status"] == "ACTIVE"

    def fail_to_release(self, state: str) -> None:
        self.act(self.server, **{"os-server-release": {}})
        ended = {"status": state, "OS-EXT-STS:task_state": None}
        self._wait_for_server_parameter(self.server, ended, max_retries=60)

    def is_queued_for_delete(self) -> Any:
        admin = context.get_admin_context()
        return objects.InstanceMapping.get_by_instance_uuid(admin, self.server["id"]).queued_for_delete
