"""Sessions."""

from __future__ import annotations

from datetime import datetime

from pydantic import ConfigDict, Field, SecretStr

from polyvisor.op.api.schemas.base import Id, In, Line, Out
from polyvisor.op.api.schemas.user import UserOut
from polyvisor.op.rights import Right


class PasswordLogin(In):
    """Name and password of a local user."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"name": "admin", "password": "as-printed-at-the-first-start"}]}
    )

    name: Line
    password: SecretStr = Field(max_length=1000)


class KeystoneLogin(In):
    """A token of a registered cloud's Keystone."""

    cloud_id: Id
    token: SecretStr = Field(max_length=20_000)


class HeldOut(Out):
    """Rights at a node of the tree, and below it if they are inherited."""

    node: str = Field(examples=["/"])
    rights: list[Right]
    inherited: bool


class SessionOut(Out):
    """Who is logged in, and what they may do where."""

    user: UserOut
    csrf: str | None = Field(
        description="To be sent as X-CSRF-Token with every request that changes something; null with a token."
    )
    expires_at: datetime | None
    held: list[HeldOut]


class ProvidersOut(Out):
    """How one can log in."""

    password: bool = True
    oidc: str | None = Field(description="What the button says; null: there is no provider.")
    keystone: list[Id] = Field(description="Clouds whose tokens are taken.")
