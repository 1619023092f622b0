"""Keep the inventory true: have every cloud read by every reader, each when it is due.

Each cloud has threads of its own, so that one which does not answer delays no other; changes of servers have
one for themselves, so that nothing else of their cloud delays them.
"""

from __future__ import annotations

import logging
import threading
from concurrent.futures import ThreadPoolExecutor

from keystoneauth1 import exceptions as keystone
from openstack import exceptions as sdk
from sqlalchemy.exc import SQLAlchemyError

from polyvisor.op.clouds import faults
from polyvisor.op.db.models.resource import SyncState
from polyvisor.op.inventory import events, lease, placement, store
from polyvisor.op.inventory.lease import LeaseLost, Task
from polyvisor.op.inventory.readers import READERS, server
from polyvisor.op.inventory.reading import Reading, Stopped
from polyvisor.op.platform import Platform
from polyvisor.op.problem import Problem

LOG = logging.getLogger(__name__)
NAMES = (*READERS, placement.NAME)
TICK_SECONDS = 0.5
PREPARE_TICKS = 4
#: At once for each cloud, changes of servers not counted.
LANES = 3
#: A cloud that lacks a service may get it.
ABSENT_SECONDS = 300.0
FAILED_SECONDS = 10.0
_ABSENT = (
    sdk.ForbiddenException,
    sdk.NotFoundException,
    sdk.ServiceDisabledException,
    keystone.EndpointNotFound,
    keystone.Forbidden,
)


class Syncer:
    """Reads what is due until it is stopped. Any number of them share the work by leases."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._stopped = threading.Event()
        self._lock = threading.Lock()
        self._pools: dict[tuple[str, bool], ThreadPoolExecutor] = {}
        #: (cloud, whether servers) -> readers at work.
        self._busy: dict[tuple[str, bool], int] = {}

    def run(self) -> None:
        """Work until ``stop``; a page that is being read is stored before the end."""
        ticks = 0
        while not self._stopped.is_set():
            try:
                self.tick(prepare=ticks % PREPARE_TICKS == 0)
            except Exception:
                # The database may be away for a while.
                LOG.exception("looking for clouds to read failed")
            ticks += 1
            self._stopped.wait(TICK_SECONDS)
        for pool in self._pools.values():
            pool.shutdown()

    def stop(self) -> None:
        """Have ``run`` return."""
        self._stopped.set()

    def tick(self, *, prepare: bool = True) -> None:
        """Begin what is due and what there is room for."""
        if prepare:
            lease.prepare(self._platform.database, NAMES)
        with self._platform.database.read() as session:
            due = lease.due(session)
        for wanted in due:
            lane = (wanted.cloud_id, wanted.reader == server.READER.name)
            if not self._enter(lane):
                continue
            task = lease.take(self._platform.database, wanted)
            if task is None:
                self._leave(lane)
            else:
                self._pool(lane).submit(self._work, lane, task)

    def _enter(self, lane: tuple[str, bool]) -> bool:
        with self._lock:
            if self._busy.get(lane, 0) >= (1 if lane[1] else LANES):
                return False
            self._busy[lane] = self._busy.get(lane, 0) + 1
            return True

    def _leave(self, lane: tuple[str, bool]) -> None:
        with self._lock:
            self._busy[lane] -= 1

    def _pool(self, lane: tuple[str, bool]) -> ThreadPoolExecutor:
        if lane not in self._pools:
            self._pools[lane] = ThreadPoolExecutor(LANES, "inventory")
        return self._pools[lane]

    def _work(self, lane: tuple[str, bool], task: Task) -> None:
        try:
            self._read(task)
        except LeaseLost as lost:
            LOG.info("another worker goes on with %s", lost)
        except Exception:
            LOG.exception("reading %s of cloud %s failed; it is tried again", task.reader, task.cloud_id)
        finally:
            self._leave(lane)

    def _read(self, task: Task) -> None:
        state, reason = SyncState.OK, None
        try:
            seconds = self._seconds(task)
        except Stopped:
            state, seconds = SyncState.NEW if task.first else SyncState.OK, 0.0
        except (LeaseLost, SQLAlchemyError):
            raise
        except _ABSENT as fault:
            state, reason, seconds = SyncState.ABSENT, faults.reason(fault), ABSENT_SECONDS
        except Problem as problem:
            seconds = max(problem.retry_after or 0, FAILED_SECONDS)
            state, reason = SyncState.FAILED, problem.message
        except Exception as fault:  # noqa: BLE001 - a cloud may answer anything
            LOG.warning("reading %s of cloud %s: %s", task.reader, task.cloud_id, faults.text(fault))
            state, reason, seconds = SyncState.FAILED, faults.reason(fault), FAILED_SECONDS
        with self._platform.database.write() as session:
            lease.give_back(session, task, state, reason, seconds)

    def _seconds(self, task: Task) -> float:
        """Read; give the seconds until the next time: a cloud that is slow is asked less often."""
        if task.reader == placement.NAME:
            return placement.look(self._platform, task)
        reader = READERS[task.reader]
        took = Reading(self._platform, task, reader, self._stopped).run()
        if reader.incremental:
            return float(self._platform.settings.sync_seconds)
        return max(reader.seconds, 10 * took)


def clean(platform: Platform) -> None:
    """Forget what has been gone for long."""
    with platform.database.write() as session:
        events.clean(session)
        store.clean(session)
