"""Which resources somebody may see: the one rule of lists, trees, search, numbers and events."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, false, or_, select, true
from sqlalchemy.orm import Session

from polyvisor.op.db.models import Cloud, Event, Project, Resource, Tenant
from polyvisor.op.db.models.resource import Kind
from polyvisor.op.identity.access import Access
from polyvisor.op.rights import Right

#: What a cloud's projects may share.
SHAREABLE = frozenset({Kind.FLAVOR, Kind.IMAGE, Kind.NETWORK})


@dataclass(frozen=True, slots=True)
class Sight:
    """All of some clouds, all of some tenants, and what is shared on the clouds of those tenants."""

    everything: bool
    clouds: frozenset[str]
    tenants: frozenset[str]
    #: Clouds where these tenants have projects.
    reached: frozenset[str]
    user_id: str | None

    def resources(self, kind: Kind | None = None) -> ColumnElement[bool]:
        """The condition that a resource, of a kind if it is known, may be seen."""
        if self.everything:
            return true()
        options: list[ColumnElement[bool]] = [false()]
        if self.clouds:
            options.append(Resource.cloud_id.in_(sorted(self.clouds)))
        if self.tenants:
            options.append(Resource.tenant_id.in_(sorted(self.tenants)))
        if self.reached and (kind is None or kind in SHAREABLE):
            options.append(and_(Resource.shared, Resource.cloud_id.in_(sorted(self.reached))))
        return or_(*options)

    def cloud(self, cloud_id: str) -> bool:
        """Whether all of a cloud may be seen."""
        return self.everything or cloud_id in self.clouds

    def event(self, event: Event) -> bool:
        """Whether to tell of an event."""
        if self.everything or event.type == "reset":
            return True
        return (
            event.cloud_id in self.clouds
            or event.tenant_id in self.tenants
            or (event.user_id is not None and event.user_id == self.user_id)
        )


def look(session: Session, access: Access) -> Sight:
    """What somebody may see now."""
    right = Right.INVENTORY_READ
    clouds = [one for one in session.scalars(select(Cloud.id)) if access.allows(right, f"/clouds/{one}")]
    tenants = set(session.scalars(select(Tenant.id).where(access.within(right, Tenant.node))))
    reached = set(session.scalars(select(Project.cloud_id).where(Project.tenant_id.in_(tenants)).distinct()))
    everything = access.allows(right, "/clouds") and any(
        one.inherited and one.node in {"/", "/clouds"} and right in one.rights for one in access.held
    )
    return Sight(everything, frozenset(clouds), frozenset(tenants), frozenset(reached), access.actor.user_id)


def nodes(session: Session, resource: Resource) -> tuple[str, ...]:
    """Where a resource is in the tree of scopes: a right at any of these nodes is a right to it."""
    tenant = session.get(Tenant, resource.tenant_id) if resource.tenant_id else None
    cloud = f"/clouds/{resource.cloud_id}"
    return (cloud, tenant.node) if tenant else (cloud,)
