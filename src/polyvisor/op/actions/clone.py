"""Copy a server (Polyvisor's os-server-clone)."""

from __future__ import annotations

from typing import Any

from openstack import exceptions as sdk
from pydantic import Field

from polyvisor.op.actions import made
from polyvisor.op.actions.action import Action, Arguments, Key, Reference, ServerName
from polyvisor.op.message import say
from polyvisor.op.operations.context import Context
from polyvisor.op.operations.step import Done, Outcome, Step, StepError, Wait
from polyvisor.op.rights import Right

_ENDS = {"ACTIVE", "SHUTOFF", "ERROR"}


class CloneArguments(Arguments):
    """What the clone is to be."""

    name: ServerName = Field(examples=["web-copy"])
    count: int = Field(1, ge=1, le=100)
    snapshot: Key | None = Field(None, description="Clone that, not the present state.")
    linked: bool = Field(False, description="Disks hold only what differs from the snapshot.")
    host: Reference | None = None
    datastore: Reference | None = None
    networks: list[Key] | None = Field(
        None, max_length=10, description="One for each NIC; null: those of the server."
    )
    power_on: bool = True


def _ask(context: Context) -> Outcome:
    found = made.find(context)
    if not found:
        answer = context.act(lambda cloud: _post(cloud, context))
        sdk.raise_from_response(answer)
        found = answer.json()["servers"]
    keys = [one["id"] for one in found]
    context.remember(servers=keys)
    context.tell(servers=keys)
    return Done(", ".join(keys))


def _post(cloud: Any, context: Context) -> Any:
    wanted = {name: value for name, value in context.arguments.items() if value is not None}
    if "networks" in wanted:
        wanted["networks"] = [{"uuid": key} for key in wanted["networks"]]
    # Metadata that are given stand for those of the server, which are to be kept; its wish is its own.
    server = cloud.compute.get_server(context.server)
    if context.operation.project_id is None:
        wanted["project_id"] = server.project_id  # not that of the cloud's own account
    own = ("vmware:", "polyvisor:")
    plain = {name: value for name, value in server.metadata.items() if not name.lower().startswith(own)}
    wanted["metadata"] = plain | {made.MARK: context.operation.id}
    return cloud.compute.post(f"/servers/{context.server}/action", json={"os-server-clone": wanted})


def _wait(context: Context) -> Outcome:
    keys = context.memory["servers"]
    servers = context.run(lambda cloud: [cloud.compute.get_server(key) for key in keys])
    open_ones = [one for one in servers if one.status not in _ENDS or one.task_state is not None]
    if open_ones:
        mean = sum(one.progress or 0 for one in open_ones) + 100 * (len(servers) - len(open_ones))
        return Wait(say("copying"), progress=mean // len(servers))
    failed = [one for one in servers if one.status == "ERROR"]
    if failed:
        reasons = {str((one.fault or {}).get("message")) for one in failed}
        made.delete_all(context, [one.id for one in failed])
        raise StepError(
            say("clones_failed", failed=len(failed), total=len(servers), text="; ".join(sorted(reasons)))
        )
    return Done(say("clones_made", count=len(servers)))


def _abandon(context: Context) -> bool:
    made.delete_all(context, context.memory["servers"])
    return True


ACTION = Action(
    "clone",
    Right.SERVER_CLONE,
    CloneArguments,
    (Step("ask", _ask), Step("wait", _wait, _abandon)),
    plugin=lambda _: True,
)
