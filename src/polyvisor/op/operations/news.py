"""Tells browsers how far operations are."""

from __future__ import annotations

from sqlalchemy.orm import Session

from polyvisor.op.db.base import Base
from polyvisor.op.db.models import Cloud, Operation, Tenant, User
from polyvisor.op.inventory import events
from polyvisor.op.inventory.events import News


def tell(session: Session, operation: Operation) -> None:
    """Tell of a change, in the transaction that makes it, once it is otherwise complete."""
    session.flush()
    data = {name: getattr(operation, name) for name in ("id", "version", "state", "progress", "parent_id")}
    news = News(
        "operation",
        data | {"resource_id": operation.resource_id},
        cloud_id=_there(session, Cloud, operation.cloud_id),
        tenant_id=_there(session, Tenant, operation.tenant_id),
        user_id=_there(session, User, operation.user_id),
    )
    events.publish(session, [news])


def _there(session: Session, table: type[Base], key: str | None) -> str | None:
    """The key, if its row is still there: an operation outlives who wanted it."""
    return key if key and session.get(table, key) else None
