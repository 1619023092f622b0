"""The audit log."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import Field

from polyvisor.op.api.schemas.base import Out


class AuditEntryOut(Out):
    """Who did what to what."""

    id: int
    at: datetime
    actor_id: str | None
    actor_name: str
    via: str = Field(examples=["session"])
    address: str
    request_id: str
    action: str = Field(examples=["cloud.register"])
    outcome: str = Field(examples=["done"])
    target_id: str | None
    target_name: str
    node: str
    detail: dict[str, Any]
