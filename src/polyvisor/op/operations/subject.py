"""What an operation is about: a thing of the inventory, or the place of a new one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from polyvisor.op.db.models import Cloud, Project, Resource, Tenant
from polyvisor.op.message import say
from polyvisor.op.problem import Conflict


@dataclass(frozen=True, slots=True)
class Subject:
    """A thing, where it is in the tree of scopes, and by whose account it is acted on.

    ``external_id`` is the cloud's own id, ``project_id`` the platform's id of the project; without one, the
    account acts that the cloud was registered with.
    """

    name: str
    id: str | None = None
    external_id: str | None = None
    cloud_id: str | None = None
    project_id: str | None = None
    tenant_id: str | None = None
    cloud_node: str = ""
    tenant_node: str = ""

    @property
    def nodes(self) -> tuple[str, ...]:
        """Where it is in the tree of scopes."""
        return tuple(node for node in (self.tenant_node, self.cloud_node) if node)


@dataclass(frozen=True, slots=True)
class Placed:
    """A thing of the inventory, and what its cloud can do."""

    subject: Subject
    kind: str
    cloud: str
    capabilities: dict[str, Any]


def of_resource(session: Session, resource: Resource) -> Placed:
    """The subject that a resource is. Raises Conflict if it has gone."""
    if resource.gone_at is not None:
        raise Conflict(say("gone", name=resource.name))
    cloud = session.get_one(Cloud, resource.cloud_id)
    tenant = session.get(Tenant, resource.tenant_id) if resource.tenant_id else None
    subject = Subject(
        name=resource.name,
        id=resource.id,
        external_id=resource.external_id,
        cloud_id=cloud.id,
        project_id=_project(session, resource) if tenant else None,
        tenant_id=resource.tenant_id,
        cloud_node=cloud.node,
        tenant_node=tenant.node if tenant else "",
    )
    return Placed(subject, resource.kind, cloud.name, cloud.capabilities)


def _project(session: Session, resource: Resource) -> str | None:
    same = (Project.cloud_id == resource.cloud_id, Project.external_id == resource.project_id)
    return session.scalar(select(Project.id).where(*same))
