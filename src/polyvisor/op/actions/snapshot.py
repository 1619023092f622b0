"""Take a snapshot of a server, and list, revert to and delete those it has (Polyvisor's os-vmware-snapshot).

vCenter alone keeps them: they are asked for, never remembered.
"""

from __future__ import annotations

from typing import Annotated, Any

from openstack import exceptions as sdk
from pydantic import Field, StringConstraints

from polyvisor.op.actions.action import Action, Arguments, Key, ServerName
from polyvisor.op.actions.request import Request
from polyvisor.op.operations.context import Context
from polyvisor.op.rights import Right


class TakeArguments(Arguments):
    """What the snapshot is to have."""

    name: ServerName = Field(examples=["before upgrade"])
    description: Annotated[str, StringConstraints(max_length=1024, pattern=r"^[^\x00]*$")] = ""
    memory: bool = Field(False, description="With the guest's memory.")
    quiesce: bool = Field(False, description="VMware Tools bring the file systems to rest first.")


class RevertArguments(Arguments):
    """To which one."""

    snapshot: Key = Field(description="The cloud's id of a snapshot of the server.")


class DeleteArguments(Arguments):
    """Which one."""

    snapshot: Key = Field(description="The cloud's id of a snapshot of the server.")
    children: bool = Field(False, description="With those that began at it.")


def path(server: str, *more: str) -> str:
    """Of a server's snapshots below Nova's endpoint."""
    return "/".join((f"/servers/{server}/os-vmware-snapshot", *more))


def read(cloud: Any, server: str) -> dict[str, Any]:
    """The snapshots of a server, as its cloud has them now."""
    answer = cloud.compute.get(path(server))
    sdk.raise_from_response(answer)
    found: dict[str, Any] = answer.json()
    return found


def _take(cloud: Any, context: Context) -> Any:
    return cloud.compute.post(path(context.server), json={"snapshot": context.arguments})


def _revert(cloud: Any, context: Context) -> Any:
    where = path(context.server, context.arguments["snapshot"], "action")
    return cloud.compute.post(where, json={"revert": {}})


def _delete(cloud: Any, context: Context) -> Any:
    params = {"children": "true"} if context.arguments["children"] else {}
    return cloud.compute.delete(path(context.server, context.arguments["snapshot"]), params=params)


def _gone(context: Context) -> bool:
    found = context.run(lambda cloud: read(cloud, context.server))
    return context.arguments["snapshot"] not in {one["id"] for one in found["snapshots"]}


TAKE = Action(
    "snapshot",
    Right.SERVER_SNAPSHOT,
    TakeArguments,
    Request(_take, ["os-vmware-snapshot-create"]).steps(),
    plugin=lambda _: True,
)
REVERT = Action(
    "revert",
    Right.SERVER_SNAPSHOT,
    RevertArguments,
    Request(_revert, ["os-vmware-snapshot-revert"]).steps(),
    plugin=lambda _: True,
)
DELETE = Action(
    "delete_snapshot",
    Right.SERVER_SNAPSHOT,
    DeleteArguments,
    Request(_delete, ["os-vmware-snapshot-delete"], _gone).steps(),
    plugin=lambda _: True,
)
