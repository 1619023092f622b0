"""openstack server vmware migrate, openstack server vmware migrate abort."""

import argparse
from collections.abc import Sequence
from typing import Any

from openstack import exceptions
from openstackclient import command
from osc_lib import exceptions as osc_exceptions
from osc_lib.cli import parseractions

from polyvisor.cli.openstack import operation
from polyvisor.cli.openstack.server import add_server, find_server

ACTION = "os-livemigrate-vmware"
Rows = tuple[Sequence[str], list[tuple[Any, ...]]]


class MigrateServer(command.Lister):
    """Move a server to another ESXi host or datastore, while it runs or not, or check where it can go."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """Return the parser with server and destination."""
        parser = super().get_parser(prog_name)
        add_server(parser)
        parser.add_argument(
            "--host", metavar="<host>", help="ESXi host (name, moref, or ID), or 'auto': vCenter chooses"
        )
        parser.add_argument(
            "--datastore",
            metavar="<datastore>",
            help="Datastore for all disks but volumes (name, moref, or ID)",
        )
        parser.add_argument(
            "--disk",
            metavar="<disk>=<datastore>",
            action=parseractions.KeyValueAction,
            dest="disks",
            help="Datastore for one disk, named by its label, its key, or the ID of the volume that it is "
            "(repeat for several)",
        )
        parser.add_argument("--priority", choices=("default", "high"), help="What vCenter gives for it")
        parser.add_argument("--check", action="store_true", help="Move nothing; list where it can be moved")
        parser.add_argument("--wait", action="store_true", help="Wait until it has been moved")
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> Rows:
        """Return the candidates, or one row that says how the move goes."""
        client = self.app.client_manager.vmware
        server = find_server(client, parsed_args)
        names = ("host", "datastore", "disks", "priority")
        wanted = {name: getattr(parsed_args, name) for name in names if getattr(parsed_args, name)}
        if parsed_args.check:
            return _candidates(client, server, wanted)
        request = operation.begin(client, server, {ACTION: wanted})
        if not parsed_args.wait:
            return ("Server", "Request"), [(server, request)]
        outcome = operation.wait(client, server, request, seconds=None, on_progress=self._show)
        if not outcome.ok:
            raise osc_exceptions.CommandError(f"Server {server} was not moved. {outcome.details}")
        return ("Server", "Moved"), [(server, outcome.details)]

    def _show(self, percent: int) -> None:
        if self.app.stderr.isatty():
            self.app.stderr.write(f"\rProgress: {percent} %")


class AbortMigration(command.Command):
    """Abort the move of a server; it stays where it was."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """Return the parser with the server."""
        parser = super().get_parser(prog_name)
        add_server(parser)
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> None:
        """Abort it."""
        client = self.app.client_manager.vmware
        operation.begin(client, find_server(client, parsed_args), {f"{ACTION}-abort": {}})


def ask_candidates(client: Any, server: str, wanted: dict[str, Any]) -> dict[str, Any]:
    """Return the answer of the dry run: `{"hosts": [...], "datastores": [...]}`."""
    body = {ACTION: {**wanted, "check": True}}
    response = client.post(f"/servers/{server}/action", json=body)
    exceptions.raise_from_response(response)
    return dict(response.json()["relocation"])


def _candidates(client: Any, server: str, wanted: dict[str, Any]) -> Rows:
    found = ask_candidates(client, server, wanted)
    rows = [
        (kind, item["name"], item["cluster"]["name"], item["ok"], " ".join(item["reasons"]))
        for kind, items in (("host", found["hosts"]), ("datastore", found["datastores"]))
        for item in items
    ]
    return ("Kind", "Name", "Cluster", "Possible", "Reason"), rows
