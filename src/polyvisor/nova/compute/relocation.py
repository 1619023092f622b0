"""Relocation: the VM of a server moves to another host or datastore of its cluster."""

from dataclasses import asdict
from typing import Any

import oslo_messaging as messaging
from nova.context import RequestContext
from nova.objects.instance import Instance

from polyvisor.nova import task_states
from polyvisor.nova.compute import candidates
from polyvisor.nova.compute.cluster import Cluster
from polyvisor.nova.compute.endpoint import answers
from polyvisor.nova.compute.operation import Operations
from polyvisor.nova.compute.work import Plan, Work
from polyvisor.vsphere import relocation
from polyvisor.vsphere.machine import Machine
from polyvisor.vsphere.refusal import PlacementRefused
from polyvisor.vsphere.relocation import Move
from polyvisor.vsphere.relocation_rules import Ground, Request, decide

LIVE_MIGRATION = "live_migration"
"""The noun of a relocation that is part of Nova's live migration."""


class Relocation(Work):
    """The work: `RelocateVM_Task`. What is asked for is a `Move` that `check_relocation` has let through."""

    noun = "relocation"
    task_state = task_states.RELOCATING

    def __init__(self, cluster: Cluster) -> None:
        """Move VMs of this cluster."""
        self._cluster = cluster

    def plan(self, context: RequestContext, instance: Instance, request: dict[str, Any]) -> Plan:  # noqa: ARG002
        """Take it."""
        return plan_of(Move(**request))

    def move_of(self, plan: Plan) -> Move:
        """Read the move of a plan."""
        return Move(**plan.details)

    def start(self, plan: Plan) -> Any:
        """Start the move."""
        return relocation.start(self._cluster.session, self.move_of(plan))

    def is_done(self, plan: Plan) -> bool:
        """Look where the VM is."""
        return relocation.is_done(self._cluster.session, self.move_of(plan))

    def finish(self, context: RequestContext, instance: Instance, plan: Plan, result: Any) -> str:  # noqa: ARG002
        """Say where it went."""
        move = self.move_of(plan)
        if move.host is not None or move.pool is None:
            return plan.summary
        host = self._cluster.placement(instance.uuid).host
        return f"{plan.summary}: {host.name if host else 'unknown'}"


def plan_of(move: Move) -> Plan:
    """Make the plan of a move."""
    return Plan(vm=move.vm, summary=move.summary, details=asdict(move), before=list(move.tasks))


class RelocationEndpoint:
    """What nova-api can ask about relocations. See `polyvisor.nova.rpc`."""

    target = messaging.Target(version="1.1")

    def __init__(self, cluster: Cluster, operations: Operations) -> None:
        self._cluster = cluster
        self._operations = operations

    @answers
    def check_relocation(
        self,
        ctxt: RequestContext,  # noqa: ARG002 - RPC passes it
        instance: Instance,
        request: dict[str, Any],
    ) -> dict[str, Any]:
        """Say how the VM would be moved so, or why it cannot be."""
        machine, ground = self._read(instance)
        verdict: dict[str, Any] = {"ok": True, "code": None, "rank": 0, "reason": None, "move": None}
        try:
            verdict["move"] = asdict(decide(machine, Request(**request), ground))
        except PlacementRefused as refusal:
            verdict |= {"ok": False, "code": refusal.code, "rank": refusal.rank, "reason": str(refusal)}
        return self._cluster.identity() | verdict

    @answers
    def list_candidates(
        self,
        ctxt: RequestContext,  # noqa: ARG002
        instance: Instance,
        request: dict[str, Any],
    ) -> dict[str, Any]:
        """Say of each host and datastore whether the VM can be moved there."""
        machine, ground = self._read(instance)
        with self._cluster.asking():
            return self._cluster.identity() | candidates.judge(
                self._cluster.session, machine, Request(**request), ground
            )

    def _read(self, instance: Instance) -> tuple[Machine, Ground]:
        machine = self._cluster.machine(instance.uuid)
        return machine, self._cluster.ground(machine, here=instance.node == self._cluster.node)

    def relocate(self, ctxt: RequestContext, instance: Instance, move: dict[str, Any]) -> None:
        """Move the VM."""
        self._operations.begin(ctxt, instance, Relocation.noun, move)

    @answers
    def abort_relocation(self, ctxt: RequestContext, instance: Instance) -> None:  # noqa: ARG002
        """Cancel the move."""
        self._operations.abort(instance, Relocation.noun, LIVE_MIGRATION)
