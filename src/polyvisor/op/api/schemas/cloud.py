"""Clouds."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, SecretStr

from polyvisor.op.api.schemas.base import Id, In, Line, MessageOut, Name, Out
from polyvisor.op.clouds import credential as credentials
from polyvisor.op.clouds.credential import Credential
from polyvisor.op.db.models.cloud import Health


class ApplicationCredentialIn(In):
    """An application credential of Keystone."""

    type: Literal["application_credential"]
    auth_url: Line = Field(examples=["https://cloud.example:5000/v3"])
    id: Line
    secret: SecretStr

    def read(self) -> Credential:
        """As connections are made of it."""
        return credentials.application_credential(self.auth_url, self.id, self.secret.get_secret_value())


class CloudsYamlIn(In):
    """An entry of clouds.yaml, as JSON."""

    type: Literal["clouds_yaml"]
    entry: dict[str, Any] = Field(repr=False)

    def read(self) -> Credential:
        """As connections are made of it."""
        return credentials.from_clouds_yaml(self.entry)


CredentialIn = Annotated[ApplicationCredentialIn | CloudsYamlIn, Field(discriminator="type")]


class CloudIn(In):
    """A cloud to register."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "name": "north",
                    "region": "RegionOne",
                    "credential": {
                        "type": "application_credential",
                        "auth_url": "https://cloud.example:5000/v3",
                        "id": "21dced0fd20347869b93710d2b98aae0",
                        "secret": "not-this-one",
                    },
                }
            ]
        }
    )

    name: Name
    region: Name | None = None
    credential: CredentialIn
    ca_certificate: str | None = Field(
        None, max_length=200_000, description="PEM of the authorities to trust instead of the system's."
    )
    insecure: bool = Field(False, description="Accept any certificate.")


class CloudChange(In):
    """What to change of a cloud; what is not given stays."""

    name: Name | None = None
    region: Name | None = None
    credential: CredentialIn | None = None
    ca_certificate: str | None = Field(
        None, max_length=200_000, description="An empty text: the system's authorities again."
    )
    insecure: bool | None = None


class CloudOut(Out):
    """A cloud. Its credential is never given back."""

    id: Id
    name: str
    region: str | None
    auth_url: str
    auth_type: str
    insecure: bool
    draining: bool
    health: Health
    health_reason: str | None
    health_message: MessageOut | None = Field(description="The reason by its code.")
    health_at: datetime | None
    health_since: datetime | None
    capabilities: dict[str, Any] = Field(
        examples=[
            {
                "services": {"compute": {"min": "2.1", "max": "2.100"}},
                "regions": ["RegionOne"],
                "hypervisor_types": ["QEMU", "VMware vCenter Server"],
                "polyvisor": {"compute": True, "port_groups": True},
                "administrator": True,
            }
        ]
    )
    node: str = Field(description="Its place in the tree of scopes.", examples=["/clouds/4f0e"])
    created_at: datetime
    updated_at: datetime
