"""Projects of clouds for tenants: asked for here, made by ``reconcile``."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from polyvisor.op.audit import entry
from polyvisor.op.audit.entry import Target
from polyvisor.op.db.base import now
from polyvisor.op.db.models import Cloud, Project, Tenant
from polyvisor.op.db.models.project import ProjectState
from polyvisor.op.identity.actor import Actor
from polyvisor.op.inventory import store
from polyvisor.op.message import columns, say
from polyvisor.op.problem import Conflict, Invalid, NotFound


def get(session: Session, tenant: Tenant, key: str) -> Project:
    """A project of a tenant. Raises NotFound."""
    found = session.get(Project, key)
    if found is None or found.tenant_id != tenant.id:
        raise NotFound.of("project", key)
    return found


def create(  # noqa: PLR0913, PLR0917 - what a project consists of
    session: Session, actor: Actor, tenant: Tenant, cloud_id: str, name: str | None, external_id: str | None
) -> Project:
    """Ask for a project on a cloud: a new one, or one the cloud has already, by its id there.

    Raises Invalid, Conflict. It is ready when reconcile has made the platform's account in it.
    """
    cloud = session.get(Cloud, cloud_id)
    if cloud is None:
        raise Invalid("body.cloud_id", say("not_found", thing="cloud", name=cloud_id))
    if cloud.draining:
        raise Conflict(say("cloud_is_draining", cloud=cloud.name))
    same = select(Project).where(Project.cloud_id == cloud.id, Project.external_id == external_id)
    if external_id and session.scalar(same):
        raise Conflict(say("project_has_tenant", project=external_id, cloud=cloud.name))
    made = Project(
        tenant_id=tenant.id, cloud_id=cloud.id, name=name or tenant.name[:64], external_id=external_id
    )
    session.add(made)
    session.flush()
    entry.record(session, actor, "project.create", target(made, tenant), cloud=cloud.name)
    return made


def remove(session: Session, actor: Actor, tenant: Tenant, project: Project) -> None:
    """Take a project from a tenant: the platform's account in it goes, the project and all in it stay.

    From now on the tenant sees nothing of it.
    """
    store.assign(session, project.cloud_id, project.external_id, None)
    project.state, project.state_at = ProjectState.REMOVING, now()
    project.reason, project.message = columns(None)
    project.reconcile_due = now()
    entry.record(session, actor, "project.remove", target(project, tenant))


def target(project: Project, tenant: Tenant) -> Target:
    """The project, as the audit log names it."""
    return Target(project.id, project.name, tenant.node)
