"""Relocation: the VM of a server moves to another host or datastore of its cluster."""

from dataclasses import asdict
from typing import Any

import oslo_messaging as messaging
from nova.context import RequestContext
from nova.objects.instance import Instance

from polyvisor.nova import task_states
from polyvisor.nova.compute.cluster import Cluster
from polyvisor.nova.compute.endpoint import answers
from polyvisor.nova.compute.operation import Operations
from polyvisor.nova.compute.work import Plan, Work
from polyvisor.vsphere import relocation
from polyvisor.vsphere.refusal import PlacementRefused
from polyvisor.vsphere.relocation import Move, Request


class Relocation(Work):
    """The work: `RelocateVM_Task`."""

    noun = "relocation"
    task_state = task_states.RELOCATING

    def __init__(self, cluster: Cluster) -> None:
        """Move VMs of this cluster."""
        self._cluster = cluster

    def decide(self, server: str, request: dict[str, Any]) -> Move:
        """Apply the rules to what vCenter says now.

        :raises PlacementRefused: the VM cannot be moved so.
        """
        machine = self._cluster.machine(server)
        datastores = self._cluster.all_datastores()
        usable = [store for store in datastores if self._cluster.is_usable(store)]
        return relocation.decide(machine, Request(**request), self._cluster.hosts(), datastores, usable)

    def plan(self, context: RequestContext, instance: Instance, request: dict[str, Any]) -> Plan:  # noqa: ARG002
        """Decide."""
        move = self.decide(instance.uuid, request)
        return Plan(vm=move.vm, summary=move.summary, details=asdict(move))

    def start(self, plan: Plan) -> Any:
        """Start the move."""
        return relocation.start(self._cluster.session, Move(**plan.details))

    def is_done(self, plan: Plan) -> bool:
        """Look where the VM is."""
        return relocation.is_done(self._cluster.session, Move(**plan.details))

    def finish(self, context: RequestContext, instance: Instance, plan: Plan, result: Any) -> str:  # noqa: ARG002
        """Say where it went."""
        if Move(**plan.details).pool is None:
            return plan.summary
        host = self._cluster.placement(instance.uuid).host
        return f"{plan.summary}: {host.name if host else 'unknown'}"


class RelocationEndpoint:
    """What nova-api can ask about relocations. See `polyvisor.nova.rpc`."""

    target = messaging.Target(version="1.1")

    def __init__(self, cluster: Cluster, work: Relocation, operations: Operations) -> None:
        self._cluster = cluster
        self._work = work
        self._operations = operations

    @answers
    def check_relocation(
        self,
        ctxt: RequestContext,  # noqa: ARG002 - RPC passes it
        instance: Instance,
        request: dict[str, Any],
    ) -> dict[str, Any]:
        """Say whether the VM can be moved so, and if not, why."""
        verdict: dict[str, Any] = {"ok": True, "code": None, "rank": 0, "reason": None}
        try:
            self._work.decide(instance.uuid, request)
        except PlacementRefused as refusal:
            verdict = {"ok": False, "code": refusal.code, "rank": refusal.rank, "reason": str(refusal)}
        return self._cluster.identity() | verdict

    def relocate(self, ctxt: RequestContext, instance: Instance, request: dict[str, Any]) -> None:
        """Move the VM."""
        self._operations.begin(ctxt, instance, self._work.noun, request)

    @answers
    def abort_relocation(self, ctxt: RequestContext, instance: Instance) -> None:  # noqa: ARG002
        """Cancel the move."""
        self._operations.abort(instance, self._work.noun)
