"""Projects of tenants."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import ConfigDict, Field, StringConstraints

from polyvisor.op.api.schemas.base import Id, In, MessageOut, Out
from polyvisor.op.db.models.project import ProjectState

ProjectName = Annotated[
    str,
    StringConstraints(
        min_length=1, max_length=64, pattern=r"^[^\s\x00-\x1f\x7f]([^\x00-\x1f\x7f]*[^\s\x00-\x1f\x7f])?$"
    ),
]


class ProjectIn(In):
    """A project to give to a tenant."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"cloud_id": "0123456789abcdef0123456789abcdef", "name": "sales"}]}
    )

    cloud_id: Id
    name: ProjectName | None = Field(None, description="Of the project there; null: the tenant's name.")
    external_id: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,64}$")] | None = Field(
        None, description="The cloud's id of a project that is there already; null: a new one is made."
    )


class ProjectOut(Out):
    """A project of a tenant on a cloud."""

    id: Id
    tenant_id: Id
    cloud_id: Id
    name: str
    external_id: str | None
    state: ProjectState
    reason: str | None = Field(description="Why it is not ready, if it is not.")
    message: MessageOut | None = Field(description="The reason by its code.")
    state_at: datetime
    created_at: datetime
