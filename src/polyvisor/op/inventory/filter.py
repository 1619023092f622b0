"""Filters that users have saved."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from polyvisor.op.audit import entry
from polyvisor.op.audit.entry import Target
from polyvisor.op.db.models import SavedFilter
from polyvisor.op.identity.actor import Actor
from polyvisor.op.message import say
from polyvisor.op.problem import Conflict, NotFound

#: Of one user.
MOST = 200


def list_of(session: Session, user_id: str) -> list[SavedFilter]:
    """The filters of a user, by name."""
    mine = select(SavedFilter).where(SavedFilter.user_id == user_id)
    return list(session.scalars(mine.order_by(SavedFilter.name)))


def create(session: Session, actor: Actor, user_id: str, name: str, query: dict[str, Any]) -> SavedFilter:
    """Save a filter. Raises Conflict if the user has one of this name, or too many."""
    mine = list_of(session, user_id)
    if any(one.name == name for one in mine):
        raise Conflict(say("filter_taken", name=name))
    if len(mine) >= MOST:
        raise Conflict(say("too_many_filters", most=MOST))
    made = SavedFilter(user_id=user_id, name=name, query=query)
    session.add(made)
    session.flush()
    entry.record(session, actor, "filter.create", Target(made.id, name))
    return made


def remove(session: Session, actor: Actor, user_id: str, key: str) -> None:
    """Remove a filter of a user. Raises NotFound."""
    found = session.get(SavedFilter, key)
    if found is None or found.user_id != user_id:
        raise NotFound.of("filter", key)
    session.delete(found)
    entry.record(session, actor, "filter.remove", Target(found.id, found.name))
