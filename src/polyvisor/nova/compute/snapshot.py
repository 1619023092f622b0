"""Snapshots: the VM of a server is remembered as it is, and brought back to that."""

from dataclasses import asdict
from typing import Any

from nova.context import RequestContext
from nova.objects.instance import Instance

from polyvisor.nova import dependants, errors, task_states
from polyvisor.nova.compute.cluster import Cluster
from polyvisor.nova.compute.work import Plan, Work
from polyvisor.vsphere import faults
from polyvisor.vsphere import snapshot as snapshots
from polyvisor.vsphere.snapshot import NewSnapshot, Snapshot, Snapshots


class SnapshotWork(Work):
    """What the four kinds of work have in common.

    A request may have `vm`, the moref that an earlier plan has found: it saves a search.
    """

    def __init__(self, cluster: Cluster) -> None:
        """Work on VMs of this cluster."""
        self.cluster = cluster
        self.session = cluster.session

    def read(self, instance: Instance, request: dict[str, Any]) -> Snapshots:
        """Read the snapshots of the server's VM, and of no other.

        :raises errors.VirtualMachineNotFound: it has none.
        """
        if vm := request.get("vm"):
            found = snapshots.read_snapshots(self.session, vm)
            if found.instance_uuid == instance.uuid:
                return found
        return self.cluster.snapshots(instance.uuid)

    def find(self, found: Snapshots, instance: Instance, snapshot: str) -> Snapshot:
        """Find one of them by its id.

        :raises errors.SnapshotNotFound: it is not one of them, or not any more.
        """
        try:
            return found.find(snapshot)
        except faults.NotFound as error:
            raise errors.SnapshotNotFound(snapshot=snapshot, instance=instance.uuid) from error

    def now(self, plan: Plan) -> Snapshots:
        """Read them again, when the VM may have another identity for a moment."""
        return snapshots.read_snapshots(self.session, plan.vm)


class Creation(SnapshotWork):
    """`CreateSnapshot_Task`. The request is `asdict(NewSnapshot)`; the plan knows those that are there."""

    noun = "snapshot_creation"
    task_state = task_states.SNAPSHOTTING

    def plan(self, context: RequestContext, instance: Instance, request: dict[str, Any]) -> Plan:  # noqa: ARG002
        """Refuse what vCenter would refuse later, or do otherwise than asked."""
        new = NewSnapshot(**{key: value for key, value in request.items() if key != "vm"})
        found = self.read(instance, request)
        if found.depth >= snapshots.DEEPEST:
            raise errors.SnapshotRefused(
                reason=f"{found.depth} snapshots of server {instance.uuid} follow one upon the other, and "
                "vCenter takes no more. Delete one of them, or revert to an earlier one."
            )
        if new.quiesce and found.power_state == "poweredOn" and not found.tools_running:
            raise errors.SnapshotRefused(
                reason=f"The guest of server {instance.uuid} cannot be quiesced: no VMware Tools run in it. "
                "Start them, or take the snapshot without quiesce."
            )
        known = [each.moref for each in found.snapshots]
        return Plan(found.vm, f"snapshot {new.name!r}", {"new": asdict(new), "known": known}, found.tasks)

    def start(self, plan: Plan) -> Any:
        """Take it."""
        return snapshots.start_create(self.session, plan.vm, NewSnapshot(**plan.details["new"]))

    def is_done(self, plan: Plan) -> bool:
        """Look for one that was not there."""
        return self._made(plan) is not None

    def finish(self, context: RequestContext, instance: Instance, plan: Plan, result: Any) -> str:  # noqa: ARG002
        """Say which it is."""
        made = self._made(plan)
        return f"{plan.summary}: {made.id if made else 'removed again meanwhile'}"

    def _made(self, plan: Plan) -> Snapshot | None:
        new, known = NewSnapshot(**plan.details["new"]), plan.details["known"]
        return next(
            (
                each
                for each in self.now(plan).snapshots
                if each.moref not in known and (each.name, each.description) == (new.name, new.description)
            ),
            None,
        )


class Removal(SnapshotWork):
    """`RemoveSnapshot_Task`. The request has `snapshot`, `children`, and `family` once that is known."""

    noun = "snapshot_removal"
    task_state = task_states.REMOVING_SNAPSHOT

    def plan(self, context: RequestContext, instance: Instance, request: dict[str, Any]) -> Plan:
        """Find the snapshot, and with its children just those that were there when the user asked."""
        found = self.read(instance, request)
        one = self.find(found, instance, request["snapshot"])
        family = sorted(found.below(one.id)) if request["children"] else [one.id]
        _require_same(request.get("family", family), family)
        if clones := dependants.find(context, instance, family):
            raise errors.SnapshotRefused(reason=dependants.reason(f"snapshot {one.id}", clones) + ".")
        what = f"delete snapshot {one.name!r} ({one.id})"
        summary = f"{what} and {len(family) - 1} below it" if request["children"] else what
        details = {"snapshot": one.moref, "children": request["children"], "family": family}
        return Plan(found.vm, summary, details, found.tasks)

    def start(self, plan: Plan) -> Any:
        """Remove it; with its children, if they still are those that the user knew."""
        if plan.details["children"]:
            found = self.now(plan)
            one = next((each for each in found.snapshots if each.moref == plan.details["snapshot"]), None)
            _require_same(plan.details["family"], sorted(found.below(one.id)) if one else [])
        return snapshots.start_remove(
            self.session, plan.details["snapshot"], children=plan.details["children"]
        )

    def is_done(self, plan: Plan) -> bool:
        """Look whether they are gone."""
        return not any(each.id in plan.details["family"] for each in self.now(plan).snapshots)

    def finish(self, context: RequestContext, instance: Instance, plan: Plan, result: Any) -> str:  # noqa: ARG002
        """There is nothing left to do."""
        return plan.summary


def _require_same(known: list[str], found: list[str]) -> None:
    if known != found:
        raise errors.SnapshotRefused(
            reason="The snapshots below this one are others than when their deletion was asked for. "
            "List them, and ask again."
        )


class Consolidation(SnapshotWork):
    """`ConsolidateVMDisks_Task`."""

    noun = "consolidation"
    task_state = task_states.CONSOLIDATING

    def plan(self, context: RequestContext, instance: Instance, request: dict[str, Any]) -> Plan:  # noqa: ARG002
        """Find the VM."""
        found = self.read(instance, request)
        return Plan(found.vm, "consolidate the disks", before=found.tasks)

    def start(self, plan: Plan) -> Any:
        """Merge."""
        return snapshots.start_consolidate(self.session, plan.vm)

    def is_done(self, plan: Plan) -> bool:
        """Ask vCenter whether it is needed still."""
        return not self.now(plan).consolidation_needed

    def finish(self, context: RequestContext, instance: Instance, plan: Plan, result: Any) -> str:  # noqa: ARG002
        """There is nothing left to do."""
        return plan.summary
