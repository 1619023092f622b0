"""Projects, by Keystone."""

from __future__ import annotations

from datetime import datetime

from polyvisor.op.db.models.resource import Kind
from polyvisor.op.inventory.found import Batch, Found
from polyvisor.op.inventory.readers.base import Item, Reader, Source


def page(source: Source, _marker: str | None, _since: datetime | None) -> Batch:
    """All projects if the account may see them, else its own. Keystone has no pages."""
    if source.administrator:
        return Batch([found(one) for one in source.get("identity", "/projects")["projects"]])
    own = source.connection.current_project_id
    if own is None:
        return Batch([])
    return Batch([found(source.get("identity", f"/projects/{own}")["project"])])


def found(project: Item) -> Found:
    """A project as Keystone tells of it."""
    return Found(
        Kind.PROJECT,
        project["id"],
        project["name"],
        "enabled" if project["enabled"] else "disabled",
        project_id=project["id"],
        attributes={
            "domain_id": project.get("domain_id"),
            "parent_id": project.get("parent_id"),
            "description": project.get("description"),
        },
        words=tuple(project.get("tags") or ()),
    )


READER = Reader("project", (Kind.PROJECT,), page, seconds=60)
