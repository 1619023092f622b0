"""New servers, consoles and snapshots."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import ConfigDict, Field

from polyvisor.op.actions.create import CreateArguments
from polyvisor.op.api.schemas.base import Id, In, MessageOut, Out


class ServerIn(CreateArguments):
    """A server that is wanted."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "name": "web",
                    "tenant_id": "0123456789abcdef0123456789abcdef",
                    "image": "debian",
                    "vcpus": 2,
                    "ram_mb": 4096,
                    "networks": ["vlan20"],
                    "hypervisor": "vmware",
                    "dry_run": True,
                }
            ]
        }
    )

    dry_run: bool = Field(False, description="Make nothing, and tell where it could go.")


class VerdictOut(Out):
    """A place, and whether the server could go there."""

    cloud_id: Id
    cloud: str
    project_id: Id
    zone: str
    hypervisor: str = Field(examples=["vmware"])
    flavor: str | None
    ok: bool
    filter: str | None = Field(description="What refused it.", examples=["quota"])
    reason: str | None = Field(examples=["the project's quota has 0 servers left, and 1 are needed"])
    message: MessageOut | None = Field(description="The reason by its code.")
    score: float | None
    weights: dict[str, float] = Field(examples=[{"free": 0.9, "cost": 0.0, "locality": 0.25}])


class PlacementOut(Out):
    """Every place, the best first."""

    candidates: list[VerdictOut]


class ConsoleIn(In):
    """Which console."""

    type: Literal["novnc", "spice-html5", "serial", "webmks"] = "novnc"


class RelayOut(Out):
    """The platform's own websocket to a console."""

    path: str = Field(examples=["/api/v1/resources/0123456789abcdef0123456789abcdef/console"])
    ticket: str = Field(description="Offered as the subprotocol `ticket.` and this. It is good once.")
    expires_at: datetime


class ConsoleOut(Out):
    """Where a console is, for a while and for whoever has the address."""

    type: str
    protocol: str
    url: str = Field(description="The cloud's own page or socket.")
    relay: RelayOut | None = Field(
        description="The same through the platform, for who does not reach the cloud; null: it has none "
        "for this type."
    )


class SnapshotsOut(Out):
    """The snapshots of a server, each before those that began at it."""

    snapshots: list[dict[str, Any]] = Field(
        examples=[[{"id": "0c9c7d43", "name": "installed", "parent": None, "children": [], "current": True}]]
    )
    consolidation_needed: bool
