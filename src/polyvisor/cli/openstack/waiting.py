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
        CommandError: it failed; the message says why.
    """
    request_id = begun.headers["x-openstack-request-id"]
    while client.get_server(server_id).task_state is not None:
        time.sleep(_PAUSE)
    path = f"/servers/{server_id}/os-instance-actions/{request_id}"
    response = client.get(path)
    exceptions.raise_from_response(response)
    action = response.json()["instanceAction"]
    if action["message"]:
        raise osc_exceptions.CommandError(
            f"{action['action']} failed: {action['message']} (request {action['request_id']})"
        )
