"""/tenants/{tenant_id}/projects: what tenants have on clouds."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path
from sqlalchemy import select

from polyvisor.op import paging
from polyvisor.op.api.dependencies import Reading, TheCaller, TheSlice, Writing
from polyvisor.op.api.needs import needs
from polyvisor.op.api.problems import documented
from polyvisor.op.api.routers.tenant import TenantId, tenant_nodes
from polyvisor.op.api.schemas.base import Id, Page
from polyvisor.op.api.schemas.project import ProjectIn, ProjectOut
from polyvisor.op.db.models import Project
from polyvisor.op.identity import project as projects
from polyvisor.op.identity import tenant as tenants
from polyvisor.op.rights import Right

router = APIRouter(prefix="/tenants/{tenant_id}/projects", tags=["projects"])
ProjectId = Annotated[Id, Path(description="The platform's id of a project.")]


@router.get("", dependencies=[needs(Right.PROJECT_READ, at=tenant_nodes)], responses=documented(404))
def list_projects(session: Reading, part: TheSlice, tenant_id: TenantId) -> Page[ProjectOut]:
    """What a tenant has on clouds."""
    tenant = tenants.get(session, tenant_id)
    statement = select(Project).where(Project.tenant_id == tenant.id)
    order = [paging.Key(Project.name), paging.Key(Project.id)]
    rows, cursor = paging.fetch(session, statement, order, part)
    return Page(items=[ProjectOut.model_validate(row) for row in rows], next=cursor)


@router.post(
    "",
    status_code=202,
    dependencies=[needs(Right.PROJECT_MANAGE, at=tenant_nodes)],
    responses=documented(404, 409),
)
def create_project(session: Writing, caller: TheCaller, tenant_id: TenantId, wanted: ProjectIn) -> ProjectOut:
    """Give a tenant a project on a cloud, a new one or one that is there. It is ready a moment later."""
    made = projects.create(
        session,
        caller.actor,
        tenants.get(session, tenant_id),
        wanted.cloud_id,
        wanted.name,
        wanted.external_id,
    )
    return ProjectOut.model_validate(made)


@router.get(
    "/{project_id}",
    dependencies=[needs(Right.PROJECT_READ, at=tenant_nodes)],
    responses=documented(404),
)
def show_project(session: Reading, tenant_id: TenantId, project_id: ProjectId) -> ProjectOut:
    """One project of a tenant, and whether it is ready."""
    tenant = tenants.get(session, tenant_id)
    return ProjectOut.model_validate(projects.get(session, tenant, project_id))


@router.delete(
    "/{project_id}",
    status_code=202,
    dependencies=[needs(Right.PROJECT_MANAGE, at=tenant_nodes)],
    responses=documented(404),
)
def remove_project(
    session: Writing, caller: TheCaller, tenant_id: TenantId, project_id: ProjectId
) -> ProjectOut:
    """Take a project from a tenant. The platform's account in it goes; the project and all in it stay."""
    tenant = tenants.get(session, tenant_id)
    project = projects.get(session, tenant, project_id)
    projects.remove(session, caller.actor, tenant, project)
    return ProjectOut.model_validate(project)
