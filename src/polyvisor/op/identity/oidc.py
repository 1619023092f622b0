"""Logging in by an OpenID provider: authorization code flow with PKCE, by Authlib."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Any

import requests
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.requests_client import OAuth2Session
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from polyvisor.op.identity.login import External
from polyvisor.op.message import say
from polyvisor.op.platform import Platform
from polyvisor.op.problem import NotFound, Problem, Unauthenticated
from polyvisor.op.settings import OidcSettings
from polyvisor.op.vault import VaultError

CALLBACK = "/api/v1/session/oidc/callback"
#: Time to type a password at the provider.
STATE_SECONDS = 600
_CALL_SECONDS = 10
_ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "ES256", "ES384"]


class ProviderFailed(Problem):
    """The provider does not answer, or not as OpenID Connect says."""

    status, title, code = 502, "Identity provider failed", "provider_failed"


@dataclass(frozen=True, slots=True)
class Departure:
    """Where to send the browser, and what it has to bring back in a cookie."""

    url: str
    state: str


def begin(platform: Platform) -> Departure:
    """Begin to log in. Raises NotFound if no provider is set, ProviderFailed."""
    settings = _settings(platform)
    verifier, nonce = secrets.token_urlsafe(48), secrets.token_urlsafe(24)
    with _client(platform, settings) as client:
        url, state = client.create_authorization_url(
            _metadata(settings)["authorization_endpoint"], code_verifier=verifier, nonce=nonce
        )
    return Departure(url, platform.vault.seal({"state": state, "verifier": verifier, "nonce": nonce}))


def finish(platform: Platform, cookie: str | None, state: str, code: str) -> External:
    """Who it is that comes back. Raises Unauthenticated, NotFound, ProviderFailed."""
    settings = _settings(platform)
    try:
        begun = platform.vault.open(cookie or "", seconds=STATE_SECONDS)
    except VaultError:
        raise Unauthenticated(say("oidc_late")) from None
    if not secrets.compare_digest(begun["state"].encode(), state.encode()):
        raise Unauthenticated(say("oidc_other"))
    metadata = _metadata(settings)
    try:
        with _client(platform, settings) as client:
            token = client.fetch_token(
                metadata["token_endpoint"], code=code, code_verifier=begun["verifier"], timeout=_CALL_SECONDS
            )
        claims = _claims(settings, metadata, token["id_token"], begun["nonce"])
    except (AuthlibBaseError, JoseError, KeyError, ValueError) as error:
        raise Unauthenticated(say("oidc_answer", text=type(error).__name__)) from error
    except requests.RequestException as error:
        raise ProviderFailed(say("oidc_silent", url=settings.issuer, text=type(error).__name__)) from error
    name = claims.get("preferred_username") or claims.get("email") or claims["sub"]
    return External("oidc", claims["sub"], str(name), claims.get("name") or "", claims.get("email") or "")


def _claims(settings: OidcSettings, metadata: dict[str, Any], token: str, nonce: str) -> dict[str, Any]:
    keys = KeySet.import_key_set({"keys": _get(metadata["jwks_uri"])["keys"]})
    decoded = jwt.decode(token, keys, algorithms=_ALGORITHMS)
    jwt.JWTClaimsRegistry(
        leeway=60,
        iss={"essential": True, "value": metadata["issuer"]},
        aud={"essential": True, "value": settings.client_id},
        exp={"essential": True},
        sub={"essential": True},
        nonce={"essential": True, "value": nonce},
    ).validate(decoded.claims)
    return decoded.claims


def _metadata(settings: OidcSettings) -> dict[str, Any]:
    issuer = str(settings.issuer).rstrip("/")
    found = _get(f"{issuer}/.well-known/openid-configuration")
    if str(found.get("issuer", "")).rstrip("/") != issuer:
        raise ProviderFailed(say("oidc_issuer", issuer=issuer, name=found.get("issuer")))
    return found


def _get(url: str) -> dict[str, Any]:
    try:
        answer = requests.get(url, timeout=_CALL_SECONDS)
        answer.raise_for_status()
        found: dict[str, Any] = answer.json()
    except requests.RequestException as error:
        raise ProviderFailed(say("oidc_silent", url=url, text=type(error).__name__)) from error
    return found


def _client(platform: Platform, settings: OidcSettings) -> Any:
    return OAuth2Session(
        settings.client_id,
        settings.client_secret.get_secret_value(),
        scope=settings.scopes,
        redirect_uri=platform.settings.url + CALLBACK,
        code_challenge_method="S256",
    )


def _settings(platform: Platform) -> OidcSettings:
    if platform.settings.oidc is None:
        raise NotFound(say("oidc_not_set"))
    return platform.settings.oidc
