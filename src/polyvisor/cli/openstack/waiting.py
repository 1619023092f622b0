"""Waiting for long work on a server, which Nova's API only begins."""

import argparse
import time
from typing import Any

import requests
from openstack import exceptions
from osc_lib import exceptions as osc_exceptions

_PAUSE = 1.0


def add_wait_option(parser: argparse.ArgumentParser) -> None:
    """Add --wait."""
    parser.add_argument("--wait", action="store_true", help="Wait until it is done")


def wait(client: Any, server_id: str, begun: requests.Response) -> None:
    """Wait until what an accepted request has begun on a server is done. Ctrl-C ends the waiting only.

    Args:
        client: openstacksdk's compute proxy.
        begun: Nova's answer; its request id is that of the instance action.

    Raises:
        CommandError: it failed; the reason is Nova's, and told in full to administrators only.
    """
    request_id = begun.headers["x-openstack-request-id"]
    while client.get_server(server_id).task_state is not None:
        time.sleep(_PAUSE)
    path = f"/servers/{server_id}/os-instance-actions/{request_id}"
    # The first microversion that tells every owner how the events ended.
    response = client.get(path, microversion="2.51")
    exceptions.raise_from_response(response)
    action = response.json()["instanceAction"]
    if action["message"]:
        raise osc_exceptions.CommandError(_failure(client, server_id, action))


def _failure(client: Any, server_id: str, action: dict[str, Any]) -> str:
    fault = client.get_server(server_id).fault or {}
    reasons = [event["details"] for event in action.get("events", ()) if event.get("details")]
    reason = reasons[0] if reasons else fault.get("message", "nova does not say why")
    return f"{action['action']} failed: {reason} (request {action['request_id']})"
