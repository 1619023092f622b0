"""Lists of resources, and one resource with what belongs to it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from polyvisor.op import paging
from polyvisor.op.db.models import Resource, ResourceTag, Tenant
from polyvisor.op.db.models.resource import Kind
from polyvisor.op.inventory import search
from polyvisor.op.inventory.found import Ref
from polyvisor.op.inventory.sight import Sight
from polyvisor.op.problem import NotFound

#: How lists can be sorted; "-" before a name turns it round.
SORTS: dict[str, tuple[InstrumentedAttribute[Any], ...]] = {
    "name": (Resource.name_key, Resource.id),
    "status": (Resource.status, Resource.name_key, Resource.id),
    "created": (Resource.created_at, Resource.id),
}
#: Texts that are searched for are counted no further.
COUNTED = 1000
RELATED = 1000
#: Of the provider, and not for those who see a tenant's resources only.
_INFRASTRUCTURE = {"compute_host", "hypervisor", "host", "back_end", "physical_network", "segment"}


@dataclass(frozen=True, slots=True)
class Query:
    """Which resources: every field that is given has to fit."""

    kind: Kind | None = None
    cloud_id: str | None = None
    tenant_id: str | None = None
    project_id: str | None = None
    status: str | None = None
    q: str = ""
    tag: str | None = None
    #: On this host, cluster or datastore, in this network, of this server.
    on: str | None = None
    sort: str = "name"


@dataclass(frozen=True, slots=True)
class Found:
    """A part of a list. ``total`` is known of the first part only."""

    rows: list[Resource]
    cursor: str | None
    total: int | None
    #: False: there are more than ``total``.
    total_exact: bool


@dataclass(frozen=True, slots=True)
class Related:
    """What belongs to a resource, as ids of the platform; only what the caller may see."""

    host: str | None
    datastores: list[str]
    flavor: str | None
    image: str | None
    network: str | None
    server: str | None
    volumes: list[str]
    ports: list[str]
    snapshots: list[str]


def find(session: Session, sight: Sight, wanted: Query, part: paging.Slice) -> Found:
    """Resources that are there. Raises Invalid for a bad cursor."""
    conditions = _conditions(session, sight, wanted)
    descending = wanted.sort.startswith("-")
    order = [paging.Key(column, descending) for column in SORTS[wanted.sort.removeprefix("-")]]
    # Ids first, of an index alone; then the rows of these ids.
    keys, cursor = paging.fetch_keys(session, conditions, order, part)
    rows = {row.id: row for row in session.scalars(select(Resource).where(Resource.id.in_(keys)))}
    total, exact = None, True
    if part.cursor is None:
        total, exact = _total(session, conditions, limited=bool(search.split(wanted.q)))
    return Found([rows[key] for key in keys if key in rows], cursor, total, exact)


def get(session: Session, sight: Sight, key: str) -> Resource:
    """A resource that may be seen, there or gone. Raises NotFound."""
    found = session.scalar(select(Resource).where(Resource.id == key, sight.resources()))
    if found is None:
        raise NotFound.of("resource", key)
    return found


def attributes(sight: Sight, resource: Resource) -> dict[str, Any]:
    """The attributes of a resource that may be seen."""
    if sight.cloud(resource.cloud_id):
        return resource.attributes | ({"placement": resource.placement} if resource.placement else {})
    return {name: value for name, value in resource.attributes.items() if name not in _INFRASTRUCTURE}


def related(session: Session, sight: Sight, resource: Resource) -> Related:
    """What belongs to a resource."""
    there = (Resource.gone_at.is_(None), sight.resources())
    of_it = select(Resource.kind, Resource.id).where(Resource.server_id == resource.id, *there).limit(RELATED)
    own: dict[str, list[str]] = {}
    for row in session.execute(of_it.order_by(Resource.name_key)):
        own.setdefault(row.kind, []).append(row.id)
    named = _named(session, resource)
    seen = set(session.scalars(select(Resource.id).where(Resource.id.in_(_flat(named)), *there)))
    one = {name: key if key in seen else None for name, key in named.items() if not isinstance(key, list)}
    return Related(
        **one,
        datastores=[key for key in named["datastores"] or () if key in seen],
        volumes=own.get(Kind.VOLUME, []),
        ports=own.get(Kind.PORT, []),
        snapshots=own.get(Kind.SNAPSHOT, []),
    )


def _named(session: Session, resource: Resource) -> dict[str, Any]:
    """Ids of what a resource names, whether it may be seen or not."""
    image = resource.attributes.get("image_id")
    disks = (resource.placement or {}).get("disks", ())
    stores = {resource.store_id, *(one["datastore_id"] for one in disks)}
    return {
        "host": resource.place_id if resource.kind == Kind.SERVER else None,
        "datastores": sorted(one for one in stores if one),
        "flavor": _flavor(session, resource),
        "image": Ref(Kind.IMAGE, image).id(resource.cloud_id) if image else None,
        "network": resource.network_id,
        "server": resource.server_id,
    }


def _flat(named: dict[str, Any]) -> list[str]:
    return [key for key in named.values() if isinstance(key, str)] + list(named["datastores"])


def _flavor(session: Session, resource: Resource) -> str | None:
    if key := resource.attributes.get("flavor_id"):
        return Ref(Kind.FLAVOR, key).id(resource.cloud_id)
    name = resource.attributes.get("flavor")
    if resource.kind != Kind.SERVER or not name:
        return None
    return session.scalar(
        select(Resource.id).where(
            Resource.cloud_id == resource.cloud_id,
            Resource.kind == Kind.FLAVOR,
            Resource.name_key == name.lower(),
            Resource.name == name,
            Resource.gone_at.is_(None),
        )
    )


def _conditions(session: Session, sight: Sight, wanted: Query) -> list[ColumnElement[bool]]:
    conditions = [Resource.gone_at.is_(None), sight.resources(wanted.kind)]
    for column, value in (
        (Resource.kind, wanted.kind),
        (Resource.cloud_id, wanted.cloud_id),
        (Resource.project_id, wanted.project_id),
        (Resource.status, wanted.status),
    ):
        if value is not None:
            conditions.append(column == str(value))
    if wanted.tenant_id is not None:
        conditions.append(Resource.tenant_id.in_(_parts(session, wanted.tenant_id)))
    if wanted.tag is not None:
        tagged = select(ResourceTag.resource_id).where(ResourceTag.tag == wanted.tag)
        conditions.append(Resource.id.in_(tagged))
    if wanted.on is not None:
        conditions.append(_on(session, wanted.on))
    if wanted.q:
        conditions.append(search.matching(session, wanted.q))
    return conditions


def _parts(session: Session, tenant_id: str) -> list[str]:
    """A tenant and its parts."""
    tenant = session.get(Tenant, tenant_id)
    if tenant is None:
        return []
    below = Tenant.node.startswith(f"{tenant.node}/", autoescape=True)
    return [tenant.id, *session.scalars(select(Tenant.id).where(below))]


def _on(session: Session, key: str) -> ColumnElement[bool]:
    hosts = select(Resource.id).where(Resource.place_id == key, Resource.kind == Kind.ESXI_HOST)
    places = [key, *session.scalars(hosts)]
    return or_(
        Resource.place_id.in_(places),
        Resource.store_id == key,
        Resource.network_id == key,
        Resource.server_id == key,
    )


def _total(session: Session, conditions: list[ColumnElement[bool]], *, limited: bool) -> tuple[int, bool]:
    if not limited:
        return session.scalar(select(func.count()).where(*conditions)) or 0, True
    some = select(Resource.id).where(*conditions).limit(COUNTED + 1).subquery()
    counted = session.scalar(select(func.count()).select_from(some)) or 0
    return min(counted, COUNTED), counted <= COUNTED
