"""vCenters that are attached to clouds, so that their VMs can be adopted."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from polyvisor.op.db.base import Base, new_id, now
from polyvisor.op.db.models.cloud import Health


class VCenter(Base):
    """A vCenter whose clusters a cloud manages: where it is, its sealed password, how it fares."""

    __tablename__ = "vcenter"
    __table_args__ = (UniqueConstraint("cloud_id", "uuid"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    cloud_id: Mapped[str] = mapped_column(ForeignKey("cloud.id"), index=True)
    name: Mapped[str] = mapped_column(String(120), unique=True)
    host: Mapped[str] = mapped_column(String(255))
    port: Mapped[int]
    username: Mapped[str] = mapped_column(String(255))
    #: Sealed: {"password"}.
    credential: Mapped[str] = mapped_column(Text)
    #: PEM of the authorities to trust instead of the system's.
    ca_certificate: Mapped[str | None] = mapped_column(Text)
    insecure: Mapped[bool] = mapped_column(default=False)
    #: Its own instance UUID, and its version: as it said when it was last asked.
    uuid: Mapped[str] = mapped_column(String(64))
    product: Mapped[str] = mapped_column(String(255))
    health: Mapped[str] = mapped_column(String(16), default=Health.UNKNOWN)
    health_reason: Mapped[str | None] = mapped_column(Text)
    health_message: Mapped[dict[str, Any] | None]
    health_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(default=now)
    updated_at: Mapped[datetime] = mapped_column(default=now, onupdate=now)
