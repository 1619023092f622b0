"""Attach a port to a server, and detach it."""

from __future__ import annotations

from typing import Any, Self

from pydantic import Field, model_validator

from polyvisor.op.actions.action import Action, Arguments, Key
from polyvisor.op.actions.request import Request, never
from polyvisor.op.message import refusal
from polyvisor.op.operations.context import Context
from polyvisor.op.rights import Right


class AttachPortArguments(Arguments):
    """A port that there is, or a network to make one in."""

    port: Key | None = Field(None, description="The cloud's id of a port.")
    network: Key | None = Field(None, description="The cloud's id of a network; a port is made in it.")
    address: str | None = Field(None, max_length=45, description="Of the new port.", examples=["192.0.2.17"])

    @model_validator(mode="after")
    def one_of_both(self) -> Self:
        """Refuse none and both."""
        if (self.port is None) == (self.network is None):
            raise refusal("either_port_or_network")
        if self.port and self.address:
            raise refusal("port_has_address")
        return self


class DetachPortArguments(Arguments):
    """Which port."""

    port: Key = Field(description="The cloud's id of a port.")


def _attached(context: Context) -> bool:
    port = context.arguments["port"]
    if port is None:
        return never(context)
    found = context.run(lambda cloud: list(cloud.compute.server_interfaces(context.server)))
    return port in {one.port_id for one in found}


def _detached(context: Context) -> bool:
    return not _attached(context)


def _attach(cloud: Any, context: Context) -> Any:
    given = context.arguments
    wanted: dict[str, Any] = {"port_id": given["port"]} if given["port"] else {"net_id": given["network"]}
    if given["address"]:
        wanted["fixed_ips"] = [{"ip_address": given["address"]}]
    path = f"/servers/{context.server}/os-interface"
    return cloud.compute.post(path, json={"interfaceAttachment": wanted})


def _detach(cloud: Any, context: Context) -> Any:
    return cloud.compute.delete(f"/servers/{context.server}/os-interface/{context.arguments['port']}")


ATTACH = Action(
    "attach_port",
    Right.SERVER_OPERATE,
    AttachPortArguments,
    Request(_attach, ["attach_interface"], _attached).steps(),
)
DETACH = Action(
    "detach_port",
    Right.SERVER_OPERATE,
    DetachPortArguments,
    Request(_detach, ["detach_interface"], _detached).steps(),
)
