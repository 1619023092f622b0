"""Tenants."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from polyvisor.op.db.base import Base, new_id, now

ROOT = "/tenants"


class Tenant(Base):
    """A department, in a tree of departments."""

    __tablename__ = "tenant"
    __table_args__ = (UniqueConstraint("parent_node", "name"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    name: Mapped[str] = mapped_column(String(120))
    description: Mapped[str] = mapped_column(Text, default="")
    parent_id: Mapped[str | None] = mapped_column(ForeignKey("tenant.id"), index=True)
    #: The parent's node; "/tenants" of those at the top, whose names are unique too.
    parent_node: Mapped[str] = mapped_column(String(512))
    #: Its place in the tree of scopes: "/tenants/<id>/<id>".
    node: Mapped[str] = mapped_column(String(512), unique=True)
    created_at: Mapped[datetime] = mapped_column(default=now)
