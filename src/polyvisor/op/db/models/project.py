"""Projects of clouds that belong to tenants."""

from __future__ import annotations

import enum
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from polyvisor.message import Message, restore
from polyvisor.op.db.base import Base, new_id, now
from polyvisor.op.message import say


class ProjectState(enum.StrEnum):
    """How far reconcile is with a project."""

    PENDING = "pending"
    READY = "ready"
    #: The reason says why; it is tried again.
    FAILED = "failed"
    #: The platform's account is being removed from it; the project itself stays.
    REMOVING = "removing"


class Project(Base):
    """A project of a cloud that belongs to a tenant, with the sealed credential to act in it."""

    __tablename__ = "project"
    __table_args__ = (UniqueConstraint("cloud_id", "external_id"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    tenant_id: Mapped[str] = mapped_column(ForeignKey("tenant.id"), index=True)
    cloud_id: Mapped[str] = mapped_column(ForeignKey("cloud.id"), index=True)
    name: Mapped[str] = mapped_column(String(64))
    #: The cloud's own id of it; None until it is made.
    external_id: Mapped[str | None] = mapped_column(String(64))
    #: Sealed, as a cloud's; None until there is an account.
    credential: Mapped[str | None] = mapped_column(Text)
    version: Mapped[int] = mapped_column(default=1)
    state: Mapped[str] = mapped_column(String(16), default=ProjectState.PENDING)
    reason: Mapped[str | None] = mapped_column(Text)
    message: Mapped[dict[str, Any] | None]
    state_at: Mapped[datetime] = mapped_column(default=now)
    reconcile_due: Mapped[datetime] = mapped_column(default=now, index=True)
    created_at: Mapped[datetime] = mapped_column(default=now)

    @property
    def why_not(self) -> Message:
        """Why it is not ready."""
        return restore(self.message) if self.message else say("wait_a_moment")
