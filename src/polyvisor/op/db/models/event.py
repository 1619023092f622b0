"""What browsers are told without asking."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from polyvisor.op.db.base import Base, now
from polyvisor.op.db.models.resource import Number


class Event(Base):
    """Something has changed. Kept for so long as a browser may have been away."""

    __tablename__ = "event"
    #: An id is never used again, or a browser that comes back would miss what has it.
    __table_args__ = ({"sqlite_autoincrement": True},)

    #: Grows in the order of commits.
    id: Mapped[int] = mapped_column(Number, primary_key=True, autoincrement=True)
    at: Mapped[datetime] = mapped_column(default=now, index=True)
    #: "resource", "operation", "reset".
    type: Mapped[str] = mapped_column(String(24))
    data: Mapped[dict[str, Any]] = mapped_column(default=dict)
    #: Who may see it: with the right at the cloud, at the tenant, or this user.
    cloud_id: Mapped[str | None] = mapped_column(ForeignKey("cloud.id", ondelete="CASCADE"))
    tenant_id: Mapped[str | None] = mapped_column(ForeignKey("tenant.id", ondelete="CASCADE"))
    user_id: Mapped[str | None] = mapped_column(ForeignKey("user_account.id", ondelete="CASCADE"))
