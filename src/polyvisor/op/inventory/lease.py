"""Who reads what: one worker at a time for each reader of each cloud."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import CursorResult, select, update
from sqlalchemy.orm import Session

from polyvisor.message import Message
from polyvisor.op.db.base import new_id, now
from polyvisor.op.db.engine import Database
from polyvisor.op.db.models import Cloud, Sync
from polyvisor.op.db.models.resource import SyncState
from polyvisor.op.inventory import events
from polyvisor.op.message import columns

#: Longer than the time limits of what is done between two renewals.
LEASE = timedelta(minutes=3)
_BULK = threading.Lock()


class LeaseLost(Exception):  # noqa: N818 - not an error: another worker goes on
    """Another worker reads now, or the cloud was removed."""


@dataclass(frozen=True, slots=True)
class Task:
    """A reader that is due at a cloud, taken by this worker."""

    id: str
    cloud_id: str
    reader: str
    holder: str
    since: datetime | None
    full_due: datetime
    #: Nothing was ever read.
    first: bool
    capabilities: dict[str, Any]


def prepare(database: Database, readers: Sequence[str]) -> None:
    """Have every cloud read by every reader."""
    with database.read() as session:
        there = {(row.cloud_id, row.reader) for row in session.execute(select(Sync.cloud_id, Sync.reader))}
        missing = [
            (cloud_id, reader)
            for cloud_id in session.scalars(select(Cloud.id))
            for reader in readers
            if (cloud_id, reader) not in there
        ]
    for cloud_id, reader in missing:
        with database.write() as session:
            # Another worker may have been quicker, or the cloud is gone again.
            same = select(Sync.id).where(Sync.cloud_id == cloud_id, Sync.reader == reader)
            if session.get(Cloud, cloud_id, with_for_update=True) and not session.scalar(same):
                session.add(Sync(cloud_id=cloud_id, reader=reader))


def due(session: Session) -> list[Sync]:
    """What is to be read, the longest overdue first."""
    return list(session.scalars(select(Sync).where(Sync.due <= now()).order_by(Sync.due)))


def take(database: Database, wanted: Sync) -> Task | None:
    """Take it, unless another worker has."""
    holder = new_id()
    moment = now()
    with database.write() as session:
        taken = session.execute(
            update(Sync)
            .where(Sync.id == wanted.id, Sync.due <= moment)
            .values(due=moment + LEASE, holder=holder)
            .execution_options(synchronize_session=False)
        )
        if not isinstance(taken, CursorResult) or not taken.rowcount:
            return None
        kept = session.get_one(Sync, wanted.id, populate_existing=True)
        capabilities = session.get_one(Cloud, kept.cloud_id).capabilities
        first = kept.read_at is None
        return Task(
            kept.id, kept.cloud_id, kept.reader, holder, kept.since, kept.full_due, first, capabilities
        )


@contextmanager
def writing(database: Database, task: Task) -> Iterator[Session]:
    """A session for much to be written: one of this process at a time, or SQLite's others would wait long.

    Raises LeaseLost.
    """
    with _BULK, database.write() as session:
        renew(session, task)
        yield session


def renew(session: Session, task: Task) -> Sync:
    """The row, in a transaction that nobody else can write in the place of. Raises LeaseLost."""
    events.lock(session)  # before any row: whoever locks both does so in this order
    kept = session.scalar(
        select(Sync).where(Sync.id == task.id, Sync.holder == task.holder).with_for_update()
    )
    if kept is None:
        raise LeaseLost(f"{task.reader} of cloud {task.cloud_id}")
    kept.due = now() + LEASE
    return kept


def give_back(session: Session, task: Task, state: SyncState, reason: Message | None, seconds: float) -> None:
    """End the work; it is due again in so many seconds. Raises LeaseLost."""
    kept = renew(session, task)
    kept.state, kept.holder = state, None
    kept.reason, kept.message = columns(reason)
    kept.due = now() + timedelta(seconds=seconds)
