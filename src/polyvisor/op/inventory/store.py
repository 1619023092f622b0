"""Write down what was read: what is new, what has changed, what has gone, and tell of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import CursorResult, Select, Table, delete, select, update
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.orm import Session

from polyvisor.op.db.base import now
from polyvisor.op.db.models import Project, Resource
from polyvisor.op.db.models.project import ProjectState
from polyvisor.op.db.models.resource import Kind
from polyvisor.op.inventory import events, origin
from polyvisor.op.inventory.events import News
from polyvisor.op.inventory.found import Found, Ref

#: How long what has gone can still be looked at.
KEPT = timedelta(days=7)
#: Rows that are written at once.
PART = 500
_TABLE: Table = Resource.__table__  # type: ignore[assignment]
_KEPT_COLUMNS = {"number", "id", "kind", "cloud_id", "external_id", "tags"}
_BEFORE = (
    Resource.id,
    Resource.digest,
    Resource.version,
    Resource.tenant_id,
    Resource.gone_at,
    Resource.place_id,
    Resource.store_id,
    Resource.place_hint,
    Resource.placement,
    Resource.created_at,
    Resource.tags,
)


def put(
    session: Session, cloud_id: str, found: Sequence[Found], *, full: bool = True, quiet: bool = False
) -> None:
    """Store what a cloud has now.

    ``full``: what ``unseen`` gives afterwards has gone. ``quiet``: nobody is told of each, as for a cloud's
    first reading.
    """
    events.lock(session)
    present = origin.mark(session, cloud_id, [one for one in found if not one.deleted])
    there = {one.id(cloud_id): one for one in present}
    before = {row.id: row for row in session.execute(select(*_BEFORE).where(Resource.id.in_(there)))}
    owners = _owners(session, cloud_id)
    changed, news = [], []
    for key, one in there.items():
        row = _row(one, cloud_id, owners, before.get(key))
        if row is None:
            continue
        changed.append(row)
        if not quiet:
            news += _news(row, before.get(key))
    _upsert(session, changed)
    if full:
        _seen(session, there)
    events.publish(session, news)
    bury(session, [one.id(cloud_id) for one in found if one.deleted])


def bury(session: Session, keys: Iterable[str]) -> None:
    """Mark what has gone, and what was of it alone."""
    wanted = list(keys)
    if not wanted:
        return
    events.lock(session)
    mine = (Resource.id.in_(wanted)) | ((Resource.server_id.in_(wanted)) & (Resource.kind == Kind.SNAPSHOT))
    rows = session.execute(
        select(Resource.id, Resource.kind, Resource.version, Resource.cloud_id, Resource.tenant_id).where(
            mine, Resource.gone_at.is_(None)
        )
    ).all()
    gone = [row.id for row in rows]
    moment = now()
    session.execute(
        update(Resource)
        .where(Resource.id.in_(gone))
        .values(gone_at=moment, look_due=None, version=Resource.version + 1)
        .execution_options(synchronize_session=False)
    )
    events.publish(
        session,
        [_tell(row.id, row.kind, row.version + 1, "gone", row.cloud_id, row.tenant_id) for row in rows],
    )


def unseen(cloud_id: str, kinds: Sequence[Kind], since: datetime) -> Select[str]:
    """Ids of what a full reading that began at ``since`` has not found, at most ``PART``."""
    return (
        select(Resource.id)
        .where(
            Resource.cloud_id == cloud_id,
            Resource.kind.in_(kinds),
            Resource.gone_at.is_(None),
            Resource.seen_at < since,
        )
        .limit(PART)
    )


def assign(session: Session, cloud_id: str, project_id: str | None, tenant_id: str | None) -> None:
    """Give what is in a project of a cloud to a tenant, or to none."""
    if project_id is None:
        return
    events.lock(session)
    done = session.execute(
        update(Resource)
        .where(
            Resource.cloud_id == cloud_id,
            Resource.project_id == project_id,
            Resource.tenant_id.is_distinct_from(tenant_id),
        )
        .values(tenant_id=tenant_id, version=Resource.version + 1)
        .execution_options(synchronize_session=False)
    )
    if isinstance(done, CursorResult) and done.rowcount:
        events.publish(session, [events.RESET])


def clean(session: Session) -> None:
    """Forget what has been gone for long."""
    session.execute(delete(Resource).where(Resource.gone_at < now() - KEPT))


def _owners(session: Session, cloud_id: str) -> dict[str, str]:
    """Project of the cloud -> tenant. A project that is being taken away belongs to none."""
    # Locked, or a tenant who loses a project meanwhile would get these rows after all.
    rows = session.execute(
        select(Project.external_id, Project.tenant_id)
        .where(
            Project.cloud_id == cloud_id,
            Project.external_id.is_not(None),
            Project.credential.is_not(None),
            Project.state != ProjectState.REMOVING,
        )
        .with_for_update(read=True)
    )
    return {str(row.external_id): row.tenant_id for row in rows}


def _row(one: Found, cloud_id: str, owners: dict[str, str], before: Any) -> dict[str, Any] | None:
    """The row to be written; None if it is there already."""
    values = one.values(cloud_id)
    tenant_id = owners.get(one.project_id or "")
    if before and not before.gone_at and (before.digest, before.tenant_id) == (values["digest"], tenant_id):
        return None
    moment = now()
    values["created_at"] = values["created_at"] or (before.created_at if before else moment)
    values["updated_at"] = values["updated_at"] or moment
    if before and before.tags:
        values["words"] = " ".join((values["words"], *before.tags)).lower()
    on_vmware = isinstance(one.place, Ref) and one.place.kind == Kind.CLUSTER and one.kind == Kind.SERVER
    stays = before and on_vmware and before.place_hint == values["place_hint"]
    return values | {
        "tenant_id": tenant_id,
        "place_id": before.place_id if stays else values["place_hint"],
        "store_id": before.store_id if stays else values["store_id"],
        "placement": before.placement if stays else None,
        "tags": before.tags if before else [],
        "version": before.version + 1 if before else 1,
        "seen_at": moment,
        "gone_at": None,
        "look_due": moment if on_vmware else None,
    }


def _upsert(session: Session, rows: list[dict[str, Any]]) -> None:
    if not rows:
        return
    insert = postgresql_insert if session.get_bind().dialect.name == "postgresql" else sqlite_insert
    statement = insert(_TABLE)
    changed = {one.name: statement.excluded[one.name] for one in _TABLE.c if one.name not in _KEPT_COLUMNS}
    session.execute(statement.on_conflict_do_update(index_elements=["id"], set_=changed), rows)


def _seen(session: Session, keys: Iterable[str]) -> None:
    session.execute(
        update(Resource)
        .where(Resource.id.in_(list(keys)))
        .values(seen_at=now())
        .execution_options(synchronize_session=False)
    )


def _news(row: dict[str, Any], before: Any) -> list[News]:
    """What to tell; a former tenant is told that it has gone, and nothing else."""
    news = []
    if before and before.tenant_id not in {None, row["tenant_id"]}:
        news.append(_tell(row["id"], row["kind"], row["version"], "gone", None, before.tenant_id))
    change = "updated" if before and not before.gone_at else "created"
    news.append(_tell(row["id"], row["kind"], row["version"], change, row["cloud_id"], row["tenant_id"]))
    return news


def _tell(  # noqa: PLR0913, PLR0917 - what an event has
    key: str, kind: str, version: int, change: str, cloud_id: str | None, tenant_id: str | None
) -> News:
    data = {"id": key, "kind": kind, "version": version, "change": change}
    return News("resource", data, cloud_id, tenant_id)
