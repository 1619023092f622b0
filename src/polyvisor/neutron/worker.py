"""Runs the reconcilers of a driver inside `neutron-periodic-workers`."""

import threading
from collections.abc import Callable, Sequence

from neutron_lib import worker
from oslo_log import log

from polyvisor.neutron.reconcile import Reconciler
from polyvisor.vsphere.faults import VSphereError

LOG = log.getLogger(__name__)


class ReconcileWorker(worker.BaseWorker):
    """A process of its own with a thread for each vCenter, so that a dead one holds up no other."""

    def __init__(self, make: Callable[[], Sequence[Reconciler]], *, poll: float, name: str) -> None:
        """Keep what is needed after the fork.

        Args:
            make: gives the reconcilers; called in the worker's own process.
            poll: seconds between two looks for work.
        """
        super().__init__(worker_process_count=1, desc=f"{name} reconciler")
        self._make = make
        self._poll = poll
        self._stopping: threading.Event | None = None
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        """Start the threads; the base class tells Neutron to give this process connections of its own."""
        super().start(desc=self.desc)
        self._stopping = threading.Event()
        self._threads = [
            threading.Thread(target=self._run, args=(reconciler, self._stopping), daemon=True)
            for reconciler in self._make()
        ]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Let each thread finish what it is doing."""
        if self._stopping:
            self._stopping.set()

    def wait(self) -> None:
        """Wait until the threads have ended."""
        for thread in self._threads:
            thread.join()

    @staticmethod
    def reset() -> None:
        """Options are read at the start only."""

    def _run(self, reconciler: Reconciler, stopping: threading.Event) -> None:
        while not stopping.wait(self._poll):
            try:
                reconciler.tick()
            except VSphereError as exc:
                LOG.warning("Not reconciled, trying again later: %s", exc)
            except Exception:  # the thread must outlive whatever happens, a restart of the database included
                LOG.exception("Not reconciled, trying again later")
        try:
            reconciler.release()
        except Exception:
            LOG.exception("The lease is free only when it has run out")
