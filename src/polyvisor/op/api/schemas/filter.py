"""Saved filters."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import Field, StringConstraints

from polyvisor.op.api.schemas.base import Id, In, Line, Name, Out
from polyvisor.op.api.schemas.resource import KindName, Sort, Tag


class FilterQuery(In):
    """What /resources is asked for."""

    kind: KindName | None = None
    cloud: Id | None = None
    tenant: Id | None = None
    project: Line | None = None
    status: Line | None = None
    q: Annotated[str, StringConstraints(max_length=255, pattern=r"^[^\x00-\x1f\x7f]*$")] = ""
    tag: Tag | None = None
    on: Id | None = None
    sort: Sort = "name"


class FilterIn(In):
    """A filter to be saved."""

    name: Name = Field(examples=["Failed servers"])
    query: FilterQuery = Field(examples=[{"kind": "server", "status": "ERROR"}])


class FilterOut(Out):
    """A saved filter."""

    id: str
    name: str
    query: FilterQuery
    created_at: datetime
