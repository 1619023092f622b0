"""Tenants."""

from __future__ import annotations

from datetime import datetime

from pydantic import ConfigDict, Field

from polyvisor.op.api.schemas.base import Id, In, Name, Out, Text


class TenantIn(In):
    """A tenant to make."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"name": "sales", "parent_id": None}]})

    name: Name
    description: Text = ""
    parent_id: Id | None = Field(None, description="The tenant it is a part of; null: of none.")


class TenantChange(In):
    """What to change of a tenant; what is not given stays."""

    name: Name | None = None
    description: Text | None = None


class TenantOut(Out):
    """A tenant."""

    id: Id
    name: str
    description: str
    parent_id: Id | None
    node: str = Field(description="Its place in the tree of scopes.", examples=["/tenants/4f0e"])
    created_at: datetime
