"""Operations and their steps."""

from __future__ import annotations

import enum
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from polyvisor.op.db.base import Base, new_id, now


class State(enum.StrEnum):
    """How far an operation, or a step of one, is."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"


#: An operation in one of these is under way, or will be.
OPEN = (State.QUEUED, State.RUNNING)
_OPEN_ROWS = "state IN ('queued', 'running')"


class Operation(Base):
    """Something that somebody wants done, however long it takes and whatever crashes meanwhile.

    This row is the truth about it. Whoever works on it has the ``fence``'s last number, and moves ``due``
    forward as long as they do; when it is due, nobody does.
    """

    __tablename__ = "operation"
    __table_args__ = (
        UniqueConstraint("user_id", "idempotency_key"),
        Index("ix_operation_created_at_id", "created_at", "id"),
        # One thing has one operation at a time, however many ask at once.
        Index(
            "uq_operation_resource_id_open",
            "resource_id",
            unique=True,
            sqlite_where=text(_OPEN_ROWS),
            postgresql_where=text(_OPEN_ROWS),
        ),
    )

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    #: Counts changes of what is shown of it.
    version: Mapped[int] = mapped_column(default=1)
    parent_id: Mapped[str | None] = mapped_column(ForeignKey("operation.id"), index=True)
    action: Mapped[str] = mapped_column(String(32))
    arguments: Mapped[dict[str, Any]] = mapped_column(default=dict)
    state: Mapped[str] = mapped_column(String(16), default=State.QUEUED, index=True)
    #: Percent.
    progress: Mapped[int] = mapped_column(default=0)
    #: Why it failed, or what it waits for.
    reason: Mapped[str | None] = mapped_column(Text)
    #: The same by its code, for other languages; a cloud's own word has none.
    message: Mapped[dict[str, Any] | None]
    #: What it is done to: an id of the inventory, the name at that time, and the cloud's own id.
    resource_id: Mapped[str | None] = mapped_column(String(32), index=True)
    resource_name: Mapped[str] = mapped_column(String(255))
    external_id: Mapped[str | None] = mapped_column(String(255))
    #: None until the scheduler has chosen, and of an operation that has only parts.
    cloud_id: Mapped[str | None] = mapped_column(String(32), index=True)
    #: Of the platform; None: the account of the cloud acts.
    project_id: Mapped[str | None] = mapped_column(String(32))
    tenant_id: Mapped[str | None] = mapped_column(String(32))
    #: Where it is in the tree of scopes; "" is nowhere.
    cloud_node: Mapped[str] = mapped_column(String(512), default="", index=True)
    tenant_node: Mapped[str] = mapped_column(String(512), default="", index=True)
    #: Who wanted it, as the audit log tells it.
    user_id: Mapped[str | None] = mapped_column(String(32), index=True)
    user_name: Mapped[str] = mapped_column(String(255))
    via: Mapped[str] = mapped_column(String(16))
    address: Mapped[str] = mapped_column(String(64), default="")
    request_id: Mapped[str] = mapped_column(String(64))
    #: The same of the same user is the same operation; the digest tells whether the same was asked for.
    idempotency_key: Mapped[str | None] = mapped_column(String(255))
    digest: Mapped[str] = mapped_column(String(64), default="")
    #: What steps leave for later ones and for their own repetition.
    memory: Mapped[dict[str, Any]] = mapped_column(default=dict)
    #: What came of it, for the caller: the scheduler's choice with its reasons, ids.
    result: Mapped[dict[str, Any]] = mapped_column(default=dict)
    cancelling: Mapped[bool] = mapped_column(default=False)
    #: Counts how often the driver was given it anew.
    attempt: Mapped[int] = mapped_column(default=1)
    executor: Mapped[str | None] = mapped_column(String(64))
    #: Grows with each that takes it; what a former one writes is refused.
    fence: Mapped[int] = mapped_column(default=0)
    #: When somebody has to look after it; None if it has ended.
    due: Mapped[datetime | None] = mapped_column(default=now, index=True)
    created_at: Mapped[datetime] = mapped_column(default=now)
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    updated_at: Mapped[datetime] = mapped_column(default=now, onupdate=now)


class OperationStep(Base):
    """A step of an operation."""

    __tablename__ = "operation_step"

    operation_id: Mapped[str] = mapped_column(
        ForeignKey("operation.id", ondelete="CASCADE"), primary_key=True
    )
    position: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(64))
    state: Mapped[str] = mapped_column(String(16), default=State.QUEUED)
    detail: Mapped[str | None] = mapped_column(Text)
    #: The same by its code.
    message: Mapped[dict[str, Any] | None]
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
