"""Tickets to consoles."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from polyvisor.op.db.base import Base


class ConsoleTicket(Base):
    """A ticket that nobody has used yet. It is itself not kept, only its digest."""

    __tablename__ = "console_ticket"

    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("user_account.id", ondelete="CASCADE"))
    resource_id: Mapped[str] = mapped_column(String(32))
    #: The cloud's, encrypted: whoever has it needs nothing else.
    address: Mapped[str] = mapped_column(Text)
    expires_at: Mapped[datetime] = mapped_column(index=True)
