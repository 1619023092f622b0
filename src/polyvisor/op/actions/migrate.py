"""Move a server to another host or other datastores, or both.

On VMware by Polyvisor's os-livemigrate-vmware; elsewhere, and without a datastore, by Nova's live migration.
Both are an administrator's in Nova, so the account of the cloud acts, not that of the project.
"""

from __future__ import annotations

from typing import Any, Literal, Self

from openstack import exceptions as sdk
from pydantic import Field, model_validator

from polyvisor.op.actions.action import Action, Arguments, Reference
from polyvisor.op.actions.request import Request
from polyvisor.op.message import refusal
from polyvisor.op.operations.context import Context
from polyvisor.op.rights import Right

_VMWARE = "os-livemigrate-vmware"


class MigrateArguments(Arguments):
    """Where to; what is not named stays."""

    host: Reference | None = Field(
        None,
        description="ESXi host by name or moref, or `auto`; elsewhere than on VMware a compute host.",
        examples=["esx12"],
    )
    datastore: Reference | None = Field(None, description="For all disks but volumes.")
    disks: dict[Reference, Reference] | None = Field(
        None, description="Datastores of single disks, by their labels.", examples=[{"Hard disk 1": "ssd"}]
    )
    priority: Literal["default", "high"] = "default"

    @model_validator(mode="after")
    def somewhere(self) -> Self:
        """Refuse to move nothing."""
        if not (self.host or self.datastore or self.disks):
            raise refusal("migrate_nowhere")
        return self

    @property
    def storage(self) -> bool:
        """Whether disks move."""
        return bool(self.datastore or self.disks)


def _wanted(arguments: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in arguments.items() if value is not None}


def _post(cloud: Any, context: Context) -> Any:
    path = f"/servers/{context.server}/action"
    if context.arguments["datastore"] or context.arguments["disks"] or _on_vmware(cloud, context.server):
        return cloud.compute.post(path, json={_VMWARE: _wanted(context.arguments)})
    body = {"os-migrateLive": {"host": _host(context.arguments), "block_migration": "auto"}}
    return cloud.compute.post(path, json=body, microversion="2.30")


def _host(arguments: dict[str, Any]) -> str | None:
    return None if arguments["host"] == "auto" else str(arguments["host"])


def _abort(cloud: Any, context: Context) -> Any:
    if _on_vmware(cloud, context.server):
        body: dict[str, Any] = {f"{_VMWARE}-abort": {}}
        return cloud.compute.post(f"/servers/{context.server}/action", json=body)
    running = next(iter(cloud.compute.server_migrations(context.server)), None)
    if running is None:
        raise sdk.ConflictException("nothing is under way")
    return cloud.compute.delete(f"/servers/{context.server}/migrations/{running.id}", microversion="2.24")


def _on_vmware(cloud: Any, server: str) -> bool:
    """Whether its hypervisor is a cluster of VMware's."""
    name = cloud.compute.get_server(server).hypervisor_hostname
    return any(
        one.hypervisor_type == "VMware vCenter Server"
        for one in cloud.compute.hypervisors(details=True)
        if one.name == name
    )


def check(cloud: Any, server: str, arguments: MigrateArguments) -> dict[str, Any]:
    """The hosts and datastores, and for each whether the server can go there, or why not."""
    body = {_VMWARE: _wanted(arguments.model_dump()) | {"check": True}}
    answer = cloud.compute.post(f"/servers/{server}/action", json=body)
    sdk.raise_from_response(answer)
    found: dict[str, Any] = answer.json()["relocation"]
    return found


_REQUEST = Request(_post, [_VMWARE, "live-migration"], as_cloud=True, abort=_abort)
ACTION = Action(
    "migrate",
    Right.SERVER_MIGRATE,
    MigrateArguments,
    _REQUEST.steps(),
    plugin=lambda arguments: arguments is not None and arguments.storage,
    check=check,
)
