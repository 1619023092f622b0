"""Tell browsers what has changed, each only of what its user may see."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import delete, func, insert, select, text
from sqlalchemy.orm import Session

from polyvisor.op.db.base import now
from polyvisor.op.db.engine import Database
from polyvisor.op.db.models import Event

#: A browser that was away for longer reads everything again.
KEPT = timedelta(hours=1)
#: Number of PostgreSQL's advisory lock that orders commits; any, but always this.
_LOCK = 7_865_022
#: Seconds that all streams of a process share what they know of the latest event.
_FRESH_SECONDS = 0.3
PART = 500


@dataclass(frozen=True, slots=True)
class News:
    """Something to tell: ``data`` has the id and what of it is new. No secrets."""

    type: str
    data: dict[str, Any]
    cloud_id: str | None = None
    tenant_id: str | None = None
    user_id: str | None = None


#: What was read before may be old: read it again.
RESET = News("reset", {})


def lock(session: Session) -> None:
    """Have what this session changes committed before any later event; take it before reading.

    Ids of events are given before the commit. Without this, a reader could see 8 before 7, and miss 7.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})


def publish(session: Session, news: Sequence[News]) -> None:
    """Tell of changes in the transaction that makes them."""
    if not news:
        return
    lock(session)
    moment = now()
    rows = [
        {
            "at": moment,
            "type": one.type,
            "data": one.data,
            "cloud_id": one.cloud_id,
            "tenant_id": one.tenant_id,
            "user_id": one.user_id,
        }
        for one in news
    ]
    session.execute(insert(Event), rows)


def latest(session: Session) -> int:
    """Id of the latest event, 0 if there was none."""
    return session.scalar(select(func.max(Event.id))) or 0


def after(session: Session, last: int) -> list[Event]:
    """What came after an event, at most ``PART`` of it."""
    return list(session.scalars(select(Event).where(Event.id > last).order_by(Event.id).limit(PART)))


def is_known(session: Session, last: int) -> bool:
    """Whether all that came after an event is still kept."""
    return session.get(Event, last) is not None


def clean(session: Session) -> None:
    """Forget what no browser waits for; the latest stays, for others to go on from."""
    session.execute(delete(Event).where(Event.at < now() - KEPT, Event.id < latest(session)))


class Bell:
    """Knows the latest event for all streams of a process, at the cost of one. Thread-safe."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lock = threading.Lock()
        self._read_at = 0.0
        self._latest = 0

    def latest(self) -> int:
        """Id of the latest event, as of a moment ago."""
        with self._lock:
            if time.monotonic() - self._read_at > _FRESH_SECONDS:
                with self._database.read() as session:
                    self._latest = latest(session)
                self._read_at = time.monotonic()
            return self._latest
