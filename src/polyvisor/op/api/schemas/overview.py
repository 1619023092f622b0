"""The numbers of a dashboard."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field

from polyvisor.op.api.schemas.base import MessageOut, Out


class CapacityOut(Out):
    """What a cloud's hosts have, and what is used of it."""

    vcpus: int = Field(description="Of VMware: cores of the hosts.")
    vcpus_used: int = Field(description="Of all servers together.")
    memory_bytes: int
    memory_used_bytes: int
    storage_bytes: int
    storage_free_bytes: int


class ReaderOut(Out):
    """How reading one part of a cloud went."""

    name: str = Field(examples=["server"])
    state: str = Field(description="new, ok, absent (no such service, or not for this account) or failed.")
    reason: str | None
    message: MessageOut | None = Field(description="The reason by its code.")
    read_at: datetime | None = Field(description="When all of it was last read.")


class CloudOverviewOut(Out):
    """A cloud in numbers, of what the caller may see."""

    id: str
    name: str
    health: str
    health_reason: str | None
    health_message: MessageOut | None = Field(description="The reason by its code.")
    draining: bool
    complete: bool = Field(description="Everything was read at least once.")
    resources: dict[str, int] = Field(description="How many of each kind.")
    servers: dict[str, int] = Field(description="How many servers of each status.")
    capacity: CapacityOut | None = Field(description="For those who may see all of the cloud.")
    readers: list[ReaderOut]


class OverviewOut(Out):
    """All clouds in numbers."""

    clouds: list[CloudOverviewOut]
