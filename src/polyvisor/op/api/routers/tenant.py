"""/tenants."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Path, Query
from sqlalchemy import select

from polyvisor.op import paging
from polyvisor.op.api.dependencies import Reading, TheCaller, ThePlatform, TheSlice, Writing
from polyvisor.op.api.needs import ANYWHERE, needs
from polyvisor.op.api.problems import documented
from polyvisor.op.api.schemas.base import Id, Page
from polyvisor.op.api.schemas.tenant import TenantChange, TenantIn, TenantOut
from polyvisor.op.db.models import Tenant
from polyvisor.op.db.models.tenant import ROOT
from polyvisor.op.identity import tenant as tenants
from polyvisor.op.message import say
from polyvisor.op.problem import Invalid
from polyvisor.op.rights import Right

router = APIRouter(prefix="/tenants", tags=["tenants"])
TenantId = Annotated[Id, Path(description="Of a tenant.")]


def tenant_nodes(platform: ThePlatform, tenant_id: TenantId) -> Sequence[str]:
    """Where a tenant is in the tree; of one that is not there, the root of tenants."""
    with platform.database.read() as session:
        found = session.get(Tenant, tenant_id)
    return (found.node if found else ROOT,)


@router.get("", dependencies=[needs(Right.TENANT_READ, at=ANYWHERE)])
def list_tenants(
    session: Reading,
    caller: TheCaller,
    part: TheSlice,
    parent_id: Annotated[Id | None, Query(description="Only parts of this tenant.")] = None,
) -> Page[TenantOut]:
    """Tenants that the caller may see, by name."""
    statement = select(Tenant).where(caller.access.within(Right.TENANT_READ, Tenant.node))
    if parent_id is not None:
        statement = statement.where(Tenant.parent_id == parent_id)
    order = [paging.Key(Tenant.name), paging.Key(Tenant.id)]
    rows, cursor = paging.fetch(session, statement, order, part)
    return Page(items=[TenantOut.model_validate(row) for row in rows], next=cursor)


@router.post(
    "",
    status_code=201,
    dependencies=[needs(Right.TENANT_MANAGE, at=ANYWHERE)],
    responses=documented(409),
)
def create_tenant(session: Writing, caller: TheCaller, wanted: TenantIn) -> TenantOut:
    """Make a tenant, as a part of another or at the top."""
    parent = session.get(Tenant, wanted.parent_id) if wanted.parent_id else None
    if wanted.parent_id and parent is None:
        raise Invalid("body.parent_id", say("not_found", thing="tenant", name=wanted.parent_id))
    caller.access.require(Right.TENANT_MANAGE, parent.node if parent else ROOT)
    made = tenants.create(session, caller.actor, wanted.name, wanted.description, parent)
    return TenantOut.model_validate(made)


@router.get(
    "/{tenant_id}",
    dependencies=[needs(Right.TENANT_READ, at=tenant_nodes)],
    responses=documented(404),
)
def show_tenant(session: Reading, tenant_id: TenantId) -> TenantOut:
    """One tenant."""
    return TenantOut.model_validate(tenants.get(session, tenant_id))


@router.patch(
    "/{tenant_id}",
    dependencies=[needs(Right.TENANT_MANAGE, at=tenant_nodes)],
    responses=documented(404, 409),
)
def change_tenant(
    session: Writing, caller: TheCaller, tenant_id: TenantId, wanted: TenantChange
) -> TenantOut:
    """Change name or description."""
    tenant = tenants.get(session, tenant_id)
    tenants.update(session, caller.actor, tenant, wanted.name, wanted.description)
    return TenantOut.model_validate(tenant)


@router.delete(
    "/{tenant_id}",
    status_code=204,
    dependencies=[needs(Right.TENANT_MANAGE, at=tenant_nodes)],
    responses=documented(404, 409),
)
def remove_tenant(session: Writing, caller: TheCaller, tenant_id: TenantId) -> None:
    """Remove a tenant that has neither parts nor projects."""
    tenants.remove(session, caller.actor, tenants.get(session, tenant_id))
