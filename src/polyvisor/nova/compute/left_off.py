"""A build that ends with the VM powered off.

Nova takes it that a server which was just built runs, and shows it as ACTIVE until its next look at the power
states, minutes later. It is told of the VM's state as it is told of any that stops by itself.
"""

from collections.abc import Callable

from nova import context as nova_context
from nova import exception
from nova.compute import power_state, vm_states
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
    _when_built(
        server,
        lambda _instance: driver.emit_event(event.LifecycleEvent(server, event.EVENT_LIFECYCLE_STOPPED)),
    )


def write_down(server: str) -> None:
    """Let Nova show a server (a UUID) as stopped, as soon as it has ended its build. Returns at once.

    Nova does not stop it, as it would if it were told: somebody may have powered the VM on by then.
    """
    _when_built(server, _stop)


def _stop(instance: Instance) -> None:
    instance.vm_state, instance.power_state = vm_states.STOPPED, power_state.SHUTDOWN
    instance.save(expected_task_state=[None], expected_vm_state=[vm_states.ACTIVE])


def notice_start(instance: Instance) -> None:
    """Let Nova show a stopped server as running, if nothing is under way with it."""
    if instance.task_state is not None:
        return
    LOG.info("The VM was started in vCenter", instance=instance)
    instance.vm_state, instance.power_state = vm_states.ACTIVE, power_state.RUNNING
    try:
        instance.save(expected_task_state=[None], expected_vm_state=[vm_states.STOPPED])
    except exception.InstanceUpdateConflict:
        LOG.debug("Something has been begun with the server meanwhile", instance=instance)


def _when_built(server: str, act: Callable[[Instance], None]) -> None:
    def look() -> None:
        instance = _look_up(server)
        if instance.vm_state != vm_states.BUILDING and instance.task_state is None:
            act(instance)
            raise loopingcall.LoopingCallDone

    loopingcall.FixedIntervalWithTimeoutLoopingCall(look).start(
        interval=_INTERVAL, timeout=_PATIENCE, stop_on_exception=False
    )


def _look_up(server: str) -> Instance:
    try:
        return Instance.get_by_uuid(nova_context.get_admin_context(), server, expected_attrs=[])
    except exception.InstanceNotFound:
        LOG.debug("Server %s is deleted meanwhile", server)
        raise loopingcall.LoopingCallDone from None
