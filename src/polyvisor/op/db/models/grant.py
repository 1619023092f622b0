"""Grants."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from polyvisor.op.db.base import Base, new_id, now


class Grant(Base):
    """A user has a role at a node of the tree, and below it if it is inherited."""

    __tablename__ = "role_grant"  # "grant" is a word of SQL
    __table_args__ = (UniqueConstraint("user_id", "role", "node"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    user_id: Mapped[str] = mapped_column(ForeignKey("user_account.id", ondelete="CASCADE"), index=True)
    #: Name of a role, built in or custom.
    role: Mapped[str] = mapped_column(String(64), index=True)
    #: "/", "/clouds/<id>", "/tenants/<id>/…".
    node: Mapped[str] = mapped_column(String(512), index=True)
    inherited: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime] = mapped_column(default=now)
