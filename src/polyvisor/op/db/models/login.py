"""Failed attempts to log in."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from polyvisor.op.db.base import Base


class LoginAttempt(Base):
    """Failures by one name since its last success, whether or not there is such a user."""

    __tablename__ = "login_attempt"

    #: A digest: people type passwords into the field of the name.
    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    failures: Mapped[int]
    last_at: Mapped[datetime] = mapped_column(index=True)
    locked_until: Mapped[datetime | None]
