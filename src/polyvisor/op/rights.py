"""The rights there are, and the roles that are built in.

A new endpoint takes a right from here, or adds its own, and adds it to the roles that shall have it.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass


class Right(enum.StrEnum):
    """What somebody may do: ``noun.verb``. The names are stored with custom roles and tokens."""

    #: Whatever has no right of its own. No custom role can have it.
    ADMINISTER = "platform.administer"
    CLOUD_READ = "cloud.read"
    CLOUD_MANAGE = "cloud.manage"
    USER_READ = "user.read"
    USER_MANAGE = "user.manage"
    TENANT_READ = "tenant.read"
    TENANT_MANAGE = "tenant.manage"
    PROJECT_READ = "project.read"
    PROJECT_MANAGE = "project.manage"
    ROLE_READ = "role.read"
    ROLE_MANAGE = "role.manage"
    GRANT_READ = "grant.read"
    GRANT_MANAGE = "grant.manage"
    AUDIT_READ = "audit.read"
    OPERATION_READ = "operation.read"
    #: Start, stop, reboot, consolidate, attach and detach.
    SERVER_OPERATE = "server.operate"
    SERVER_CREATE = "server.create"
    SERVER_DELETE = "server.delete"
    SERVER_RESIZE = "server.resize"
    SERVER_CLONE = "server.clone"
    SERVER_MIGRATE = "server.migrate"
    SERVER_SNAPSHOT = "server.snapshot"
    SERVER_CONSOLE = "server.console"
    #: Let go of a server that was adopted, so that it is no cloud's.
    SERVER_RELEASE = "server.release"
    #: vCenters that are attached to clouds, and what is planned for their VMs.
    ADOPTION_READ = "adoption.read"
    ADOPTION_MANAGE = "adoption.manage"
    INVENTORY_READ = "inventory.read"
    INVENTORY_TAG = "inventory.tag"


@dataclass(frozen=True, slots=True)
class BuiltIn:
    """A role that every platform has; its rights grow with the platform."""

    name: str
    description: str
    rights: frozenset[Right]


_READ = frozenset(right for right in Right if right.endswith(".read"))
_SEE = frozenset(
    {
        Right.CLOUD_READ,
        Right.TENANT_READ,
        Right.PROJECT_READ,
        Right.INVENTORY_READ,
        Right.OPERATION_READ,
    }
)
_SERVERS = frozenset(right for right in Right if right.startswith("server."))
#: What those who own a server do with it; where it runs is the operator's business.
_WORK = (_SERVERS | {Right.INVENTORY_TAG}) - {Right.SERVER_MIGRATE, Right.SERVER_RELEASE}

ADMINISTRATOR = BuiltIn("administrator", "Everything", frozenset(Right))
BUILT_IN = {
    role.name: role
    for role in (
        ADMINISTRATOR,
        BuiltIn(
            "operator",
            "Runs clouds and what is on them",
            _READ | _SERVERS | {Right.CLOUD_MANAGE, Right.ADOPTION_MANAGE, Right.INVENTORY_TAG},
        ),
        BuiltIn(
            "tenant_manager",
            "Runs a department: its parts, its people's roles",
            _SEE
            | _WORK
            | {Right.TENANT_MANAGE, Right.GRANT_READ, Right.GRANT_MANAGE, Right.ROLE_READ, Right.USER_READ},
        ),
        BuiltIn("user", "Works with the servers of a department", _SEE | _WORK),
        BuiltIn("auditor", "Sees everything, changes nothing", _READ),
    )
}
