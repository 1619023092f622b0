"""Clouds."""

from __future__ import annotations

import enum
from datetime import datetime
from typing import Any

from sqlalchemy import String, Text
from sqlalchemy.orm import Mapped, mapped_column

from polyvisor.op.db.base import Base, new_id, now


class Health(enum.StrEnum):
    """How a cloud fares."""

    UNKNOWN = "unknown"
    OK = "ok"
    #: It does not answer.
    DOWN = "down"
    #: It answers, but does not accept the credential.
    REFUSED = "refused"


class Cloud(Base):
    """A cloud: where it is, its sealed credential, what it can do, how it fares."""

    __tablename__ = "cloud"

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    name: Mapped[str] = mapped_column(String(120), unique=True)
    region: Mapped[str | None] = mapped_column(String(255))
    auth_url: Mapped[str] = mapped_column(String(1024))
    auth_type: Mapped[str] = mapped_column(String(64))
    #: Sealed: {"auth_type", "auth", "interface"}.
    credential: Mapped[str] = mapped_column(Text)
    #: PEM of the authorities to trust instead of the system's.
    ca_certificate: Mapped[str | None] = mapped_column(Text)
    insecure: Mapped[bool] = mapped_column(default=False)
    #: Counts changes of how it is reached, so that cached connections are known to be old.
    version: Mapped[int] = mapped_column(default=1)
    #: Nothing new is placed on it.
    draining: Mapped[bool] = mapped_column(default=False)
    health: Mapped[str] = mapped_column(String(16), default=Health.UNKNOWN)
    health_reason: Mapped[str | None] = mapped_column(Text)
    health_message: Mapped[dict[str, Any] | None]
    health_at: Mapped[datetime | None]
    #: Since when it fares as it does.
    health_since: Mapped[datetime | None]
    capabilities: Mapped[dict[str, Any]] = mapped_column(default=dict)
    probe_due: Mapped[datetime] = mapped_column(default=now, index=True)
    created_at: Mapped[datetime] = mapped_column(default=now)
    updated_at: Mapped[datetime] = mapped_column(default=now, onupdate=now)

    @property
    def node(self) -> str:
        """Its place in the tree of scopes."""
        return f"/clouds/{self.id}"
