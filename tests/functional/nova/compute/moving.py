"""What tests of moves share."""

from typing import Any

import pytest

from tests.functional.nova.compute.cloud import ApiError, CloudTest

ACTION = "os-livemigrate-vmware"
EVENTS = frozenset({"polyvisor_relocation", "polyvisor_live_migration"})
SLOW = {"method": "RelocateVM_Task", "at": "task"}


class MovingTest(CloudTest):
    def setUp(self) -> None:
        super().setUp()
        self.server = self.create(metadata=self.wish(host="esx12", datastore="shared1"))

    def post(self, **request: Any) -> None:
        self.admin_api.post_server_action(self.server["id"], {ACTION: request})

    def settle(self, status: str = "ACTIVE") -> dict[str, Any]:
        wanted = {"status": status, "OS-EXT-STS:task_state": None}
        return self._wait_for_server_parameter(self.server, wanted, max_retries=360)

    def relocate(self, status: str = "ACTIVE", **request: Any) -> str:
        """Move, and return the details of the event."""
        self.post(**request)
        self.settle(status)
        return self.told(ACTION)[0]

    def told(self, action: str) -> tuple[str, str]:
        """Return details and result of our event in the last action of that name."""
        event = next(event for event in self.events(self.server, action) if event.event in EVENTS)
        return event.details, event.result

    def refused(self, code: int, reason: str, **request: Any) -> None:
        with pytest.raises(ApiError, match=reason) as refused:
            self.post(**request)
        assert refused.value.response.status_code == code

    def candidates(self, **request: Any) -> dict[str, Any]:
        """Ask where the server can be moved."""
        body = {ACTION: {"check": True, **request}}
        path = f"/servers/{self.server['id']}/action"
        found = self.admin_api.api_post(path, body, check_response_status=[200]).body["relocation"]
        return dict(found)

    def task_state(self) -> str | None:
        state = self.admin_api.get_server(self.server["id"])["OS-EXT-STS:task_state"]
        return str(state) if state else None
