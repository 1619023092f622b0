"""/resources: all that all clouds have."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query
from sqlalchemy.orm import Session

from polyvisor.op.api.dependencies import Reading, TheCaller, TheSlice, Writing
from polyvisor.op.api.needs import ANYWHERE, needs
from polyvisor.op.api.problems import documented
from polyvisor.op.api.schemas.base import Id, Line
from polyvisor.op.api.schemas.resource import (
    KindName,
    RelatedOut,
    ResourceDetailOut,
    ResourceOut,
    ResourcePage,
    Sort,
    Tag,
    TagsIn,
)
from polyvisor.op.db.models import Resource
from polyvisor.op.db.models.resource import Kind
from polyvisor.op.inventory import resource as resources
from polyvisor.op.inventory import sight, tag
from polyvisor.op.inventory.sight import Sight
from polyvisor.op.rights import Right

router = APIRouter(prefix="/resources", tags=["inventory"])
ResourceId = Annotated[Id, Path(description="Of a resource.")]


@router.get("", dependencies=[needs(Right.INVENTORY_READ, at=ANYWHERE)])
def list_resources(  # noqa: PLR0913, PLR0917 - one for each field that can be asked for
    session: Reading,
    caller: TheCaller,
    part: TheSlice,
    kind: KindName | None = None,
    cloud: Annotated[Id | None, Query(description="Only of this cloud.")] = None,
    tenant: Annotated[Id | None, Query(description="Only of this tenant and its parts.")] = None,
    project: Annotated[Line | None, Query(description="Only of this project, by the cloud's id.")] = None,
    status: Annotated[Line | None, Query(examples=["ACTIVE"])] = None,
    q: Annotated[
        Line, Query(description="Words in names, ids, addresses, metadata, tags; parts of words will do.")
    ] = "",
    tag: Annotated[Tag | None, Query(description="Only with this tag.")] = None,
    on: Annotated[
        Id | None,
        Query(description="Only on this host, cluster or datastore, in this network, of this server."),
    ] = None,
    sort: Sort = "name",
) -> ResourcePage:
    """What the caller may see, of one kind or of all."""
    wanted = resources.Query(Kind(kind) if kind else None, cloud, tenant, project, status, q, tag, on, sort)
    seen = sight.look(session, caller.access)
    found = resources.find(session, seen, wanted, part)
    return ResourcePage(
        items=[view(seen, row) for row in found.rows],
        next=found.cursor,
        total=found.total,
        total_exact=found.total_exact,
    )


@router.get(
    "/{resource_id}",
    dependencies=[needs(Right.INVENTORY_READ, at=ANYWHERE)],
    responses=documented(404),
)
def show_resource(session: Reading, caller: TheCaller, resource_id: ResourceId) -> ResourceDetailOut:
    """One resource, and what belongs to it. One that has gone is shown for a while."""
    seen = sight.look(session, caller.access)
    return _detail(session, seen, resources.get(session, seen, resource_id))


@router.put(
    "/{resource_id}/tags",
    dependencies=[needs(Right.INVENTORY_TAG, at=ANYWHERE)],
    responses=documented(404),
)
def put_tags(session: Writing, caller: TheCaller, resource_id: ResourceId, wanted: TagsIn) -> ResourceOut:
    """Give a resource these tags and no others. They are the platform's; the cloud does not know them."""
    seen = sight.look(session, caller.access)
    found = resources.get(session, seen, resource_id)
    tag.put(session, caller.access, found, wanted.tags)
    return view(seen, found)


def view(seen: Sight, row: Resource) -> ResourceOut:
    """A resource as somebody may see it."""
    return ResourceOut.model_validate(_fields(seen, row))


def _detail(session: Session, seen: Sight, row: Resource) -> ResourceDetailOut:
    related = resources.related(session, seen, row)
    return ResourceDetailOut.model_validate(
        _fields(seen, row) | {"related": RelatedOut.model_validate(related)}
    )


def _fields(seen: Sight, row: Resource) -> dict[str, object]:
    fields: dict[str, object] = {name: getattr(row, name) for name in ResourceOut.model_fields}
    return fields | {"attributes": resources.attributes(seen, row)}
