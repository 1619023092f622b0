"""Trees."""

from __future__ import annotations

from pydantic import Field

from polyvisor.op.api.schemas.base import Out


class NodeOut(Out):
    """A node of a tree."""

    id: str = Field(description="Give it as `parent` for the nodes below.", examples=["cloud:3f2a…"])
    kind: str = Field(description="Kind of a resource, or cloud, or tenant.", examples=["esxi_host"])
    name: str
    status: str
    cloud_id: str | None
    resource_id: str | None
    children: int = Field(description="Nodes directly below.")
