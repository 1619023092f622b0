"""Resources."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints

from polyvisor.op.api.schemas.base import In, Out

Tag = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=r"^[^\s\x00-\x1f\x7f,]+$")]
KindName = Literal[
    "cluster",
    "compute_service",
    "datastore",
    "esxi_host",
    "flavor",
    "image",
    "network",
    "port",
    "project",
    "server",
    "snapshot",
    "volume",
]
Sort = Literal["name", "-name", "status", "-status", "created", "-created"]


class ResourceOut(Out):
    """Something that a cloud has."""

    id: str = Field(description="The platform's id; it stays the same as long as the thing exists.")
    kind: KindName
    cloud_id: str
    external_id: str = Field(description="The cloud's own id.")
    project_id: str | None = Field(description="The cloud's own id of the project that it is in.")
    tenant_id: str | None
    shared: bool = Field(description="Every project of the cloud may use it.")
    name: str
    status: str = Field(examples=["ACTIVE"])
    created_at: datetime
    updated_at: datetime
    attributes: dict[str, Any] = Field(
        description="As the kind has it. Units are in the names: ram_mb, size_gb, capacity_bytes."
    )
    tags: list[str]
    version: int = Field(description="Counts changes.")
    seen_at: datetime
    gone_at: datetime | None = Field(description="When it was found to be no more; kept for a week.")


class RelatedOut(Out):
    """What belongs to a resource: ids of resources that the caller may see."""

    host: str | None = Field(description="ESXi host, cluster or compute service that a server is on.")
    datastores: list[str]
    flavor: str | None
    image: str | None
    network: str | None
    server: str | None
    volumes: list[str]
    ports: list[str]
    snapshots: list[str]


class ResourceDetailOut(ResourceOut):
    """A resource with what belongs to it."""

    related: RelatedOut


class ResourcePage(Out):
    """A part of a list of resources."""

    items: list[ResourceOut]
    next: str | None = Field(None, description="Give it as `cursor` for the part after this one.")
    total: int | None = Field(description="In all parts together; only the first part tells.")
    total_exact: bool = Field(description="false: there are more than `total`.")


class SearchOut(Out):
    """The best matches, the best first."""

    items: list[ResourceOut]


class TagsIn(In):
    """All tags that a resource shall have."""

    tags: list[Tag] = Field(max_length=50, examples=[["production", "web"]])
