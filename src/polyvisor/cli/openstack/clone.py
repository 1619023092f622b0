"""openstack server vmware clone."""

import argparse
import json
from collections.abc import Iterator, Sequence
from typing import Any

from openstack import exceptions
from openstackclient import command
from osc_lib.cli import parseractions

from polyvisor.cli.openstack.server import add_server, find_server

Item = dict[str, Any]


class CloneServer(command.Lister):
    """Make new servers as copies of one: of its disks, flavor and networks, with addresses of their own."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """Return the parser."""
        parser = super().get_parser(prog_name)
        add_server(parser)
        parser.add_argument("name", metavar="<name>", help="Name of the clone; several are numbered")
        parser.add_argument("--count", metavar="<number>", type=int, help="How many (default: 1)")
        parser.add_argument(
            "--snapshot",
            metavar="<snapshot>",
            help="Clone this snapshot (ID) of the server, not its present state",
        )
        parser.add_argument(
            "--linked",
            action="store_true",
            help="The clone's disks hold only what differs from the snapshot, which cannot be deleted then",
        )
        parser.add_argument("--host", metavar="<host>", help="ESXi host (name, moref, or ID) for the clone")
        parser.add_argument("--datastore", metavar="<datastore>", help="Datastore (name, moref, or ID)")
        _add_networks(parser)
        parser.add_argument("--power-off", action="store_true", help="Do not start the clone")
        parser.add_argument(
            "--omit-volumes", action="store_true", help="Clone without the volumes that the server has"
        )
        parser.add_argument(
            "--customization",
            metavar="<file>",
            type=argparse.FileType(),
            help="File with the JSON of how the guest is told its name and addresses. It may hold passwords, "
            "which have no place on a command line",
        )
        parser.add_argument("--key-name", metavar="<key>", help="Key pair of the clone")
        parser.add_argument(
            "--property",
            metavar="<key=value>",
            dest="properties",
            action=parseractions.KeyValueAction,
            help="Metadata of the clone, instead of those of the server (repeat for several)",
        )
        parser.add_argument(
            "--project", metavar="<project-id>", help="Project that is to have the clone (admin only)"
        )
        parser.add_argument("--wait", action="store_true", help="Wait until the clones are built")
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> tuple[Sequence[str], Iterator[tuple[Any, ...]]]:
        """Return IDs, names and states of the new servers."""
        client = self.app.client_manager.vmware
        source = find_server(client, parsed_args)
        answer = client.post(
            f"/servers/{source}/action", json={"os-server-clone": self._request(parsed_args)}
        )
        exceptions.raise_from_response(answer)
        servers = [client.get_server(made["id"]) for made in answer.json()["servers"]]
        if parsed_args.wait:
            state = "SHUTOFF" if parsed_args.power_off else "ACTIVE"
            # A clone takes as long as its disks are large: there is no time that would be too long.
            servers = [client.wait_for_server(server, status=state, wait=None) for server in servers]
        return ("ID", "Name", "Status"), ((server.id, server.name, server.status) for server in servers)

    def _request(self, parsed: argparse.Namespace) -> Item:
        given = {
            "name": parsed.name,
            "count": parsed.count,
            "snapshot": parsed.snapshot,
            "linked": parsed.linked or None,
            "host": parsed.host,
            "datastore": parsed.datastore,
            "key_name": parsed.key_name,
            "metadata": parsed.properties,
            "project_id": parsed.project,
            "customization": json.load(parsed.customization) if parsed.customization else None,
            "volumes": "omit" if parsed.omit_volumes else None,
            "power_on": False if parsed.power_off else None,
            "networks": [] if parsed.no_network else self._networks(parsed.nics) or None,
        }
        return {key: value for key, value in given.items() if value is not None}

    def _networks(self, nics: Sequence[Item]) -> list[Item]:
        network = self.app.client_manager.sdk_connection.network
        found: list[Item] = []
        for nic in nics:
            if "port-id" in nic:
                found.append({"port": network.find_port(nic["port-id"], ignore_missing=False).id})
                continue
            item = {"uuid": network.find_network(nic["net-id"], ignore_missing=False).id}
            found.append(item | ({"fixed_ip": nic["fixed-ip"]} if "fixed-ip" in nic else {}))
        return found


def _add_networks(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--network",
        metavar="<network>",
        dest="nics",
        action="append",
        default=[],
        type=lambda network: {"net-id": network},
        help="Network (name or ID) of a NIC, instead of those of the server (repeat for several)",
    )
    parser.add_argument(
        "--port",
        metavar="<port>",
        dest="nics",
        action="append",
        type=lambda port: {"port-id": port},
        help="Port (name or ID) for a NIC, instead of a network",
    )
    parser.add_argument(
        "--nic",
        metavar="<net-id=network,fixed-ip=address>",
        dest="nics",
        action=parseractions.MultiKeyValueAction,
        required_keys=["net-id"],
        optional_keys=["fixed-ip"],
        help="Network of a NIC with the address that it is to have there",
    )
    parser.add_argument("--no-network", action="store_true", help="No NICs")
