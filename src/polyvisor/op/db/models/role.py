"""Custom roles."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import String, Text
from sqlalchemy.orm import Mapped, mapped_column

from polyvisor.op.db.base import Base, now


class Role(Base):
    """A set of rights with a name. Those built in are in ``polyvisor.op.rights``, not here."""

    __tablename__ = "role"

    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    description: Mapped[str] = mapped_column(Text, default="")
    rights: Mapped[list[str]]
    created_at: Mapped[datetime] = mapped_column(default=now)
