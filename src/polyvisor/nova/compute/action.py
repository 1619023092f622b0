"""How long work on a server shows in Nova: its progress, the instance action with its event, the fault."""

import time
import traceback
from datetime import datetime

import nova.conf
from nova import exception
from nova.compute import utils as compute_utils
from nova.context import RequestContext
from nova.objects.instance import Instance
from nova.objects.instance_action import InstanceAction, InstanceActionEvent
from oslo_log import log as logging
from oslo_utils import timeutils

from polyvisor.nova import told

LOG = logging.getLogger(__name__)
CONF = nova.conf.CONF

PROGRESS_SECONDS = 2.0
"""Progress is written no oftener than that: each time costs a message to the conductor and a transaction."""


class Action:
    """One instance action, from the moment at which nova-compute takes it up."""

    def __init__(self, context: RequestContext, instance: Instance, noun: str, task_state: str) -> None:
        """Report on the action of `context.request_id`, as event ``polyvisor_<noun>``."""
        self._context = context
        self._instance = instance
        self._event = f"polyvisor_{noun}"
        self._task_state = task_state
        self._began: datetime = timeutils.utcnow()
        self._written = 0.0

    def is_wanted(self) -> bool:
        """Tell whether the API still waits for it.

        A message that lay on the bus while nova-compute was down may come after its action has failed, and
        another one of the same kind has begun.
        """
        try:
            self._instance.refresh()
        except exception.InstanceNotFound:
            return False
        action = InstanceAction.get_by_request_id(
            self._context, self._instance.uuid, self._context.request_id
        )
        return bool(self._instance.task_state == self._task_state and action and not action.message)

    def progress(self, percent: int) -> None:
        """Show how far it is, 0 to 100."""
        now = time.monotonic()
        if now - self._written < PROGRESS_SECONDS:
            return
        self._written = now
        try:
            self._instance.progress = percent
            self._instance.save()
        except exception.InstanceNotFound:
            LOG.debug("The server is deleted meanwhile", instance=self._instance)

    def succeed(self, details: str) -> None:
        """End it well; `details` are for those who see event details, by default administrators."""
        self.report(details)
        self._end(progress=100)

    def fail(self, details: str, error: Exception) -> None:
        """End it badly. Users see why it failed (`polyvisor.nova.told`), administrators also the details."""
        self.report(details, error)
        self._end(progress=0)

    def report(self, details: str, error: Exception | None = None) -> None:
        """Write the event, and the fault if there is an error, and leave it to others to end the action."""
        if error:
            details = told.write(details, error)
            LOG.error("%s: %s", self._event, details, instance=self._instance, exc_info=error)
        else:
            LOG.info("%s: %s", self._event, details, instance=self._instance)
        event = InstanceActionEvent(
            self._context,
            event=self._event,
            start_time=self._began,
            finish_time=timeutils.utcnow(),
            result="Error" if error else "Success",
            host=CONF.host,
            details=_storable(details),
        )
        try:
            event.create(self._instance.uuid, self._context.request_id)
            if error:
                trace = "".join(traceback.format_tb(error.__traceback__)) or "none"
                # Only this marks the action itself as failed.
                InstanceActionEvent.event_finish_with_failure(
                    self._context,
                    self._instance.uuid,
                    self._event,
                    exc_val=_storable(details),
                    exc_tb=trace,
                    want_result=False,
                )
                compute_utils.add_instance_fault_from_exc(
                    self._context, self._instance, error, fault_message=_storable(told.reason(error))
                )
            InstanceAction.action_finish(self._context, self._instance.uuid, want_result=False)
        except (exception.InstanceActionNotFound, exception.InstanceNotFound):
            LOG.debug("The server or its action is gone", instance=self._instance)
        except Exception:
            # What became of the server counts more than that it is written down.
            LOG.exception("The action could not be brought up to date", instance=self._instance)

    def _end(self, *, progress: int) -> None:
        try:
            self._instance.refresh()
            if self._instance.task_state == self._task_state:
                self._instance.task_state = None
                self._instance.progress = progress
                self._instance.save(expected_task_state=[self._task_state])
        except (exception.InstanceNotFound, exception.UnexpectedTaskStateError):
            LOG.debug("The server is deleted, or others have taken it", instance=self._instance)


def _storable(text: str) -> str:
    """Escape what Nova's tables on MySQL, in utf8mb3, cannot hold: emoji in the name of a snapshot, say."""
    return "".join(char if char <= "\uffff" else f"\\U{ord(char):08x}" for char in text)
