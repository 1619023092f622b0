"""Relocation: the VM of a server moves to another host or datastore of its cluster."""

from dataclasses import asdict
from typing import Any

import oslo_messaging as messaging
from nova import objects
from nova.context import RequestContext
from nova.objects.instance import Instance
from oslo_log import log as logging
from oslo_serialization import jsonutils

from polyvisor.nova import task_states
from polyvisor.nova.compute import candidates
from polyvisor.nova.compute.cluster import Cluster
from polyvisor.nova.compute.endpoint import answers
from polyvisor.nova.compute.operation import Operations
from polyvisor.nova.compute.volume import VMwareVolumeOps
from polyvisor.nova.compute.work import Plan, Work
from polyvisor.vsphere import faults, relocation
from polyvisor.vsphere.machine import Machine
from polyvisor.vsphere.refusal import PlacementRefused
from polyvisor.vsphere.relocation import Move
from polyvisor.vsphere.relocation_rules import Ground, Request, decide

LOG = logging.getLogger(__name__)

LIVE_MIGRATION = "live_migration"
"""The noun of a relocation that is part of Nova's live migration."""


class Relocation(Work):
    """The work: `RelocateVM_Task`. What is asked for is a `Move` that `check_relocation` has let through."""

    noun = "relocation"
    task_state = task_states.RELOCATING

    def __init__(self, cluster: Cluster, volumeops: VMwareVolumeOps) -> None:
        """Move VMs of this cluster, and have the backings of their volumes follow."""
        self._cluster = cluster
        self._volumeops = volumeops

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
        self.follow(context, instance, move)
        if move.host is not None or move.pool is None:
            return plan.summary
        host = self._cluster.placement(instance.uuid).host
        return f"{plan.summary}: {host.name if host else 'unknown'}"

    def follow(self, context: RequestContext, instance: Instance, move: Move) -> None:
        """Let Cinder's backings refer to the disks of volumes that were moved. May be done again.

        What vCenter refuses is left to Nova, which does the same when it detaches.

        :raises VSphereError: vCenter is away.
        """
        if not move.volumes:
            return
        keys = {volume: int(key) for key, volume in move.volumes.items()}
        for mapping in objects.BlockDeviceMappingList.get_by_instance_uuid(context, instance.uuid):
            if (key := keys.get(mapping.volume_id)) is not None:
                connection = jsonutils.loads(mapping.connection_info)
                try:
                    self._volumeops.give_disk(connection, move.vm, key, discard=False)
                except (faults.Unavailable, faults.AuthenticationFailed):
                    raise
                except faults.VSphereError as error:
                    LOG.warning("Volume %s: %s", mapping.volume_id, error, instance=instance)


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
