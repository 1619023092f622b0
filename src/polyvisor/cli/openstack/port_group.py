"""openstack vmware port group list, show; openstack vmware port group mapping create, list, delete.

And openstack vmware physnet mapping list: by which switch a compute service reaches a physical network.
"""

import argparse
from collections.abc import Sequence
from typing import Any

from openstack import exceptions
from openstackclient import command

_GROUPS, _MAPPINGS = "/vmware-port-groups", "/vmware-port-group-mappings"
_PHYSNETS = "/vmware-physnet-mappings"
_COLUMNS = {
    "ID": "id",
    "Network": "network_id",
    "Name": "name",
    "VLAN": "vlan_id",
    "vCenter": "vcenter",
    "Switch": "switch",
    "Scope": "scope",
    "Owned": "owned",
    "State": "state",
    "Last Error": "last_error",
}
_MAPPING_COLUMNS = {
    "ID": "id",
    "Network": "network_id",
    "Compute Host": "compute_host",
    "Port Group": "port_group",
}
_PHYSNET_COLUMNS = {
    "Compute Host": "compute_host",
    "Physical Network": "physical_network",
    "vCenter": "vcenter",
    "Datacenter": "datacenter",
    "Cluster": "cluster",
    "Switch": "switch",
    "Switch Type": "switch_type",
}


def _ask(client: Any, method: str, path: str, **call: Any) -> Any:
    response = client.request(path, method, **call)
    exceptions.raise_from_response(response)
    return response.json() if response.content else None


def _network_id(client: Any, name: str) -> str:
    return str(client.find_network(name, ignore_missing=False).id)


def _filters(parsed_args: argparse.Namespace, *names: str) -> dict[str, str]:
    return {name: getattr(parsed_args, name) for name in names if getattr(parsed_args, name)}


def _rows(columns: dict[str, str], items: list[dict[str, Any]]) -> tuple[list[str], list[list[Any]]]:
    return list(columns), [[item[key] for key in columns.values()] for item in items]


class ListPortGroup(command.Lister):
    """List the port groups that networks have on vSphere switches."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """Return the parser with the filters."""
        parser = super().get_parser(prog_name)
        parser.add_argument("--network", metavar="<network>", help="Only of this network (name or ID)")
        parser.add_argument(
            "--vcenter", metavar="<vcenter>", help="Only on this vCenter (its section's name)"
        )
        parser.add_argument("--switch", metavar="<switch>", help="Only on switches of this name")
        parser.add_argument(
            "--scope", metavar="<scope>", help="Only in this datacenter, or on this ESXi host"
        )
        parser.add_argument("--state", choices=("pending", "active", "deleting"), help="Only in this state")
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> tuple[Sequence[str], Sequence[Any]]:
        """Return headings and rows."""
        client = self.app.client_manager.network
        query = _filters(parsed_args, "vcenter", "switch", "scope", "state")
        if parsed_args.network:
            query["network_id"] = _network_id(client, parsed_args.network)
        return _rows(_COLUMNS, _ask(client, "GET", _GROUPS, params=query)["vmware_port_groups"])


class ShowPortGroup(command.ShowOne):
    """Show a port group that a network has."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """Return the parser with the port group."""
        parser = super().get_parser(prog_name)
        parser.add_argument("port_group", metavar="<port-group>", help="ID of the port group")
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> tuple[Sequence[str], Sequence[Any]]:
        """Return field names and values."""
        client = self.app.client_manager.network
        found = _ask(client, "GET", f"{_GROUPS}/{parsed_args.port_group}")["vmware_port_group"]
        return tuple(found), tuple(found.values())


class CreateMapping(command.ShowOne):
    """Let a network use a port group that is there, and that Neutron never changes or deletes."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """Return the parser with network, compute service and port group."""
        parser = super().get_parser(prog_name)
        parser.add_argument("--network", metavar="<network>", required=True, help="Network (name or ID)")
        parser.add_argument(
            "--compute-host",
            metavar="<compute-host>",
            required=True,
            help="Where: the host of the nova-compute that manages the cluster. A port group on a "
            "distributed switch serves all clusters on that switch",
        )
        parser.add_argument("port_group", metavar="<port-group>", help="Name of the port group in vCenter")
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> tuple[Sequence[str], Sequence[Any]]:
        """Return field names and values."""
        client = self.app.client_manager.network
        asked = {
            "network_id": _network_id(client, parsed_args.network),
            "compute_host": parsed_args.compute_host,
            "port_group": parsed_args.port_group,
        }
        made = _ask(client, "POST", _MAPPINGS, json={"vmware_port_group_mapping": asked})
        fields = made["vmware_port_group_mapping"]
        return tuple(fields), tuple(fields.values())


class ListMapping(command.Lister):
    """List the port groups that are named for networks."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """Return the parser with the filters."""
        parser = super().get_parser(prog_name)
        parser.add_argument("--network", metavar="<network>", help="Only of this network (name or ID)")
        parser.add_argument("--compute-host", metavar="<compute-host>", help="Only of this compute service")
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> tuple[Sequence[str], Sequence[Any]]:
        """Return headings and rows."""
        client = self.app.client_manager.network
        query = _filters(parsed_args, "compute_host")
        if parsed_args.network:
            query["network_id"] = _network_id(client, parsed_args.network)
        found = _ask(client, "GET", _MAPPINGS, params=query)["vmware_port_group_mappings"]
        return _rows(_MAPPING_COLUMNS, found)


class DeleteMapping(command.Command):
    """No longer let a network use the port group; the port group stays."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """Return the parser with the mapping."""
        parser = super().get_parser(prog_name)
        parser.add_argument("mapping", metavar="<mapping>", help="ID of the mapping")
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> None:
        """Delete it."""
        _ask(self.app.client_manager.network, "DELETE", f"{_MAPPINGS}/{parsed_args.mapping}")


class ListPhysnetMapping(command.Lister):
    """List by which switch each compute service reaches each physical network."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """Return the parser with the filters."""
        parser = super().get_parser(prog_name)
        parser.add_argument("--compute-host", metavar="<compute-host>", help="Only of this compute service")
        parser.add_argument("--physical-network", metavar="<physical-network>", help="Only of this one")
        parser.add_argument(
            "--vcenter", metavar="<vcenter>", help="Only in this vCenter (its section's name)"
        )
        parser.add_argument("--switch", metavar="<switch>", help="Only by switches of this name")
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> tuple[Sequence[str], Sequence[Any]]:
        """Return headings and rows."""
        query = _filters(parsed_args, "compute_host", "physical_network", "vcenter", "switch")
        found = _ask(self.app.client_manager.network, "GET", _PHYSNETS, params=query)
        return _rows(_PHYSNET_COLUMNS, found["vmware_physnet_mappings"])
