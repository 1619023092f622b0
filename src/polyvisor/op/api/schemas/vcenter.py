"""vCenters."""

from __future__ import annotations

from datetime import datetime

from pydantic import ConfigDict, Field, SecretStr, field_validator

from polyvisor.op.api.schemas.base import Id, In, Line, MessageOut, Name, Out
from polyvisor.op.db.models.cloud import Health
from polyvisor.op.message import refusal

_HOST = Field(min_length=1, pattern=r"^[A-Za-z0-9._:-]+$", examples=["vcenter.example"])
_PEM = "PEM of the authorities to trust instead of the system's."


def _password(secret: SecretStr | None) -> SecretStr | None:
    if secret is not None and not 0 < len(secret.get_secret_value()) <= 1000:
        raise refusal("vcenter_password_length")
    return secret


class VCenterIn(In):
    """A vCenter to attach to a cloud."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "cloud_id": "4f0e53e4c9a14c4f8f6b0a3d1c7e2b90",
                    "name": "dc1",
                    "host": "vcenter.example",
                    "username": "adoption@vsphere.local",
                    "password": "not-this-one",
                }
            ]
        }
    )

    cloud_id: Id = Field(description="The cloud that manages its clusters.")
    name: Name
    host: Line = _HOST
    port: int = Field(443, ge=1, le=65535)
    username: Line = Field(min_length=1)
    password: SecretStr
    ca_certificate: str | None = Field(None, max_length=200_000, description=_PEM)
    insecure: bool = Field(False, description="Accept any certificate.")

    check_password = field_validator("password")(_password)


class VCenterChange(In):
    """What to change of a vCenter; what is not given stays."""

    name: Name | None = None
    host: Line | None = Field(None, min_length=1, pattern=r"^[A-Za-z0-9._:-]+$")
    port: int | None = Field(None, ge=1, le=65535)
    username: Line | None = Field(None, min_length=1)
    password: SecretStr | None = None
    ca_certificate: str | None = Field(
        None, max_length=200_000, description="An empty text: the system's authorities again."
    )
    insecure: bool | None = None

    check_password = field_validator("password")(_password)


class VCenterOut(Out):
    """A vCenter. Its password is never given back."""

    id: Id
    cloud_id: Id
    name: str
    host: str
    port: int
    username: str
    ca_certificate: str | None
    insecure: bool
    uuid: str = Field(description="Its instance UUID.", examples=["52fdfc07-2182-454f-963f-5f0f9a621d72"])
    product: str = Field(examples=["VMware vCenter Server 8.0.3 build-24022515"])
    health: Health = Field(description="As it was when it was last asked.")
    health_reason: str | None
    health_message: MessageOut | None = Field(description="The reason by its code.")
    health_at: datetime | None
    created_at: datetime
    updated_at: datetime
