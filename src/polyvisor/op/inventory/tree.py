"""The inventory as trees, a level at a time: by hosts, storage, networks, tenants, projects of clouds."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, func, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from polyvisor.op import paging
from polyvisor.op.db.models import Cloud, Resource, Tenant
from polyvisor.op.db.models.resource import Kind
from polyvisor.op.inventory.sight import Sight
from polyvisor.op.problem import NotFound

ORDER = (paging.Key(Resource.kind), paging.Key(Resource.name_key), paging.Key(Resource.id))


class View(enum.StrEnum):
    """The trees there are."""

    HOSTS = "hosts"
    STORAGE = "storage"
    NETWORKS = "networks"
    CLOUDS = "clouds"
    TENANTS = "tenants"


#: The column that says what a resource is below; below projects and tenants is what is theirs.
_PARENT: dict[View, InstrumentedAttribute[str | None]] = {
    View.HOSTS: Resource.place_id,
    View.STORAGE: Resource.store_id,
    View.NETWORKS: Resource.network_id,
    View.CLOUDS: Resource.project_id,
    View.TENANTS: Resource.tenant_id,
}
#: What of it is shown there.
_KINDS: dict[View, tuple[Kind, ...]] = {
    View.HOSTS: (Kind.CLUSTER, Kind.COMPUTE_SERVICE, Kind.ESXI_HOST, Kind.SERVER),
    View.STORAGE: (Kind.DATASTORE, Kind.SERVER, Kind.VOLUME),
    View.NETWORKS: (Kind.NETWORK, Kind.PORT),
    View.CLOUDS: (Kind.SERVER,),
    View.TENANTS: (Kind.SERVER,),
}
#: What can have something below it.
_BRANCHES = frozenset(
    {Kind.CLUSTER, Kind.COMPUTE_SERVICE, Kind.DATASTORE, Kind.ESXI_HOST, Kind.NETWORK, Kind.PROJECT}
)


@dataclass(frozen=True, slots=True)
class Node:
    """A node of a tree. Ids of clouds and tenants are theirs after "cloud:" and "tenant:"."""

    id: str
    kind: str
    name: str
    status: str
    cloud_id: str | None = None
    resource_id: str | None = None
    #: Nodes directly below, of those that the caller may see.
    children: int = 0


@dataclass(frozen=True, slots=True)
class Level:
    """Nodes below one node, and the cursor of more."""

    nodes: list[Node]
    cursor: str | None = None


def level(session: Session, sight: Sight, view: View, parent: str | None, part: paging.Slice) -> Level:
    """The nodes below another, or at the top. Raises NotFound, and Invalid for a bad cursor.

    Clouds and tenants are few: they come all at once, before what is paged.
    """
    if parent is None:
        top = _tenants(session, sight, None) if view == View.TENANTS else _clouds(session, sight, view)
        return Level(top)
    kind, _, key = parent.rpartition(":")
    if kind == "tenant" and view == View.TENANTS:
        above = _tenants(session, sight, key) if part.cursor is None else []
        rows = _rows(session, sight, view, Resource.tenant_id == key, part)
        return Level(above + rows.nodes, rows.cursor)
    if kind == "cloud" and view == View.CLOUDS:
        return _rows(session, sight, view, Resource.cloud_id == key, part, (Kind.PROJECT,))
    if kind == "cloud" and view != View.TENANTS:
        return _rows(session, sight, view, _PARENT[view] == key, part)
    if kind or view == View.TENANTS:
        raise NotFound.of("node", parent)
    return _rows(session, sight, view, _below(session, sight, view, key), part)


def _below(session: Session, sight: Sight, view: View, key: str) -> ColumnElement[bool]:
    if view != View.CLOUDS:
        return _PARENT[view] == key
    project = session.scalar(select(Resource).where(Resource.id == key, sight.resources()))
    if project is None:
        raise NotFound.of("node", key)
    return and_(Resource.cloud_id == project.cloud_id, Resource.project_id == project.external_id)


def _rows(  # noqa: PLR0913, PLR0917 - what a level consists of
    session: Session,
    sight: Sight,
    view: View,
    below: ColumnElement[bool],
    part: paging.Slice,
    kinds: Sequence[Kind] | None = None,
) -> Level:
    conditions = [
        below,
        Resource.kind.in_(kinds or _KINDS[view]),
        Resource.gone_at.is_(None),
        sight.resources(),
    ]
    keys, cursor = paging.fetch_keys(session, conditions, ORDER, part)
    rows = {row.id: row for row in session.scalars(select(Resource).where(Resource.id.in_(keys)))}
    counted = _count(session, sight, view, [row for row in rows.values() if row.kind in _BRANCHES])
    nodes = [
        Node(row.id, row.kind, row.name, row.status, row.cloud_id, row.id, counted.get(row.id, 0))
        for row in (rows[key] for key in keys if key in rows)
    ]
    return Level(nodes, cursor)


def _count(session: Session, sight: Sight, view: View, branches: Sequence[Resource]) -> dict[str, int]:
    """How much is directly below each of some resources."""
    if not branches:
        return {}
    if view != View.CLOUDS:
        return _grouped(session, sight, view, [row.id for row in branches])
    projects = {row.external_id: row.id for row in branches}
    of_cloud = Resource.cloud_id == branches[0].cloud_id
    found = _grouped(session, sight, view, list(projects), of_cloud)
    return {projects[key]: count for key, count in found.items()}


def _grouped(
    session: Session, sight: Sight, view: View, keys: Sequence[str], *more: ColumnElement[bool]
) -> dict[str, int]:
    column = _PARENT[view]
    statement = (
        select(column, func.count())
        .where(
            column.in_(keys),
            Resource.kind.in_(_KINDS[view]),
            Resource.gone_at.is_(None),
            sight.resources(),
            *more,
        )
        .group_by(column)
    )
    return {str(key): count for key, count in session.execute(statement)}


def _clouds(session: Session, sight: Sight, view: View) -> list[Node]:
    seen = sight.clouds | sight.reached
    clouds = [one for one in session.scalars(select(Cloud).order_by(Cloud.name)) if one.id in seen]
    if view == View.CLOUDS:
        counted = _projects(session, sight)
    else:
        counted = _grouped(session, sight, view, [one.id for one in clouds])
    return [
        Node(f"cloud:{one.id}", "cloud", one.name, one.health, one.id, None, counted.get(one.id, 0))
        for one in clouds
    ]


def _projects(session: Session, sight: Sight) -> dict[str, int]:
    statement = (
        select(Resource.cloud_id, func.count())
        .where(Resource.kind == Kind.PROJECT, Resource.gone_at.is_(None), sight.resources(Kind.PROJECT))
        .group_by(Resource.cloud_id)
    )
    return {str(key): count for key, count in session.execute(statement)}


def _tenants(session: Session, sight: Sight, parent: str | None) -> list[Node]:
    """Tenants below another; at the top, those whose parent the caller does not see."""
    known = list(session.scalars(select(Tenant).order_by(Tenant.name)))
    seen = known if sight.everything else [one for one in known if one.id in sight.tenants]
    keys = {one.id for one in seen}
    if parent is None:
        shown = [one for one in seen if one.parent_id not in keys]
    else:
        shown = [one for one in seen if one.parent_id == parent]
    counted = _grouped(session, sight, View.TENANTS, [one.id for one in shown])
    for one in seen:
        if one.parent_id is not None:
            counted[one.parent_id] = counted.get(one.parent_id, 0) + 1
    return [
        Node(f"tenant:{one.id}", "tenant", one.name, "", None, None, counted.get(one.id, 0)) for one in shown
    ]
