"""A build that ends with the VM powered off.

Nova takes it that a server which was just built runs, and shows it as ACTIVE until its next look at the power
states, minutes later. It is told of the VM's state as it is told of any that stops by itself.
"""

from nova import context as nova_context
from nova import exception
from nova.compute import vm_states
from nova.objects.instance import Instance
from nova.virt import event
from nova.virt.driver import ComputeDriver
from oslo_log import log as logging
from oslo_service import loopingcall

LOG = logging.getLogger(__name__)

_INTERVAL = 0.5
_PATIENCE = 300.0
"""Seconds. Nova's own look at the power states comes later than this."""


def announce(driver: ComputeDriver, server: str) -> None:
    """Tell Nova, as soon as it has ended the build of a server (a UUID). Returns at once."""

    def look() -> None:
        if _is_built(server):
            driver.emit_event(event.LifecycleEvent(server, event.EVENT_LIFECYCLE_STOPPED))
            raise loopingcall.LoopingCallDone

    loopingcall.FixedIntervalWithTimeoutLoopingCall(look).start(
        interval=_INTERVAL, timeout=_PATIENCE, stop_on_exception=False
    )


def _is_built(server: str) -> bool:
    try:
        instance = Instance.get_by_uuid(nova_context.get_admin_context(), server, expected_attrs=[])
    except exception.InstanceNotFound:
        LOG.debug("Server %s is deleted meanwhile", server)
        raise loopingcall.LoopingCallDone from None
    return bool(instance.vm_state != vm_states.BUILDING and instance.task_state is None)
