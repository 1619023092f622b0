"""The server that a command is about: how it is named, and found."""

import argparse
from typing import Any


def add_server(parser: argparse.ArgumentParser) -> None:
    """Add the arguments that name a server."""
    parser.add_argument("server", metavar="<server>", help="Server (name or ID)")
    parser.add_argument(
        "--all-projects", action="store_true", help="Look for the server by name in all projects (admin only)"
    )


def find_server(client: Any, parsed_args: argparse.Namespace) -> str:
    """Return the id of the server that is named."""
    found = client.find_server(
        parsed_args.server, ignore_missing=False, all_projects=parsed_args.all_projects
    )
    return str(found.id)
