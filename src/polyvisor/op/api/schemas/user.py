"""Users."""

from __future__ import annotations

from datetime import datetime

from pydantic import ConfigDict, Field, SecretStr

from polyvisor.op.api.schemas.base import Id, In, Line, Name, Out


class UserIn(In):
    """A user to make."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"name": "li", "password": "a-long-password", "display_name": "Li Wei"}]
        }
    )

    name: Name
    password: SecretStr = Field(description="10 to 256 characters.")
    display_name: Line = ""
    email: Line = ""


class UserChange(In):
    """What to change of a user; what is not given stays."""

    display_name: Line | None = None
    email: Line | None = None
    disabled: bool | None = None


class PasswordIn(In):
    """A new password."""

    password: SecretStr = Field(description="10 to 256 characters.")


class OwnPasswordIn(PasswordIn):
    """A new password of the caller's own."""

    current: SecretStr


class UserOut(Out):
    """A user."""

    id: Id
    name: str
    display_name: str
    email: str
    source: str = Field(
        description='"local", "oidc", or "keystone:" and the id of a cloud.', examples=["local"]
    )
    disabled: bool
    created_at: datetime
    last_login_at: datetime | None
