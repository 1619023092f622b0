"""Pursues a task of vCenter until its end is known, however long vCenter is away."""

import threading
import time
from collections.abc import Callable
from typing import Any, TypeVar

import nova.conf
from oslo_log import log as logging

from polyvisor.nova import conf, errors
from polyvisor.nova.compute.journal import Journal
from polyvisor.nova.compute.work import Plan, Running
from polyvisor.vsphere import faults
from polyvisor.vsphere import task as tasks
from polyvisor.vsphere.session import Session, moref

LOG = logging.getLogger(__name__)
CONF = nova.conf.CONF
conf.register_opts(CONF)
T = TypeVar("T")

_WAIT_SECONDS = 24 * 3600.0
_LONGEST_PAUSE = 30.0
_ON_ITS_WAY_SECONDS = 15.0
_AWAY = (
    faults.Unavailable,
    faults.AuthenticationFailed,
    faults.TaskTimedOut,
    faults.TaskUnknown,
    errors.VCenterUnavailable,
)


class Stopped(BaseException):
    """This nova-compute ends. The record is for the next one."""


class Pursuit:
    """Starts tasks and finds out what becomes of them. A task that may still run is never called failed."""

    def __init__(self, session: Session, journal: Journal) -> None:
        self._session = session
        self._journal = journal
        self._stopped = threading.Event()

    def stop(self) -> None:
        """End waiting for a vCenter that is away."""
        self._stopped.set()

    def carry_out(self, plan: Plan, running: Running) -> Any:
        """Do what is planned and return the task's result, or None where vCenter has forgotten it.

        :raises VSphereError: vCenter refused, or the task failed.
        :raises errors.OperationLost: see there.
        """
        return tasks.unless_busy(
            lambda: self._start_and_follow(plan, running), seconds=CONF.polyvisor.busy_timeout
        )

    def resume(self, task: str | None, plan: Plan, running: Running) -> Any:
        """As `carry_out`, after a crash. `task` is the moref, if the crash was not before it was known.

        :raises errors.NeverBegun: see there.
        """
        if not plan.vm:
            raise errors.NeverBegun
        if task is None:
            self._await_request(plan, running)
            return self._look(plan, running)
        return self._follow(tasks.task_handle(self._session, task), plan, running)

    def insist(self, ask: Callable[[], T]) -> T:
        """Ask again for as long as vCenter is away: there is nothing that could be done without it."""
        pause = 1.0
        while True:
            try:
                return ask()
            except faults.TaskForgotten:
                raise
            except _AWAY as error:
                LOG.warning("What became of the work cannot be seen now, trying again: %s", error)
                if self._stopped.wait(pause):
                    raise Stopped from error
                pause = min(pause * 2, _LONGEST_PAUSE)

    def _start_and_follow(self, plan: Plan, running: Running) -> Any:
        try:
            task = running.work.start(plan)
        except faults.Unreachable:
            raise  # Nothing was asked.
        except faults.Unavailable:
            return self._look(plan, running)
        if task is None:
            return None
        self._journal.add(running.server, task=moref(task))
        return self._follow(task, plan, running)

    def _follow(self, task: Any, plan: Plan, running: Running) -> Any:
        running.task = task
        try:
            return self.insist(lambda: self._wait(task, running))
        except faults.TaskForgotten:
            return self._look(plan, running)
        finally:
            running.task = None

    def _wait(self, task: Any, running: Running) -> Any:
        progress = running.action.progress if running.action else None
        return tasks.wait_for_task(self._session, task, timeout=_WAIT_SECONDS, on_progress=progress)

    def _await_request(self, plan: Plan, running: Running) -> None:
        """Wait a while for a request that had not reached vCenter, or a busy one, when the crash came."""
        end = time.monotonic() + _ON_ITS_WAY_SECONDS
        while time.monotonic() < end:
            if self.insist(lambda: tasks.recent_tasks(self._session, plan.vm)) - running.before:
                return
            if self.insist(lambda: running.work.is_done(plan)):
                return
            if self._stopped.wait(1.0):
                raise Stopped

    def _look(self, plan: Plan, running: Running) -> None:
        """See by the VM whether it was done. Nothing is concluded while a task of it runs."""
        recent = self.insist(lambda: tasks.recent_tasks(self._session, plan.vm))
        for key in sorted(recent - running.before):
            task = running.task = tasks.task_handle(self._session, key)
            self._outlast(task, running)
        running.task = None
        if not self.insist(lambda: running.work.is_done(plan)):
            raise errors.OperationLost(summary=plan.summary)

    def _outlast(self, task: Any, running: Running) -> None:
        try:
            self.insist(lambda: self._wait(task, running))
        except faults.VSphereError as error:
            LOG.info("Task %s ended: %s", moref(task), error)
