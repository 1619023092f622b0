"""Roles."""

from __future__ import annotations

from typing import Annotated

from pydantic import ConfigDict, Field, StringConstraints

from polyvisor.op.api.schemas.base import In, Out, Text
from polyvisor.op.rights import Right

RoleName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]{0,62}$")]


class RoleIn(In):
    """A role of the platform's own."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"description": "Sees clouds", "rights": ["cloud.read", "tenant.read"]}]
        }
    )

    description: Text = ""
    rights: list[Right] = Field(max_length=500)


class RoleOut(Out):
    """A role."""

    name: str
    description: str
    rights: list[Right]
    built_in: bool
