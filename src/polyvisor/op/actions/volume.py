"""Attach a volume to a server, and detach it."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from polyvisor.op.actions.action import Action, Arguments, Key
from polyvisor.op.actions.request import Request
from polyvisor.op.operations.context import Context
from polyvisor.op.rights import Right


class VolumeArguments(Arguments):
    """Which volume."""

    volume: Key = Field(description="The cloud's id of a volume.")


def _attached(context: Context) -> bool:
    found = context.run(lambda cloud: list(cloud.compute.volume_attachments(context.server)))
    return context.arguments["volume"] in {one.volume_id for one in found}


def _detached(context: Context) -> bool:
    return not _attached(context)


def _attach(cloud: Any, context: Context) -> Any:
    body = {"volumeAttachment": {"volumeId": context.arguments["volume"]}}
    return cloud.compute.post(f"/servers/{context.server}/os-volume_attachments", json=body)


def _detach(cloud: Any, context: Context) -> Any:
    volume = context.arguments["volume"]
    return cloud.compute.delete(f"/servers/{context.server}/os-volume_attachments/{volume}")


ATTACH = Action(
    "attach_volume",
    Right.SERVER_OPERATE,
    VolumeArguments,
    Request(_attach, ["attach_volume"], _attached).steps(),
)
DETACH = Action(
    "detach_volume",
    Right.SERVER_OPERATE,
    VolumeArguments,
    Request(_detach, ["detach_volume"], _detached).steps(),
)
