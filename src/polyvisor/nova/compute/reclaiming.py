"""Goes back for what failed builds left in vCenter, as soon as that is possible and as long as it is safe.

Every minute, and when nova-compute starts, each record of the journal is held against what Nova knows of the
server. Only if nothing can bring the server to life again is anything removed. Everything else stays, and the
log says what, why, and how a person removes it.
"""

import threading
from enum import Enum

from nova import context as nova_context
from nova import exception
from nova.compute import vm_states
from nova.objects.instance import Instance
from oslo_concurrency import lockutils
from oslo_log import log as logging
from oslo_service import loopingcall
from oslo_vmware import exceptions as vexc

from polyvisor.nova.compute.journal import Journal
from polyvisor.nova.compute.operation import Operations
from polyvisor.nova.compute.vmops import VMwareVMOps

LOG = logging.getLogger(__name__)

INTERVAL = 60.0
"""Seconds between two rounds. Without records a round is one look into a folder."""


class Verdict(Enum):
    """What is to be done about the record of a build."""

    REMOVE = "the server is deleted, or its build failed for good"
    WAIT = "Nova has the server on this host, or has work with it"
    ELSEWHERE = "the server lives on another host, and may own what would be removed"
    LAUNCHED = "the server has run, and can be brought back"
    UNKNOWN = "Nova does not know the server; it was purged from the database, or this is another cloud's"


def judge(server: Instance | None, host: str) -> Verdict:
    """Judge by what Nova knows of a server (None: nothing) whether this compute service may remove its VM.

    Nova's API lets nothing but deletion happen to a server that was never launched, has no host and is in
    error.
    """
    if server is None:
        return Verdict.UNKNOWN
    if server.deleted:
        return Verdict.REMOVE
    if server.host and server.host != host:
        return Verdict.ELSEWHERE
    if server.launched_at and not server.host:
        return Verdict.LAUNCHED
    failed_for_good = not server.host and server.vm_state == vm_states.ERROR and not server.task_state
    return Verdict.REMOVE if failed_for_good else Verdict.WAIT


class Reclaimer:
    """Works the journal off, in a thread of its own: neither a dead vCenter nor long work holds up Nova."""

    def __init__(self, ops: VMwareVMOps, journal: Journal, operations: Operations, host: str) -> None:
        """Work for the compute service `host`.

        :param operations: while they know a server, its VM may still be in the making.
        """
        self._ops = ops
        self._journal = journal
        self._operations = operations
        self._host = host
        self._said: dict[str, str] = {}
        self._stopped = threading.Event()
        self._loop = loopingcall.FixedIntervalLoopingCall(self.work_off)

    def start(self) -> None:
        """Begin at once, and go on until `stop`."""
        self._loop.start(interval=INTERVAL, stop_on_exception=False)

    def stop(self) -> None:
        """Begin with no further record."""
        self._stopped.set()
        self._loop.stop()

    def work_off(self) -> None:
        """Look at each record once."""
        for server in self._journal.servers():
            if self._stopped.is_set():
                return
            try:
                self._take_up(server)
            except lockutils.AcquireLockFailedException:
                LOG.debug("Server %s is being built or deleted", server)
            except vexc.VimConnectionException as error:
                # The next record would wait for the same time limit.
                self._say(server, f"vCenter cannot be asked: {error}")
                return
            except Exception as error:  # noqa: BLE001 - a record that fails must not keep the others
                self._say(server, str(error) or type(error).__name__)

    def _take_up(self, uuid: str) -> None:
        # Nova holds this lock while it builds or deletes the server.
        with lockutils.lock(uuid, blocking=False):
            if self._operations.know(uuid):
                return
            server = _look_up(uuid)
            verdict = judge(server, self._host)
            if server is not None and verdict is Verdict.REMOVE:
                self._ops.reclaim(server)
                self._said.pop(uuid, None)
            elif verdict is not Verdict.WAIT:
                self._say(uuid, verdict.value)

    def _say(self, server: str, reason: str) -> None:
        """Say it once, not once a minute."""
        if self._said.get(server) == reason:
            return
        self._said[server] = reason
        LOG.warning(
            "A build of server %(server)s that failed may have left a VM of this UUID in the cluster of "
            "compute service %(host)s, and folders %(server)s, OSTACK_IMG_%(server)s and "
            "vmware_temp/%(server)s on its datastores. They are not removed now: %(reason)s. This is tried "
            "again every minute. If no server needs them, remove them in vCenter, and then the record "
            "%(record)s",
            {
                "server": server,
                "host": self._host,
                "reason": reason,
                "record": self._journal.path(server),
            },
        )


def _look_up(uuid: str) -> Instance | None:
    context = nova_context.get_admin_context(read_deleted="yes")
    try:
        return Instance.get_by_uuid(context, uuid, expected_attrs=[])
    except exception.InstanceNotFound:
        return None
