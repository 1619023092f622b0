"""What the platform does by itself: probes clouds, reads them, makes tenants' projects, forgets what is old.

Any number of workers share one database: whoever moves a row's due time first has the job, and a job
whose worker dies is due again after its lease.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import InstrumentedAttribute

from polyvisor.op.actions import registry
from polyvisor.op.clouds import cloud as clouds
from polyvisor.op.console import ticket
from polyvisor.op.db.base import now
from polyvisor.op.db.engine import Database
from polyvisor.op.db.models import Cloud, Operation, Project
from polyvisor.op.identity import login
from polyvisor.op.identity import session as sessions
from polyvisor.op.identity.reconcile import reconcile
from polyvisor.op.inventory import sync
from polyvisor.op.operations.driver import Driver
from polyvisor.op.operations.engine import Engine
from polyvisor.op.platform import Platform
from polyvisor.op.scheduling import reservation

LOG = logging.getLogger(__name__)
#: A job takes at most a minute or so by its own limits.
LEASE = timedelta(minutes=3)
TICK_SECONDS = 1.0
CLEAN_SECONDS = 3600.0
THREADS = 16


@dataclass(frozen=True, slots=True)
class Job:
    """Work on each row of a table when it is due."""

    table: type[Cloud | Project | Operation]
    due: InstrumentedAttribute[Any]
    work: Callable[[Platform, str], object]


JOBS = (
    Job(Cloud, Cloud.probe_due, clouds.probe),
    Job(Project, Project.reconcile_due, reconcile),
)


class Worker:
    """Runs jobs until it is stopped. A cloud that hangs holds up its own jobs only."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._stopped = threading.Event()
        self._clean_due = time.monotonic()
        self._syncer = sync.Syncer(platform)
        self._driver = Driver(Engine(platform, registry.STEPS))
        operations = Job(Operation, Operation.due, lambda _, key: self._driver.look_after(key))
        self._all_jobs = (*JOBS, operations)

    def run(self) -> None:
        """Work until ``stop``; jobs that have begun are brought to their end, operations are let go of."""
        reading = threading.Thread(target=self._syncer.run, name="inventory")
        reading.start()
        try:
            self._driver.start()
            self._jobs()
        finally:
            self._syncer.stop()
            self._driver.stop()
            reading.join()

    def _jobs(self) -> None:
        with ThreadPoolExecutor(THREADS, "job") as pool:
            while not self._stopped.is_set():
                self._tick(pool)
                if time.monotonic() >= self._clean_due:
                    self._clean_due = time.monotonic() + CLEAN_SECONDS
                    pool.submit(self._clean)
                self._stopped.wait(TICK_SECONDS)

    def stop(self) -> None:
        """Have ``run`` return."""
        self._stopped.set()

    def _tick(self, pool: ThreadPoolExecutor) -> None:
        try:
            for job in self._all_jobs:
                for key in claim(self._platform.database, job):
                    pool.submit(self._work, job, key)
        except Exception:
            # The database may be away for a while; the worker is there when it comes back.
            LOG.exception("looking for work failed")

    def _clean(self) -> None:
        try:
            clean(self._platform)
            self._driver.clean()
        except Exception:
            LOG.exception("cleaning failed; it is tried again")

    def _work(self, job: Job, key: str) -> None:
        try:
            job.work(self._platform, key)
        except Exception:
            LOG.exception("%s %s failed; it is tried again", job.table.__name__, key)


def claim(database: Database, job: Job) -> list[str]:
    """Take the rows that are due, so that no other worker does."""
    moment = now()
    table: Any = job.table
    with database.read() as session:
        due = list(session.scalars(select(table.id).where(job.due <= moment).limit(THREADS)))
    taken = []
    for key in due:
        with database.write() as session:
            statement = (
                update(table).where(table.id == key, job.due <= moment).values({job.due: moment + LEASE})
            )
            if session.execute(statement).rowcount:  # type: ignore[attr-defined]
                taken.append(key)
    return taken


def clean(platform: Platform) -> None:
    """Forget what has expired."""
    with platform.database.write() as session:
        sessions.clean(session)
        login.clean(session, platform.settings)
        ticket.clean(session)
        reservation.clean(session)
    sync.clean(platform)
