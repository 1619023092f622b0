"""A server moves: REST, our filter, database, RPC, the operation in nova-compute, the simulated vCenter."""

from typing import Any

import pytest

from tests.functional.nova.compute.cloud import ApiError, CloudTest


class RelocationTest(CloudTest):
    def setUp(self) -> None:
        super().setUp()
        self.server = self.create(metadata=self.wish(host="esx12", datastore="shared1"))

    def test_moves_host_and_datastore_of_a_running_server(self) -> None:
        self._relocate(host="esx13")
        self._relocate(datastore="cluster1-ssd")

        vm = self.vm_of(self.server)
        assert (vm["host"], vm["power"]) == ("esx13", "poweredOn")
        last, first = self._details()
        assert first == "host esx12 to esx13"
        assert last.startswith("configuration shared1 to cluster1-ssd; ")

    def test_refuses_before_anything_is_changed(self) -> None:
        for request, code, reason in (
            ({"host": "esx99"}, 400, "esx99"),
            ({"datastore": "nowhere"}, 400, "nowhere"),
            ({"disks": {"Hard disk 9": "shared1"}}, 400, "Hard disk 9"),
            ({"host": "esx12"}, 409, "there already"),
        ):
            with pytest.raises(ApiError, match=reason) as refused:
                self._post(**request)
            assert refused.value.response.status_code == code
        server = self.api.get_server(self.server["id"])
        assert server["OS-EXT-STS:task_state"] is None
        actions = self.api.get_instance_actions(self.server["id"])
        assert [each["action"] for each in actions] == ["create"]

    def _post(self, **request: Any) -> None:
        self.admin_api.post_server_action(self.server["id"], {"os-livemigrate-vmware": request})

    def _relocate(self, **request: Any) -> None:
        self._post(**request)
        wanted = {"status": "ACTIVE", "OS-EXT-STS:task_state": None}
        self._wait_for_server_parameter(self.server, wanted, max_retries=60)

    def _details(self) -> list[str]:
        return [
            event.details
            for name, events in self.actions(self.server)
            for event in events
            if (name, event.event) == ("os-livemigrate-vmware", "polyvisor_relocation")
        ]
