"""Tags that users of the platform put on resources."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import delete, insert
from sqlalchemy.orm import Session

from polyvisor.op.audit import entry
from polyvisor.op.audit.entry import Target
from polyvisor.op.db.models import Resource, ResourceTag
from polyvisor.op.identity.access import Access
from polyvisor.op.inventory import events, sight
from polyvisor.op.inventory.events import News
from polyvisor.op.rights import Right


def put(session: Session, access: Access, resource: Resource, tags: Sequence[str]) -> None:
    """Give a resource these tags and no others. Raises Forbidden."""
    nodes = sight.nodes(session, resource)
    access.require(Right.INVENTORY_TAG, *nodes)
    events.lock(session)
    session.refresh(resource, with_for_update=True)
    wanted = sorted(set(tags))
    _search_by(resource, wanted)
    resource.tags = wanted
    resource.version += 1
    session.execute(delete(ResourceTag).where(ResourceTag.resource_id == resource.id))
    if wanted:
        rows = [{"resource_id": resource.id, "tag": tag} for tag in wanted]
        session.execute(insert(ResourceTag), rows)
    data = {"id": resource.id, "kind": resource.kind, "version": resource.version, "change": "updated"}
    events.publish(session, [News("resource", data, resource.cloud_id, resource.tenant_id)])
    target = Target(resource.id, resource.name, nodes[-1])
    entry.record(session, access.actor, "resource.tag", target, tags=wanted)


def _search_by(resource: Resource, tags: Sequence[str]) -> None:
    former = " ".join(resource.tags).lower()
    words = resource.words.removesuffix(f" {former}") if former else resource.words
    resource.words = " ".join((words, *tags)).lower()
