"""Users of registered clouds: who has a token of a cloud's Keystone is known by it."""

from __future__ import annotations

from typing import Any

from openstack import exceptions as sdk

from polyvisor.op.clouds import cloud as clouds
from polyvisor.op.identity.login import External
from polyvisor.op.message import say
from polyvisor.op.platform import Platform
from polyvisor.op.problem import Unauthenticated


def verify(platform: Platform, cloud_key: str, token: str) -> External:
    """Whom a token of a cloud belongs to, as that cloud says.

    Raises Unauthenticated if the cloud does not know the token; CloudUnavailable, CloudRefused, NotFound.
    """
    with platform.database.read() as session:
        cloud = clouds.get(session, cloud_key)
    try:
        found = platform.clouds.run(cloud.id, lambda connection: _look_up(connection, token))
    except (sdk.NotFoundException, sdk.BadRequestException, sdk.ForbiddenException):
        raise Unauthenticated(say("token_unknown_at_cloud", cloud=cloud.name)) from None
    user = found["user"]
    return External(
        source=f"keystone:{cloud.id}", external_id=user["id"], name=f"{user['name']}@{cloud.name}"
    )


def _look_up(connection: Any, token: str) -> dict[str, Any]:
    """Ask with the platform's own token: an administrator's may validate all others."""
    answer = connection.identity.get(
        "/auth/tokens", headers={"X-Subject-Token": token}, params={"nocatalog": "1"}
    )
    sdk.raise_from_response(answer)
    found: dict[str, Any] = answer.json()["token"]
    return found
