"""Room that is kept for operations."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from polyvisor.op.db.base import Base


class Reservation(Base):
    """Room on a cloud that an operation will use: counted as used, until the cloud itself counts it."""

    __tablename__ = "reservation"

    operation_id: Mapped[str] = mapped_column(
        ForeignKey("operation.id", ondelete="CASCADE"), primary_key=True
    )
    cloud_id: Mapped[str] = mapped_column(String(32), index=True)
    #: The platform's id of the project whose quota is used.
    project_id: Mapped[str] = mapped_column(String(32))
    zone: Mapped[str] = mapped_column(String(255))
    hypervisor: Mapped[str] = mapped_column(String(64))
    vcpus: Mapped[int]
    ram_mb: Mapped[int]
    disk_gb: Mapped[int]
    expires_at: Mapped[datetime] = mapped_column(index=True)
