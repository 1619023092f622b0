"""One reader at one cloud: everything, or what has changed."""

from __future__ import annotations

import threading
import time
from datetime import datetime, timedelta
from typing import Any

from polyvisor.op.db.base import now
from polyvisor.op.inventory import events, lease, store
from polyvisor.op.inventory.found import Batch
from polyvisor.op.inventory.lease import Task
from polyvisor.op.inventory.readers.base import Reader, Source
from polyvisor.op.platform import Platform

#: Changes are asked for from so long before the last time: a change has its time before it can be seen, and
#: clocks of a cloud's machines differ.
OVERLAP = timedelta(seconds=30)


class Stopped(Exception):  # noqa: N818 - not an error
    """The worker is to end; the rest is read by the next."""


class Reading:
    """Reads, and stores each page before the next, so that memory does not grow with the cloud."""

    def __init__(self, platform: Platform, task: Task, reader: Reader, stopped: threading.Event) -> None:
        self._platform = platform
        self._task = task
        self._reader = reader
        self._stopped = stopped
        self._since = task.since
        self._changes_due = 0.0

    def run(self) -> float:
        """Read what is due; give the seconds that it took. Raises what ``Clouds.run`` does, and LeaseLost."""
        began = time.monotonic()
        full = not self._reader.incremental or self._since is None or self._task.full_due <= now()
        if full:
            self._everything()
        else:
            self._changes()
        return time.monotonic() - began

    def _everything(self) -> None:
        started, began = now(), time.monotonic()
        self._changes_due = began + self._reader.seconds
        partial, marker = False, None
        while True:
            batch, asked = self._page(marker, None)
            # What changes from now on is asked for next time.
            self._since = self._since or asked - OVERLAP
            partial |= batch.partial
            self._store(batch, full=True)
            self._changes_meanwhile()
            marker = batch.marker
            if marker is None:
                break
        if not partial:
            self._sweep(started)
        self._finish(started, time.monotonic() - began)

    def _changes_meanwhile(self) -> None:
        """A long reading must not hold up changes of what it has read already."""
        if self._reader.incremental and not self._task.first and time.monotonic() >= self._changes_due:
            self._changes()
            self._changes_due = time.monotonic() + self._reader.seconds

    def _changes(self) -> None:
        marker, next_since = None, None
        while True:
            batch, asked = self._page(marker, self._since)
            next_since = next_since or asked - OVERLAP
            self._store(batch, full=False)
            marker = batch.marker
            if marker is None:
                break
        self._since = next_since
        with self._platform.database.write() as session:
            lease.renew(session, self._task).since = self._since

    def _page(self, marker: str | None, since: datetime | None) -> tuple[Batch, datetime]:
        """A page, and what the cloud's clock showed."""
        if self._stopped.is_set():
            raise Stopped
        capabilities = self._task.capabilities

        def read(connection: Any) -> tuple[Batch, datetime]:
            asked = now()
            source = Source(connection, capabilities)
            batch = self._reader.page(source, marker, since)
            return batch, source.date or asked

        return self._platform.clouds.run(self._task.cloud_id, read)

    def _store(self, batch: Batch, *, full: bool) -> None:
        with self._platform.database.write() as session:
            lease.renew(session, self._task)
            store.put(session, self._task.cloud_id, batch.found, full=full, quiet=self._task.first)

    def _sweep(self, started: datetime) -> None:
        while True:
            with self._platform.database.write() as session:
                lease.renew(session, self._task)
                events.lock(session)
                gone = list(session.scalars(store.unseen(self._task.cloud_id, self._reader.kinds, started)))
                store.bury(session, gone)
            if len(gone) < store.PART:
                return

    def _finish(self, started: datetime, seconds: float) -> None:
        with self._platform.database.write() as session:
            kept = lease.renew(session, self._task)
            kept.read_at, kept.seconds = started, seconds
            kept.since = self._since
            pause = timedelta(seconds=self._platform.settings.resync_seconds)
            kept.full_due = now() + max(pause, 10 * timedelta(seconds=seconds))
            if self._task.first:
                events.publish(session, [events.RESET])
