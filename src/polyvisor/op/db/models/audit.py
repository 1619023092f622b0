"""The audit log."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from polyvisor.op.db.base import Base, now


class AuditEntry(Base):
    """Who did what to what, when, from where, and whether it was let through.

    Triggers of the database refuse to change or to delete a row. Nothing refers to it and it refers to
    nothing: it outlives what it tells of.
    """

    __tablename__ = "audit_entry"

    #: Grows. SQLite counts up by itself in INTEGER only.
    id: Mapped[int] = mapped_column(
        BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True
    )
    at: Mapped[datetime] = mapped_column(default=now, index=True)
    actor_id: Mapped[str | None] = mapped_column(String(32), index=True)
    actor_name: Mapped[str] = mapped_column(String(255))
    #: "session", "token", "command", "worker".
    via: Mapped[str] = mapped_column(String(16))
    address: Mapped[str] = mapped_column(String(64))
    request_id: Mapped[str] = mapped_column(String(64), index=True)
    #: "noun.verb".
    action: Mapped[str] = mapped_column(String(64), index=True)
    #: "done", "denied", "failed".
    outcome: Mapped[str] = mapped_column(String(16))
    target_id: Mapped[str | None] = mapped_column(String(255), index=True)
    target_name: Mapped[str] = mapped_column(String(255))
    #: Where the target is in the tree of scopes.
    node: Mapped[str] = mapped_column(String(512), index=True)
    detail: Mapped[dict[str, Any]] = mapped_column(default=dict)
    #: Everything that can be searched for, in lower case.
    words: Mapped[str] = mapped_column(Text)
