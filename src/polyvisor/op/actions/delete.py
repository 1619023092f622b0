"""Delete a server."""

from __future__ import annotations

from typing import Any

from openstack import exceptions as sdk

from polyvisor.op.actions.action import Action, NoArguments
from polyvisor.op.message import say
from polyvisor.op.operations.context import Context
from polyvisor.op.operations.step import Done, Outcome, Step, StepError, Wait, at_once
from polyvisor.op.rights import Right

#: Nova shows it so for a moment, in which it still counts for the quota.
_GOING = "DELETED"


def find(context: Context, server: str) -> Any:
    """A server as Nova shows it, or None if it is gone."""
    try:
        found = context.run(lambda cloud: cloud.compute.get_server(server))
    except sdk.NotFoundException:
        return None
    return None if found.status == "SOFT_DELETED" else found


def _ask(context: Context) -> Outcome:
    found = find(context, context.server)
    if found is None or found.status == _GOING or found.task_state == "deleting":
        return Done()
    context.act(lambda cloud: cloud.compute.delete_server(context.server))
    return Done()


def _wait(context: Context) -> Outcome:
    found = find(context, context.server)
    if found is None:
        return Done(say("deleted"))
    if found.status == _GOING:
        return Wait(say("nearly_gone"))
    if found.task_state is None:
        fault = (found.fault or {}).get("message")
        raise StepError(say("cloud_says", text=fault) if fault else say("not_deleted", status=found.status))
    return Wait(found.task_state)


ACTION = Action(
    "delete",
    Right.SERVER_DELETE,
    NoArguments,
    (Step("ask", _ask), Step("wait", _wait, at_once)),
)
