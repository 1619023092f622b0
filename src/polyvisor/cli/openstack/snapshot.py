"""openstack server vmware snapshot create, list, show, delete, revert; server vmware consolidate."""

import argparse
from collections.abc import Sequence
from typing import Any

from openstack import exceptions
from openstackclient import command
from osc_lib import exceptions as osc_exceptions
from osc_lib.cli.format_columns import ListColumn

from polyvisor.cli.openstack.columns import BytesColumn
from polyvisor.cli.openstack.server import add_server, find_server
from polyvisor.cli.openstack.tree import BranchColumn, branches
from polyvisor.cli.openstack.waiting import add_wait_option, wait
from polyvisor.vsphere.naming import is_named

Item = dict[str, Any]


class _ServerCommand(command.Command):
    """A command about one server."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """Return the parser with the server."""
        parser = super().get_parser(prog_name)
        add_server(parser)
        return parser

    @property
    def client(self) -> Any:
        """The compute proxy of openstacksdk."""
        return self.app.client_manager.vmware

    def list(self, server: str) -> Item:
        """Return the snapshots of a server, as the API shows them."""
        response = self.client.get(_path(server))
        exceptions.raise_from_response(response)
        return dict(response.json())

    def find(self, server: str, wanted: str) -> Item:
        """Return the snapshot with this id, or with this name if there is only one of it."""
        snapshots = self.list(server)["snapshots"]
        found = [one for one in snapshots if one["id"] == wanted]
        found = found or [one for one in snapshots if is_named(one["name"], wanted)]
        if not found:
            raise osc_exceptions.CommandError(f"Server {server} has no snapshot {wanted}")
        if len(found) > 1:
            ids = ", ".join(one["id"] for one in found)
            raise osc_exceptions.CommandError(f"Several snapshots are named {wanted!r}, say which: {ids}")
        return dict(found[0])

    def finish(self, parsed_args: argparse.Namespace, server: str, response: Any) -> None:
        """Raise if the request was refused, and wait if that was asked for."""
        exceptions.raise_from_response(response)
        if parsed_args.wait:
            wait(self.client, server, response)


def _path(server: str, *more: str) -> str:
    return "/".join(["/servers", server, "os-vmware-snapshot", *more])


def _with_snapshot(parser: argparse.ArgumentParser) -> argparse.ArgumentParser:
    parser.add_argument("snapshot", metavar="<snapshot>", help="Snapshot (ID, or name if it is the only one)")
    return parser


class ListSnapshot(_ServerCommand, command.Lister):
    """List the vCenter snapshots of a server, as a tree."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """Return the parser with --long."""
        parser = super().get_parser(prog_name)
        parser.add_argument("--long", action="store_true", help="List additional fields in output")
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> tuple[Sequence[str], list[tuple[Any, ...]]]:
        """Return headings and rows, each snapshot before those that come from it."""
        found = self.list(find_server(self.client, parsed_args))
        if found["consolidation_needed"]:
            self.log.warning("The disks need consolidation: openstack server vmware consolidate")
        columns = ["ID", "Name", "Created", "State", "Memory", "Quiesced", "Size", "Current"]
        columns += ["Parent", "Description"] if parsed_args.long else []
        snapshots = found["snapshots"]
        return columns, [
            _row(one, branch)[: len(columns)]
            for one, branch in zip(snapshots, branches(snapshots), strict=True)
        ]


def _row(snapshot: Item, branch: str) -> tuple[Any, ...]:
    return (
        snapshot["id"],
        BranchColumn(snapshot["name"], branch),
        *(snapshot[key] for key in ("created", "state", "memory", "quiesced")),
        BytesColumn(snapshot["size_bytes"]),
        *(snapshot[key] for key in ("current", "parent", "description")),
    )


class ShowSnapshot(_ServerCommand, command.ShowOne):
    """Show a vCenter snapshot of a server."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """Return the parser with the snapshot."""
        return _with_snapshot(super().get_parser(prog_name))

    def take_action(self, parsed_args: argparse.Namespace) -> tuple[Sequence[str], Sequence[Any]]:
        """Return field names and values."""
        return _shown(self.find(find_server(self.client, parsed_args), parsed_args.snapshot))


def _shown(snapshot: Item) -> tuple[Sequence[str], Sequence[Any]]:
    fields = {**snapshot, "children": ListColumn(snapshot["children"])}
    return tuple(fields), tuple(fields.values())


class CreateSnapshot(_ServerCommand, command.ShowOne):
    """Take a vCenter snapshot of a server."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """Return the parser with the name and what is to be in the snapshot."""
        parser = super().get_parser(prog_name)
        parser.add_argument("name", metavar="<name>", help="Name of the snapshot; names may repeat")
        parser.add_argument("--description", metavar="<text>", default="", help="Description of the snapshot")
        content = parser.add_mutually_exclusive_group()
        content.add_argument(
            "--memory", action="store_true", help="With the guest's memory: a revert brings it back running"
        )
        content.add_argument(
            "--quiesce", action="store_true", help="Let VMware Tools bring the file systems to rest first"
        )
        add_wait_option(parser)
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> tuple[Sequence[str], Sequence[Any]]:
        """Return the snapshot if it was waited for, else nothing."""
        server = find_server(self.client, parsed_args)
        before = {one["id"] for one in self.list(server)["snapshots"]} if parsed_args.wait else set()
        keys = ("name", "description", "memory", "quiesce")
        body = {"snapshot": {key: getattr(parsed_args, key) for key in keys}}
        self.finish(parsed_args, server, self.client.post(_path(server), json=body))
        if not parsed_args.wait:
            return (), ()
        made = [
            one
            for one in self.list(server)["snapshots"]
            if one["id"] not in before and one["name"] == parsed_args.name
        ]
        if len(made) != 1:
            raise osc_exceptions.CommandError(
                "The snapshot was taken, and others have changed since; list them"
            )
        return _shown(made[0])


class DeleteSnapshot(_ServerCommand):
    """Delete a vCenter snapshot of a server. The server stays as it is now."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """Return the parser with the snapshot."""
        parser = _with_snapshot(super().get_parser(prog_name))
        parser.add_argument("--children", action="store_true", help="Delete also all that come from it")
        add_wait_option(parser)
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> None:
        """Delete it."""
        server = find_server(self.client, parsed_args)
        path = _path(server, self.find(server, parsed_args.snapshot)["id"])
        query = {"children": str(parsed_args.children).lower()}
        self.finish(parsed_args, server, self.client.delete(path, params=query))


class RevertSnapshot(_ServerCommand):
    """Bring a server back to a vCenter snapshot. What it has become since is lost."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """Return the parser with the snapshot."""
        parser = _with_snapshot(super().get_parser(prog_name))
        parser.add_argument(
            "--force",
            action="store_true",
            help="Also if volumes or ports were attached or detached since (admin only)",
        )
        add_wait_option(parser)
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> None:
        """Revert."""
        server = find_server(self.client, parsed_args)
        path = _path(server, self.find(server, parsed_args.snapshot)["id"], "action")
        body = {"revert": {"force": parsed_args.force}}
        self.finish(parsed_args, server, self.client.post(path, json=body))


class Consolidate(_ServerCommand):
    """Merge what removed vCenter snapshots have left in the disks of a server."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """Return the parser with --wait."""
        parser = super().get_parser(prog_name)
        add_wait_option(parser)
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> None:
        """Consolidate."""
        server = find_server(self.client, parsed_args)
        body: Item = {"os-vmware-consolidate": {}}
        self.finish(parsed_args, server, self.client.post(f"/servers/{server}/action", json=body))
