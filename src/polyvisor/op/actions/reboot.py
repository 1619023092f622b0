"""Reboot a server."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from polyvisor.op.actions.action import Action, Arguments
from polyvisor.op.actions.request import Request
from polyvisor.op.operations.context import Context
from polyvisor.op.rights import Right


class RebootArguments(Arguments):
    """How to reboot."""

    hard: bool = Field(False, description="Without asking the guest.")


def _post(cloud: Any, context: Context) -> Any:
    kind = "HARD" if context.arguments["hard"] else "SOFT"
    return cloud.compute.post(f"/servers/{context.server}/action", json={"reboot": {"type": kind}})


ACTION = Action("reboot", Right.SERVER_OPERATE, RebootArguments, Request(_post, ["reboot"]).steps())
