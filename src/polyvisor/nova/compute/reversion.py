"""Reversion: the VM of a server goes back to one of its snapshots, and stays the server that Nova knows."""

from dataclasses import asdict
from typing import Any

from nova.compute import power_state, vm_states
from nova.context import RequestContext
from nova.objects.instance import Instance

from polyvisor.nova import errors, task_states
from polyvisor.nova.compute import keeping
from polyvisor.nova.compute.snapshot import SnapshotWork
from polyvisor.nova.compute.work import Plan
from polyvisor.vsphere.configuration import Config, read_configuration
from polyvisor.vsphere.reversion import obstacles, put_right
from polyvisor.vsphere.snapshot import start_revert

_STATES = {
    "poweredOn": (vm_states.ACTIVE, power_state.RUNNING),
    "poweredOff": (vm_states.STOPPED, power_state.SHUTDOWN),
    "suspended": (vm_states.SUSPENDED, power_state.SUSPENDED),
}
_REPAIR_SECONDS = 300.0


class Reversion(SnapshotWork):
    """`RevertToSnapshot_Task`. The request has `snapshot` and `force`.

    The plan keeps the VM's configuration: after the revert, vCenter no longer knows it.
    """

    noun = "snapshot_reversion"
    task_state = task_states.REVERTING

    def plan(self, context: RequestContext, instance: Instance, request: dict[str, Any]) -> Plan:  # noqa: ARG002
        """Refuse a revert after which the server would not be what Nova, Neutron and Cinder take it for."""
        found = self.read(instance, request)
        one = self.find(found, instance, request["snapshot"])
        read = read_configuration(self.session, found.vm, one.moref)
        against = obstacles(read.now, read.then[one.moref], live=one.state != "poweredOff")
        if [each for each in against if not (request["force"] and each.forcible)]:
            raise errors.SnapshotRefused(
                reason=f"Server {instance.uuid} cannot be reverted to snapshot {one.id}: "
                + " ".join(each.reason for each in against)
            )
        wished = keeping.read(instance)
        stays = wished is not None and wished.host is not None and read.power_state == "poweredOn"
        details = {
            "snapshot": one.moref,
            "current": one.current,
            "host": read.host if stays else None,
            "wanted": asdict(read.now),
            "forced": [each.reason for each in against],
        }
        return Plan(found.vm, f"revert to snapshot {one.name!r} ({one.id})", details, found.tasks)

    def start(self, plan: Plan) -> Any:
        """Revert, on the host that the owner wished for, if the VM is there now."""
        return start_revert(self.session, plan.details["snapshot"], host=plan.details["host"])

    def is_done(self, plan: Plan) -> bool:
        """Look which snapshot the VM goes on from.

        If that was this one before, nobody can say: it is called not done, and who the VM is is put right.
        """
        self._put_right(plan)
        current = next((each.moref for each in self.now(plan).snapshots if each.current), None)
        return bool(current == plan.details["snapshot"] and not plan.details["current"])

    def finish(self, context: RequestContext, instance: Instance, plan: Plan, result: Any) -> str:  # noqa: ARG002
        """Put right what the snapshot had otherwise, and tell Nova the power state before its sync looks."""
        state = self._put_right(plan)
        _tell(instance, state)
        return " ".join([f"{plan.summary}: {state}.", *plan.details["forced"]])

    def settle(
        self,
        context: RequestContext,  # noqa: ARG002
        instance: Instance,
        plan: Plan,
        error: Exception,  # noqa: ARG002
    ) -> None:
        """Do the same where vCenter gave up half way, for example because the VM could not be powered on."""
        _tell(instance, self._put_right(plan))

    def _put_right(self, plan: Plan) -> str:
        wanted = Config.revive(plan.details["wanted"])
        return put_right(self.session, plan.vm, wanted, timeout=_REPAIR_SECONDS).power_state


def _tell(instance: Instance, state: str) -> None:
    instance.vm_state, instance.power_state = _STATES[state]
    instance.save()
