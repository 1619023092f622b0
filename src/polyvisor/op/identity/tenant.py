"""Tenants: departments, in a tree."""

from __future__ import annotations

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from polyvisor.op.audit import entry
from polyvisor.op.audit.entry import Target
from polyvisor.op.db.base import new_id
from polyvisor.op.db.models import Grant, Project, Tenant
from polyvisor.op.db.models.tenant import ROOT
from polyvisor.op.identity.actor import Actor
from polyvisor.op.message import say
from polyvisor.op.problem import Conflict, Invalid, NotFound

#: Departments of departments; a node has 33 characters for each and fits its column.
DEEPEST = 8


def get(session: Session, key: str) -> Tenant:
    """A tenant by id. Raises NotFound."""
    found = session.get(Tenant, key)
    if found is None:
        raise NotFound.of("tenant", key)
    return found


def create(session: Session, actor: Actor, name: str, description: str, parent: Tenant | None) -> Tenant:
    """Make a tenant, of a parent or at the top. Raises Conflict if the name is taken there, Invalid."""
    above = parent.node if parent else ROOT
    if above.count("/") > DEEPEST:
        raise Invalid("body.parent_id", say("tenant_too_deep", deepest=DEEPEST))
    _refuse_taken(session, above, name)
    key = new_id()
    made = Tenant(
        id=key,
        name=name,
        description=description,
        parent_id=parent.id if parent else None,
        parent_node=above,
        node=f"{above}/{key}",
    )
    session.add(made)
    session.flush()
    entry.record(session, actor, "tenant.create", _target(made))
    return made


def update(session: Session, actor: Actor, tenant: Tenant, name: str | None, description: str | None) -> None:
    """Change name or description. Raises Conflict if the name is taken."""
    if name is not None and name != tenant.name:
        _refuse_taken(session, tenant.parent_node, name)
        tenant.name = name
    if description is not None:
        tenant.description = description
    entry.record(session, actor, "tenant.update", _target(tenant))


def remove(session: Session, actor: Actor, tenant: Tenant) -> None:
    """Remove a tenant with its grants. Raises Conflict while it has parts or projects."""
    if session.scalar(select(Tenant.id).where(Tenant.parent_id == tenant.id).limit(1)):
        raise Conflict(say("tenant_has_parts", tenant=tenant.name))
    if session.scalar(select(Project.id).where(Project.tenant_id == tenant.id).limit(1)):
        raise Conflict(say("tenant_has_projects", tenant=tenant.name))
    session.execute(delete(Grant).where(Grant.node == tenant.node))
    session.delete(tenant)
    entry.record(session, actor, "tenant.remove", _target(tenant))


def _refuse_taken(session: Session, above: str, name: str) -> None:
    if session.scalar(select(Tenant.id).where(Tenant.parent_node == above, Tenant.name == name)):
        raise Conflict(say("tenant_taken", name=name))


def _target(tenant: Tenant) -> Target:
    return Target(tenant.id, tenant.name, tenant.node)
