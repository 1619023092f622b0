"""What a nova-compute that was stopped or killed has left, and what fails later: somebody takes it over."""

from typing import Final

from nova import exception
from nova.context import get_admin_context
from nova.objects.instance import Instance, InstanceList
from oslo_log import log as logging
from oslo_service import loopingcall

from polyvisor.nova import errors
from polyvisor.nova.compute.journal import Journal
from polyvisor.nova.compute.operation import Operations

LOG = logging.getLogger(__name__)

INTERVAL: Final = 60.0
"""Seconds between two looks for records that nobody works on."""


class Takeover:
    """Finds work that nobody does, by its records and by what Nova has."""

    def __init__(self, operations: Operations, journal: Journal) -> None:
        """Have them done by `operations`; the journal is theirs."""
        self._operations = operations
        self._journal = journal
        self._host = ""
        self._loop = loopingcall.FixedIntervalLoopingCall(self._look)

    def start(self, host: str) -> None:
        """Begin for compute service `host`, and look until `stop`. Called before new work can come."""
        self._host = host
        self._fail_lost()
        self._record_abandoned(starting=True)
        self._hold()
        self._loop.start(interval=INTERVAL, stop_on_exception=False)

    def stop(self) -> None:
        """Look no more."""
        self._loop.stop()

    def _fail_lost(self) -> None:
        """Give back the servers that the API has claimed for work of which there is no record."""
        admin = get_admin_context()
        works = {
            work.task_state: work for work in self._operations.works.values() if not work.nova_task_state
        }
        for instance in InstanceList.get_by_host(admin, self._host, expected_attrs=[]):
            work = works.get(instance.task_state)
            if work and not self._operations.know(instance.uuid):
                self._operations.refuse(admin, instance, work, errors.NeverBegun())

    def _record_abandoned(self, *, starting: bool) -> None:
        for work in self._operations.works.values():
            for context, instance, plan in work.abandoned(self._host, starting=starting):
                if not self._operations.know(instance.uuid):
                    self._operations.record(context, instance, plan, work)

    def _hold(self) -> None:
        """Keep Nova from giving back, as it starts, a server on which vCenter still works."""
        for server in self._journal.servers():
            work = self._operations.works[self._journal.read(server)["noun"]]
            if work.nova_task_state is None:
                continue
            try:
                instance = Instance.get_by_uuid(get_admin_context(), server)
                instance.task_state = work.task_state
                instance.save(expected_task_state=[work.nova_task_state, work.task_state])
            except (exception.InstanceNotFound, exception.UnexpectedTaskStateError) as error:
                LOG.warning("Server %s is no longer as it was left: %s", server, error)

    def _look(self) -> None:
        for server in self._journal.servers():
            self._operations.resume(server)
        self._record_abandoned(starting=False)
