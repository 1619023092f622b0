"""Journals of adoptions: what was begun and done for each VM."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from polyvisor.op.db.base import Base, now
from polyvisor.op.db.models.resource import NullableJson


class JournalThing(Base):
    """A resource of OpenStack: see ``polyvisor.adoption.journal.Thing``."""

    __tablename__ = "journal_thing"

    adoption_id: Mapped[str] = mapped_column(ForeignKey("adoption.id"), primary_key=True)
    owner: Mapped[str] = mapped_column(String(64), primary_key=True)
    kind: Mapped[str] = mapped_column(String(64), primary_key=True)
    key: Mapped[str] = mapped_column(String(512), primary_key=True)
    external_id: Mapped[str | None] = mapped_column(String(255), index=True)
    project: Mapped[str | None] = mapped_column(String(64))
    made: Mapped[bool]


class JournalVm(Base):
    """How far a VM is: see ``polyvisor.adoption.journal.Vm``."""

    __tablename__ = "journal_vm"
    __table_args__ = (Index("ix_journal_vm_state", "adoption_id", "state"),)

    adoption_id: Mapped[str] = mapped_column(ForeignKey("adoption.id"), primary_key=True)
    vm: Mapped[str] = mapped_column(String(64), primary_key=True)
    state: Mapped[str] = mapped_column(String(16))
    reason: Mapped[str] = mapped_column(Text)
    #: The reason by its code.
    message: Mapped[dict[str, Any] | None] = mapped_column(NullableJson)
    details: Mapped[dict[str, Any]]
    #: Nova's id of the server that it has become.
    server: Mapped[str | None] = mapped_column(String(36), index=True)
    at: Mapped[datetime] = mapped_column(default=now)
