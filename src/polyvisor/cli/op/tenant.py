"""`polyvisor op tenant`."""

from __future__ import annotations

import click
from sqlalchemy import select
from sqlalchemy.orm import Session

from polyvisor.cli.op.base import Group, actor, json_option, platform, show, show_all
from polyvisor.op.api.schemas.project import ProjectOut
from polyvisor.op.api.schemas.tenant import TenantOut
from polyvisor.op.clouds import cloud as clouds
from polyvisor.op.db.models import Project, Tenant
from polyvisor.op.identity import project as projects
from polyvisor.op.identity import tenant as tenants
from polyvisor.op.message import say
from polyvisor.op.problem import NotFound

_COLUMNS = ("name", "id", "parent_id", "node", "description")
_PROJECT_COLUMNS = ("name", "id", "cloud_id", "external_id", "state", "reason")


@click.group(cls=Group)
def tenant() -> None:
    """Departments. TENANT is an id, or a name that only one has."""


@tenant.command()
@click.argument("name")
@click.option("--parent", help="The tenant it is a part of: name or id.")
@click.option("--description", default="")
@json_option
def create(name: str, parent: str | None, description: str, as_json: bool) -> None:
    """Make a tenant NAME."""
    with platform() as opened, opened.database.write() as session:
        above = _find(session, parent) if parent else None
        show(
            TenantOut.model_validate(tenants.create(session, actor(), name, description, above)),
            as_json=as_json,
        )


@tenant.command("list")
@json_option
def list_tenants(as_json: bool) -> None:
    """List all tenants."""
    with platform() as opened, opened.database.read() as session:
        rows = session.scalars(select(Tenant).order_by(Tenant.name, Tenant.id))
        show_all([TenantOut.model_validate(one) for one in rows], _COLUMNS, as_json=as_json)


@tenant.command()
@click.argument("key", metavar="TENANT")
def remove(key: str) -> None:
    """Remove a tenant without parts and projects, with its grants."""
    with platform() as opened, opened.database.write() as session:
        tenants.remove(session, actor(), _find(session, key))


@tenant.command()
@click.argument("key", metavar="TENANT")
@click.argument("cloud")
@click.option("--name", help="Of the project there.  [default: the tenant's]")
@click.option("--external-id", help="The cloud's id of a project that is there already.")
@json_option
def give(key: str, cloud: str, name: str | None, external_id: str | None, as_json: bool) -> None:
    """Give a tenant a project on a CLOUD; a worker makes it."""
    with platform() as opened, opened.database.write() as session:
        wanted = (clouds.get(session, cloud).id, name, external_id)
        made = projects.create(session, actor(), _find(session, key), *wanted)
        show(ProjectOut.model_validate(made), as_json=as_json)


@tenant.command("projects")
@click.argument("key", metavar="TENANT")
@json_option
def list_projects(key: str, as_json: bool) -> None:
    """List a tenant's projects on clouds."""
    with platform() as opened, opened.database.read() as session:
        mine = select(Project).where(Project.tenant_id == _find(session, key).id).order_by(Project.created_at)
        found = [ProjectOut.model_validate(one) for one in session.scalars(mine)]
        show_all(found, _PROJECT_COLUMNS, as_json=as_json)


@tenant.command()
@click.argument("key", metavar="TENANT")
@click.argument("project")
def take(key: str, project: str) -> None:
    """Take a PROJECT (id) from a tenant. It stays on its cloud, with all that is in it."""
    with platform() as opened, opened.database.write() as session:
        owner = _find(session, key)
        projects.remove(session, actor(), owner, projects.get(session, owner, project))


def _find(session: Session, key: str) -> Tenant:
    named = list(session.scalars(select(Tenant).where(Tenant.name == key).limit(2)))
    if session.get(Tenant, key) is None and len(named) == 1:
        return named[0]
    if len(named) > 1:
        raise NotFound(say("tenants_alike", name=key))
    return tenants.get(session, key)
