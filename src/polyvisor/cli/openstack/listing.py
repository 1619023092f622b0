"""What the list commands have in common: filters, pages, columns, and saying what is missing."""

import argparse
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from openstack import exceptions
from openstackclient import command
from openstackclient.common import pagination

Item = dict[str, Any]


class Column(NamedTuple):
    """A column: its heading, and how its value is found in an item of the API."""

    heading: str
    value: Callable[[Item], Any]


class ListCommand(command.Lister):
    """Lists one kind of object of all VMware clusters."""

    path: str
    collection: str
    columns: Sequence[Column]
    long_columns: Sequence[Column]

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """Return the parser with filters, pagination and --long."""
        parser = super().get_parser(prog_name)
        parser.add_argument("--zone", metavar="<zone>", help="Only those of this availability zone")
        for option in ("cluster", "host", "datastore"):
            parser.add_argument(
                f"--{option}",
                metavar=f"<{option}>",
                help=f"Only what belongs to this {option} (name, moref, or ID)",
            )
        parser.add_argument("--long", action="store_true", help="List additional fields in output")
        pagination.add_marker_pagination_option_to_parser(parser)
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> tuple[Sequence[str], list[tuple[Any, ...]]]:
        """Return headings and rows; warn of the clusters that could not be asked."""
        items, unavailable = self._fetch(parsed_args)
        for part in unavailable:
            self.log.warning("Incomplete: %s", part["reason"])
        columns = [*self.columns, *(self.long_columns if parsed_args.long else ())]
        rows = [tuple(column.value(item) for column in columns) for item in items]
        return [column.heading for column in columns], rows

    def _fetch(self, parsed_args: argparse.Namespace) -> tuple[list[Item], list[Item]]:
        names = ("zone", "cluster", "host", "datastore", "limit", "marker")
        query = {name: getattr(parsed_args, name) for name in names if getattr(parsed_args, name) is not None}
        items: list[Item] = []
        while True:
            response = self.app.client_manager.vmware.get(self.path, params=query)
            exceptions.raise_from_response(response)
            body = response.json()
            items += body[self.collection]
            wanted = parsed_args.max_items
            if f"{self.collection}_links" not in body or (wanted is not None and len(items) >= wanted):
                return items[:wanted], body["unavailable"]
            query["marker"] = items[-1]["id"]
