"""Long work of vCenter on one server: done once, whatever happens to nova-compute or to vCenter meanwhile.

Before vCenter is told to begin, a record on this machine's disk says what is to be done, and after that which
task of vCenter does it. Whoever finds the record, this process after a failure or the next one after a crash,
waits for that task, or looks what became of it.
"""

import contextlib
import threading
from collections.abc import Callable, Iterable
from dataclasses import asdict
from typing import Any

import nova.conf
from nova import exception
from nova.context import RequestContext
from nova.objects.instance import Instance
from oslo_concurrency import lockutils
from oslo_log import log as logging

from polyvisor.nova import conf, errors
from polyvisor.nova.compute.action import Action
from polyvisor.nova.compute.journal import Journal
from polyvisor.nova.compute.pursuit import Pursuit, Stopped
from polyvisor.nova.compute.work import Plan, Running, Unfinished, Work
from polyvisor.vsphere import faults
from polyvisor.vsphere import task as tasks
from polyvisor.vsphere.session import Session

LOG = logging.getLogger(__name__)
CONF = nova.conf.CONF
#: As Nova hands servers to its drivers. The copy of which it makes a config drive could read no more of them.
_ATTRIBUTES = ("flavor", "info_cache", "metadata", "security_groups", "system_metadata")
conf.register_opts(CONF)


class Operations:
    """The work that this nova-compute does for servers of its cluster, each in a thread of its own.

    The threads are daemons: nova-compute stops without waiting for them, as vCenter does not stop either.
    """

    def __init__(self, session: Session, journal: Journal, works: Iterable[Work]) -> None:
        """Do these kinds of work; the journal is that of operations."""
        self._session = session
        self._journal = journal
        self.works = {work.noun: work for work in works}
        self._pursuit = Pursuit(session, journal)
        self._slots = threading.BoundedSemaphore(CONF.polyvisor.max_operations)
        self._running: dict[str, Running] = {}

    def stop(self) -> None:
        """Wait for nothing more; what runs goes on in vCenter, and its record stays."""
        self._pursuit.stop()

    def begin(self, context: RequestContext, instance: Instance, noun: str, request: dict[str, Any]) -> None:
        """Begin work for which the API has claimed the server. Returns at once."""
        running = Running(instance.uuid, self.works[noun])
        self._spawn(running, lambda: self._perform(context, instance, request, running))

    def carry_on(self, context: RequestContext, instance: Instance, prepared: Plan, work: Work) -> None:
        """Do in this thread what Nova has begun, and have the work tell Nova how it ended.

        Nothing is raised: what cannot be ended now is taken up again.

        :param prepared: asks vCenter for nothing; what is to be settled if there is no further plan. Its
            details are the request.
        """
        running = self._running[instance.uuid] = Running(instance.uuid, work)
        self._see_through(running, lambda: self._carry_on(context, instance, prepared, running))

    def abort(self, instance: Instance, *nouns: str) -> None:
        """Have vCenter cancel the work; the action then fails, and the VM stays as it was.

        :raises errors.NotAbortable: there is no such work, or vCenter does not let it be cancelled.
        """
        running = self._running.get(instance.uuid)
        if running is None or running.work.noun not in nouns:
            raise errors.NotAbortable(instance=instance.uuid, reason=f"no {nouns[0]} is under way")
        if running.task is None:
            reason = f"the {nouns[0]} has not begun in vCenter yet, or is ending; try again"
            raise errors.NotAbortable(instance=instance.uuid, reason=reason)
        try:
            tasks.cancel(self._session, running.task)
        except (faults.InvalidState, faults.NotFound, faults.NotSupported) as error:
            raise errors.NotAbortable(instance=instance.uuid, reason=error) from error

    def pursue(
        self, context: RequestContext, instance: Instance, plan: Plan, action: Action | None, work: Work
    ) -> Any:
        """Do work in this thread, as part of an operation of Nova's own; return the task's result.

        Without an `action`, its progress is not shown: it takes no time.

        None where vCenter has forgotten it. Nova is told the outcome by the caller, who then calls `forget`.
        Should this process be killed, the next one does both, by `Work.finish` and `Work.settle`.

        :raises VSphereError: as `Pursuit.carry_out`.
        """
        running = self._running[instance.uuid] = Running(instance.uuid, work, action)
        self._record(context, plan, running)
        return self._pursuit.carry_out(plan, running)

    def forget(self, instance: Instance) -> None:
        """Forget what `pursue` did, now that Nova knows."""
        self._journal.end(instance.uuid)
        self._running.pop(instance.uuid, None)

    def know(self, server: str) -> bool:
        """Tell whether there is a record of work on a server (its UUID), or some has begun."""
        return server in self._running or bool(self._journal.read(server))

    def record(self, context: RequestContext, instance: Instance, plan: Plan, work: Work) -> None:
        """Record work that nobody does, for `resume`."""
        self._record(context, plan, Running(instance.uuid, work))

    def refuse(self, context: RequestContext, instance: Instance, work: Work, error: Exception) -> None:
        """Fail work that was not begun, and give the server back."""
        action = Action(context, instance, work.noun, work.task_state)
        _take_back(context, instance, work)
        action.fail(_reason(error), error)

    def resume(self, server: str) -> None:
        """Go on with what the record of a server says, unless somebody does. Returns at once."""
        record = self._journal.read(server)
        if record and server not in self._running:
            running = Running(server, self.works[record["noun"]])
            self._spawn(running, lambda: self._resume(running))

    def _spawn(self, running: Running, perform: Callable[[], None]) -> None:
        self._running[running.server] = running

        def run() -> None:
            # Nova holds this lock while it changes the server itself.
            with self._slots, lockutils.lock(running.server):
                perform()

        name = f"polyvisor-{running.server}"
        threading.Thread(target=self._see_through, args=(running, run), name=name, daemon=True).start()

    def _see_through(self, running: Running, perform: Callable[[], None]) -> None:
        try:
            perform()
        except Stopped:
            LOG.info("Work on server %s is left to the next nova-compute", running.server)
        except Exception:
            LOG.exception("Work on server %s will be taken up again", running.server)
        finally:
            if self._running.get(running.server) is running:
                del self._running[running.server]

    def _perform(
        self, context: RequestContext, instance: Instance, request: dict[str, Any], running: Running
    ) -> None:
        work = running.work
        action = running.action = Action(context, instance, work.noun, work.task_state)
        if not action.is_wanted():
            LOG.warning("A %s that nobody waits for is not begun", work.noun, instance=instance)
            return
        try:
            plan = work.plan(context, instance, request)
            self._record(context, plan, running)
        except Exception as error:  # noqa: BLE001 - whatever it is, the server must be given back
            _take_back(context, instance, work)
            action.fail(_reason(error), error)
            return
        self._complete(context, instance, plan, running, lambda: self._pursuit.carry_out(plan, running))

    def _carry_on(
        self, context: RequestContext, instance: Instance, prepared: Plan, running: Running
    ) -> None:
        work = running.work
        task_state = work.nova_task_state or work.task_state
        running.action = Action(context, instance, work.noun, task_state)
        try:
            self._record(context, prepared, running)
            instance.refresh()
            if instance.task_state != task_state:
                # The message lay on the bus while nova-compute was started again.
                raise errors.NeverBegun  # noqa: TRY301
            plan = work.plan(context, instance, prepared.details)
            self._record(context, plan, running)
        except Exception as error:  # noqa: BLE001 - whatever it is, Nova must take back what it has prepared
            self._fail(context, instance, prepared, running, error)
            return
        self._complete(context, instance, plan, running, lambda: self._pursuit.carry_out(plan, running))

    def _record(self, context: RequestContext, plan: Plan, running: Running) -> None:
        known = tasks.recent_tasks(self._session, plan.vm) if plan.before is None else plan.before
        running.before = frozenset(known)
        self._journal.begin(
            running.server,
            noun=running.work.noun,
            plan=asdict(plan),
            before=sorted(running.before),
            request_id=context.request_id,
            user_id=context.user_id,
            project_id=context.project_id,
        )

    def _complete(
        self,
        context: RequestContext,
        instance: Instance,
        plan: Plan,
        running: Running,
        outcome: Callable[[], Any],
    ) -> None:
        """Wait for the outcome, tell Nova, and only then forget the record."""
        try:
            result = outcome()
            details = self._pursuit.insist(lambda: running.work.finish(context, instance, plan, result))
        except Unfinished:
            raise
        except Exception as error:  # noqa: BLE001 - as above
            self._fail(context, instance, plan, running, error)
        else:
            if running.action:
                running.action.succeed(details)
            self._journal.end(running.server)

    def _fail(
        self, context: RequestContext, instance: Instance, plan: Plan, running: Running, error: Exception
    ) -> None:
        self._settle(context, instance, plan, running, error)
        _take_back(context, instance, running.work)
        if running.action:
            running.action.fail(f"{plan.summary}: {_reason(error)}", error)
        self._journal.end(running.server)

    def _settle(
        self, context: RequestContext, instance: Instance, plan: Plan, running: Running, error: Exception
    ) -> None:
        try:
            self._pursuit.insist(lambda: running.work.settle(context, instance, plan, error))
        except Unfinished:
            raise
        except Exception:
            LOG.exception("What failed has left its traces: %s", plan.summary, instance=instance)

    def _resume(self, running: Running) -> None:
        record = self._journal.read(running.server)
        if not record:
            return  # It ended while this thread waited for the lock.
        context = RequestContext(
            record["user_id"], record["project_id"], request_id=record["request_id"], is_admin=True
        )
        plan = Plan(**record["plan"])
        running.before = frozenset(record["before"])
        try:
            instance = Instance.get_by_uuid(context, running.server, expected_attrs=_ATTRIBUTES)
        except exception.InstanceNotFound:
            # What the task still makes is removed by others, who wait for the end of this record.
            LOG.warning("The server of %s is deleted", self._journal.path(running.server))
            with contextlib.suppress(faults.VSphereError, errors.OperationLost, errors.NeverBegun):
                self._pursuit.resume(record.get("task"), plan, running)
            self._journal.end(running.server)
            return
        running.action = Action(context, instance, running.work.noun, running.work.task_state)
        LOG.info("Taking up again: %s", plan.summary, instance=instance)
        task = record.get("task")
        self._complete(context, instance, plan, running, lambda: self._pursuit.resume(task, plan, running))


def _take_back(context: RequestContext, instance: Instance, work: Work) -> None:
    try:
        work.take_back(context, instance)
    except Exception:
        # That the server is given back counts more.
        LOG.exception("What the API has noted of a %s stays", work.noun, instance=instance)


def _reason(error: Exception) -> str:
    return str(error) or type(error).__name__
