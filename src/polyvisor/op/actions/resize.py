"""Give a server another flavor."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from openstack import exceptions as sdk
from pydantic import Field

from polyvisor.op.actions.action import Action, Arguments, Reference
from polyvisor.op.actions.request import Request, in_error
from polyvisor.op.message import say
from polyvisor.op.operations.context import Context
from polyvisor.op.operations.step import Done, Outcome, Step, StepError, Wait, at_once
from polyvisor.op.rights import Right

_RESIZED = "VERIFY_RESIZE"


class ResizeArguments(Arguments):
    """Which size."""

    flavor: Reference = Field(description="Name or id of a flavor of the cloud.", examples=["m1.large"])


def _flavor(cloud: Any, name: str) -> Any:
    try:
        return cloud.compute.find_flavor(name, ignore_missing=False)
    except sdk.NotFoundException:
        raise StepError(say("no_flavor_named", flavor=name)) from None


def _post(cloud: Any, context: Context) -> Any:
    flavor = _flavor(cloud, context.arguments["flavor"])
    body = {"resize": {"flavorRef": flavor.id}}
    return cloud.compute.post(f"/servers/{context.server}/action", json=body)


def _fulfilled(context: Context) -> bool:
    """Whether it has that size: Nova shows a server's flavor by its name."""

    def same(cloud: Any) -> bool:
        server = cloud.compute.get_server(context.server)
        wanted = _flavor(cloud, context.arguments["flavor"])
        return bool(server.flavor.original_name == wanted.name and server.status != _RESIZED)

    return context.run(same)


def _confirm(context: Context) -> Outcome:
    server = context.run(lambda cloud: cloud.compute.get_server(context.server))
    if server.task_state is not None:
        return Wait(server.task_state)
    if server.status == _RESIZED:
        if not context.memory.get("confirmed"):
            # Nova shows nothing of it until it is done, and refuses to be told twice.
            with suppress(sdk.BadRequestException):
                context.act(lambda cloud: cloud.compute.confirm_server_resize(context.server))
            context.remember(confirmed=True)
        return Wait(say("confirming"))
    if server.status == "ERROR":
        raise StepError(in_error(server))
    return Done(server.status)


ACTION = Action(
    "resize",
    Right.SERVER_RESIZE,
    ResizeArguments,
    (*Request(_post, ["resize"], _fulfilled).steps(), Step("confirm", _confirm, at_once)),
)
