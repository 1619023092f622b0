"""openstack server vmware release."""

import argparse
import time
from typing import Any

from openstack import exceptions
from openstackclient import command
from osc_lib import exceptions as osc_exceptions

from polyvisor.cli.openstack.server import add_server, find_server
from polyvisor.cli.openstack.waiting import add_wait_option

_PAUSE = 1.0


class ReleaseServer(command.Command):
    """Release an adopted server: Nova forgets it, and its VM stays as it was found, still running."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """Return the parser with --force and --wait."""
        parser = super().get_parser(prog_name)
        add_server(parser)
        parser.add_argument(
            "--force",
            action="store_true",
            help="Release it although it was resized, or lost disks or network adapters, since",
        )
        add_wait_option(parser)
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> None:
        """Release it."""
        client = self.app.client_manager.vmware
        server = find_server(client, parsed_args)
        body = {"os-server-release": {"force": parsed_args.force}}
        response = client.post(f"/servers/{server}/action", json=body)
        exceptions.raise_from_response(response)
        if parsed_args.wait:
            _wait(client, server)


def _wait(client: Any, server: str) -> None:
    """Wait until Nova has forgotten it.

    Raises:
        CommandError: it has not, and nobody is at it any more.
    """
    while (found := client.find_server(server, ignore_missing=True)) is not None:
        if found.task_state is None and found.status != "DELETED":
            raise osc_exceptions.CommandError(
                f"Server {server} is still there: {(found.fault or {}).get('message', 'nova says no reason')}"
            )
        time.sleep(_PAUSE)
