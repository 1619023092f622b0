"""How the end of long work is told, to those who may see the details of events and to those who may not."""

from types import SimpleNamespace
from typing import Any

import pytest

from polyvisor.cli.openstack import operation

EVENT = "polyvisor_relocation"
SECRET = "Insufficient disk space\ntask-12 at 192.0.2.1"


class Nova:
    """Nova's API as openstacksdk shows it, with one action of a server that is nobody's any more."""

    def __init__(self, message: str | None, event: dict[str, Any]) -> None:
        self._action = {"message": message, "events": [{"event": EVENT, **event}]}

    def get_server(self, _server: str) -> Any:
        return SimpleNamespace(task_state=None, progress=0)

    def get(self, _path: str, **_more: Any) -> Any:
        return SimpleNamespace(status_code=200, json=lambda: {"instanceAction": self._action})


@pytest.mark.parametrize(
    ("message", "event", "ok", "details"),
    [
        (None, {"result": "Success", "details": "host a to b"}, True, "host a to b"),
        (None, {"result": "Success"}, True, ""),
        ("Insufficient disk space", {"result": "Error", "details": SECRET}, False, SECRET),
        ("Insufficient disk space", {"result": "Error"}, False, "Insufficient disk space"),
    ],
)
def test_outcome(message: str | None, event: dict[str, Any], ok: bool, details: str) -> None:
    told = operation.wait(
        Nova(message, event), "server", "request", seconds=5, on_progress=lambda _percent: None
    )
    assert (told.ok, told.details) == (ok, details)
