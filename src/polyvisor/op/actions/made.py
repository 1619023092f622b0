"""Servers that an operation has made: each says so in its metadata, so that no repetition makes another."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from typing import Any

from openstack import exceptions as sdk

from polyvisor.op.operations.context import Context

#: Key of the metadata whose value is the operation's id.
MARK = "polyvisor:operation"


def find(cloud: Any, operation: str) -> list[Any]:
    """The servers of the project that an operation has made, the oldest first."""
    everything = cloud.compute.servers(details=True, all_projects=False)
    mine = [one for one in everything if (one.metadata or {}).get(MARK) == operation]
    return sorted(mine, key=lambda one: (one.created_at or "", one.id))


def delete(cloud: Any, server: str) -> None:
    """Delete a server that nobody has been given."""
    with suppress(sdk.NotFoundException):
        cloud.compute.delete_server(server)


def delete_all(context: Context, servers: Sequence[str]) -> None:
    """Delete servers that nobody has been given."""
    for server in servers:
        context.act(partial(delete, server=server))
