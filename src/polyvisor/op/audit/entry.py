"""Write entries of the audit log, and search them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from polyvisor.op import paging
from polyvisor.op.db.models import AuditEntry
from polyvisor.op.identity.access import Access
from polyvisor.op.identity.actor import Actor
from polyvisor.op.rights import Right

#: In the ``info`` of a session that an entry was written to.
AUDITED = "audited"


@dataclass(frozen=True, slots=True)
class Target:
    """What something was done to, and where that is in the tree of scopes."""

    id: str | None
    name: str
    node: str = "/"


def record(
    session: Session,
    actor: Actor,
    action: str,
    target: Target,
    *,
    outcome: str = "done",
    **detail: Any,
) -> None:
    """Write an entry in the transaction of what it tells of: there is neither without the other.

    ``detail`` must have no secrets.
    """
    searched = (actor.name, action, target.id or "", target.name, actor.address, actor.request_id)
    session.add(
        AuditEntry(
            actor_id=actor.user_id,
            actor_name=actor.name,
            via=actor.via,
            address=actor.address,
            request_id=actor.request_id,
            action=action,
            outcome=outcome,
            target_id=target.id,
            target_name=target.name[:255],
            node=target.node,
            detail=detail,
            words=" ".join(searched).lower(),
        )
    )
    session.info[AUDITED] = True


@dataclass(frozen=True, slots=True)
class Search:
    """Which entries: every field that is given has to fit."""

    words: str = ""
    actor_id: str | None = None
    action: str | None = None
    outcome: str | None = None
    target_id: str | None = None
    since: datetime | None = None
    until: datetime | None = None


def find(
    session: Session, access: Access, search: Search, part: paging.Slice
) -> tuple[list[AuditEntry], str | None]:
    """Entries about what is where the caller may read the log, the latest first, and the next cursor."""
    statement = select(AuditEntry).where(access.within(Right.AUDIT_READ, AuditEntry.node))
    for word in search.words.lower().split():
        statement = statement.where(AuditEntry.words.contains(word, autoescape=True))
    for name in ("actor_id", "action", "outcome", "target_id"):
        if (value := getattr(search, name)) is not None:
            statement = statement.where(getattr(AuditEntry, name) == value)
    if search.since is not None:
        statement = statement.where(AuditEntry.at >= search.since)
    if search.until is not None:
        statement = statement.where(AuditEntry.at < search.until)
    return paging.fetch(session, statement, [paging.Key(AuditEntry.id, descending=True)], part)
