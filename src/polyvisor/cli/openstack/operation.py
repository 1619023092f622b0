"""Long work on a server: begun by an action, waited for, and what Nova's instance action says of it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from openstack import exceptions, utils

# Since then Nova tells the details of an action's events to those who may see them.
_DETAILS = "2.84"
_REQUEST_ID = "x-compute-request-id"


@dataclass(frozen=True, slots=True)
class Outcome:
    """How it ended.

    :ivar details: what our own event says. Who may not see that has the reason of a failure, else nothing.
    """

    ok: bool
    details: str


def begin(client: Any, server: str, body: dict[str, Any]) -> str:
    """Post an action and return the id of the request.

    :raises openstack.exceptions.HttpException: the API refuses it.
    """
    response = client.post(f"/servers/{server}/action", json=body)
    exceptions.raise_from_response(response)
    return str(response.headers[_REQUEST_ID])


def wait(
    client: Any, server: str, request: str, *, seconds: float | None, on_progress: Callable[[int], None]
) -> Outcome:
    """Wait until a server is nobody's any more, and tell how the action of that request ended.

    :raises openstack.exceptions.ResourceTimeout: it has not ended after so many seconds; it goes on.
    """
    for _ in utils.iterate_timeout(seconds, f"server {server} is still being worked on", wait=2):
        shown = client.get_server(server)
        if shown.task_state is None:
            return _outcome(client, server, request)
        on_progress(shown.progress or 0)
    raise AssertionError  # The timeout is raised by the loop.


def _outcome(client: Any, server: str, request: str) -> Outcome:
    response = client.get(f"/servers/{server}/os-instance-actions/{request}", microversion=_DETAILS)
    exceptions.raise_from_response(response)
    action = response.json()["instanceAction"]
    ours = [event for event in action.get("events", ()) if event["event"].startswith("polyvisor_")]
    details = next((event["details"] for event in ours if event.get("details")), None)
    failed = action["message"] or any(event["result"] == "Error" for event in ours)
    return Outcome(ok=not failed, details=details or action["message"] or "")
