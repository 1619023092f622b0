"""The end of a build during which nova-compute was killed."""

from nova.compute import vm_states
from nova.objects.instance import Instance
from oslo_service import loopingcall


def wait_for_nova(instance: Instance) -> None:
    """Wait until Nova's start has seen the build as failed: what is written before, it would overwrite."""

    def look() -> None:
        instance.refresh()
        if instance.vm_state == vm_states.ERROR and instance.task_state is None:
            raise loopingcall.LoopingCallDone

    loopingcall.FixedIntervalWithTimeoutLoopingCall(look).start(interval=1, timeout=600).wait()
