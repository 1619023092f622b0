"""Grants."""

from __future__ import annotations

from datetime import datetime

from pydantic import ConfigDict, Field

from polyvisor.op.api.schemas.base import Id, In, Node, Out
from polyvisor.op.api.schemas.role import RoleName


class GrantIn(In):
    """A role to give to a user at a node of the tree."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"user_id": "0123456789abcdef0123456789abcdef", "role": "operator", "node": "/"}]
        }
    )

    user_id: Id
    role: RoleName
    node: Node = Field(description="'/', '/clouds', '/clouds/<id>', '/tenants' or the node of a tenant.")
    inherited: bool = Field(True, description="Whether it holds below the node too.")


class GrantOut(Out):
    """A grant."""

    id: Id
    user_id: Id
    role: str
    node: str
    inherited: bool
    created_at: datetime
