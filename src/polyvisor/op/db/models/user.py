"""Users."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from polyvisor.op.db.base import Base, new_id, now

LOCAL = "local"


class User(Base):
    """Somebody who can log in: by password, or as an identity provider says."""

    __tablename__ = "user_account"  # "user" is a word of SQL
    __table_args__ = (UniqueConstraint("source", "external_id"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    name: Mapped[str] = mapped_column(String(255), unique=True)
    display_name: Mapped[str] = mapped_column(String(255), default="")
    email: Mapped[str] = mapped_column(String(255), default="")
    #: "local", "oidc", or "keystone:" and the id of a cloud.
    source: Mapped[str] = mapped_column(String(64), default=LOCAL)
    #: What the source calls this user for ever; of a local user its id.
    external_id: Mapped[str] = mapped_column(String(255))
    password_hash: Mapped[str | None] = mapped_column(String(255))
    disabled: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime] = mapped_column(default=now)
    last_login_at: Mapped[datetime | None]
