"""openstack server vmware placement show."""

import argparse
from collections.abc import Sequence
from typing import Any

from openstack import exceptions
from openstackclient import command
from osc_lib.cli.format_columns import DictColumn, ListColumn, ListDictColumn

from polyvisor.cli.openstack.server import add_server, find_server

Item = dict[str, Any]


class ShowPlacement(command.ShowOne):
    """Show on which ESXi host and datastores a server is, as vCenter says now."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """Return the parser with the server."""
        parser = super().get_parser(prog_name)
        add_server(parser)
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> tuple[Sequence[str], Sequence[Any]]:
        """Return field names and values."""
        client = self.app.client_manager.vmware
        server = find_server(client, parsed_args)
        response = client.get(f"/servers/{server}/os-vmware-placement")
        exceptions.raise_from_response(response)
        placement = response.json()["placement"]
        fields = _opaque(placement) if placement["opaque"] else _full(placement)
        return tuple(fields), tuple(fields.values())


def _full(placement: Item) -> Item:
    return {
        "server_id": placement["server_id"],
        "vcenter": placement["vcenter"]["name"],
        "cluster": _name(placement["cluster"]),
        "host": _name(placement["host"]),
        "datastore": _name(placement["datastore"]),
        "disks": ListDictColumn([_disk(disk) for disk in placement["disks"]]),
        "resource_pool": placement["resource_pool"],
        "folder": placement["folder"],
        "vm": placement["vm"]["moref"],
        "compute_service": placement["service"]["host"],
        **_requested(placement),
    }


def _opaque(placement: Item) -> Item:
    ids = ("server_id", "vcenter_id", "cluster_id", "host_id")
    return {
        **{name: placement[name] for name in ids},
        "datastore_ids": ListColumn(placement["datastore_ids"]),
        **_requested(placement),
    }


def _disk(disk: Item) -> Item:
    return {
        "label": disk["label"],
        "datastore": _name(disk["datastore"]),
        "capacity_bytes": disk["capacity_bytes"],
    }


def _requested(placement: Item) -> Item:
    wanted = placement["requested"]
    return {
        "requested": DictColumn({key: value for key, value in (wanted or {}).items() if value is not None})
    }


def _name(reference: Item | None) -> str | None:
    return reference["name"] if reference else None
