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


def find(context: Context) -> list[Any]:
    """The servers that an operation has made, the oldest first: of its project, or of all as the cloud."""
    operation = context.operation
    query = {} if operation.project_id else {"all_projects": True}
    everything = context.run(lambda cloud: list(cloud.compute.servers(details=True, **query)))
    mine = [one for one in everything if (one.metadata or {}).get(MARK) == operation.id]
    return sorted(mine, key=lambda one: (one.created_at or "", one.id))


def delete(cloud: Any, server: str) -> None:
    """Delete a server that nobody has been given."""
    with suppress(sdk.NotFoundException):
        cloud.compute.delete_server(server)


def delete_all(context: Context, servers: Sequence[str]) -> None:
    """Delete servers that nobody has been given."""
    for server in servers:
        context.act(partial(delete, server=server))
