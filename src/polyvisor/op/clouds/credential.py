"""How a cloud is logged in to: what is given when it is registered, and what a connection is made of."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from polyvisor.op.message import say
from polyvisor.op.problem import Invalid

#: Of keystoneauth: what a registered cloud may log in with, and what each of them needs.
AUTH_TYPES = {
    "v3applicationcredential": ("application_credential_id", "application_credential_secret"),
    "v3password": ("username", "password"),
}
_ALIASES = {"password": "v3password"}
_ALLOWED = {
    "auth_url",
    "application_credential_id",
    "application_credential_name",
    "application_credential_secret",
    "username",
    "user_id",
    "password",
    "user_domain_id",
    "user_domain_name",
    "project_id",
    "project_name",
    "project_domain_id",
    "project_domain_name",
    "system_scope",
}


@dataclass(frozen=True, slots=True)
class Credential:
    """What keystoneauth logs in with; ``auth`` are the options of its plug-in."""

    auth_type: str
    auth: Mapping[str, str] = field(repr=False)
    interface: str = "public"

    @property
    def auth_url(self) -> str:
        """Where it logs in."""
        return self.auth["auth_url"]

    def as_secret(self) -> dict[str, Any]:
        """As it is sealed."""
        return {"auth_type": self.auth_type, "auth": dict(self.auth), "interface": self.interface}


@dataclass(frozen=True, slots=True)
class Reach:
    """How a cloud is reached: all that a connection to it depends on."""

    credential: Credential
    region: str | None = None
    #: PEM of the authorities to trust instead of the system's.
    ca_certificate: str | None = None
    insecure: bool = False


def application_credential(auth_url: str, key: str, secret: str) -> Credential:
    """An application credential, by id."""
    _check_url(auth_url, "body.credential.auth_url")
    auth = {
        "auth_url": auth_url,
        "application_credential_id": key,
        "application_credential_secret": secret,
    }
    return Credential("v3applicationcredential", auth)


def from_clouds_yaml(entry: Mapping[str, Any], where: str = "body.credential.entry") -> Credential:
    """The credential of an entry of clouds.yaml, as that file has it. Raises Invalid naming the key."""
    auth_type = str(entry.get("auth_type", "v3password"))
    auth_type = _ALIASES.get(auth_type, auth_type)
    if auth_type not in AUTH_TYPES:
        raise Invalid(
            f"{where}.auth_type", say("auth_type_unknown", type=auth_type, known=", ".join(AUTH_TYPES))
        )
    auth = entry.get("auth")
    if not isinstance(auth, Mapping):
        raise Invalid(f"{where}.auth", say("auth_missing"))
    if unknown := sorted(set(map(str, auth)) - _ALLOWED):
        raise Invalid(f"{where}.auth.{unknown[0]}", say("auth_unknown", known=", ".join(sorted(_ALLOWED))))
    for name in ("auth_url", *AUTH_TYPES[auth_type]):
        alternative = "user_id" if name == "username" else name
        if not auth.get(name) and not auth.get(alternative):
            raise Invalid(f"{where}.auth.{name}", say("auth_needed", type=auth_type))
    _check_url(str(auth["auth_url"]), f"{where}.auth.auth_url")
    return Credential(
        auth_type, {str(key): str(value) for key, value in auth.items()}, _interface(entry, where)
    )


def _interface(entry: Mapping[str, Any], where: str) -> str:
    interface = str(entry.get("interface", "public")).removesuffix("URL")
    if interface not in {"public", "internal", "admin"}:
        raise Invalid(f"{where}.interface", say("bad_interface"))
    return interface


def _check_url(url: str, where: str) -> None:
    if not re.fullmatch(r"https?://[^\s/?#@\0]+(/[^\s?#\0]*)?", url):
        raise Invalid(where, say("bad_keystone_url"))
