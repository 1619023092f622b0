"""API tokens."""

from __future__ import annotations

from datetime import datetime

from pydantic import AwareDatetime, ConfigDict, Field

from polyvisor.op.api.schemas.base import Id, In, Name, Out
from polyvisor.op.rights import Right


class TokenIn(In):
    """A token to make."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"name": "terraform", "expires_at": "2030-01-31T00:00:00Z", "rights": ["cloud.read"]}
            ]
        }
    )

    name: Name
    expires_at: AwareDatetime = Field(description="At most a year from now.")
    rights: list[Right] | None = Field(
        None, description="The only rights it may use; null: all that its user has, now and later."
    )


class TokenOut(Out):
    """A token, without its secret."""

    id: Id
    name: str
    rights: list[str] | None
    created_at: datetime
    last_used_at: datetime | None
    expires_at: datetime


class NewTokenOut(TokenOut):
    """A new token; this is the only time that its secret is shown."""

    secret: str = Field(description="To be sent as `Authorization: Bearer …`.")
